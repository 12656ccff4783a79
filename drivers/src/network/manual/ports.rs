//! Which ports of the host an endpoint is published on.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use netkeep_model::{Claim, Endpoint, EndpointId, PortBinding, PortRange, Protocol};

use crate::{Error, ErrorKind, PlanView, Result, Want};

/// Ports are kept in blocks of so many, one record each.
const BLOCK: u16 = 256;

/// The bindings of one endpoint while they are settled.
struct Settling<'a> {
    view: &'a dyn PlanView,
    endpoint: &'a Endpoint,
    id: EndpointId,
    /// Any free port is one of these.
    free: PortRange,
    /// What this endpoint has got so far, which the view does not know.
    own: Vec<(Protocol, IpAddr, u16)>,
}

/// Settles the bindings that an endpoint wants: the claims, and the bindings as they are then, in the same order.
pub(super) fn settle(
    view: &dyn PlanView,
    id: EndpointId,
    endpoint: &Endpoint,
    free: PortRange,
) -> Result<(Vec<PortBinding>, Vec<Claim>)> {
    let mut settling = Settling { view, endpoint, id, free, own: Vec::new() };
    let wanted = &endpoint.bindings_wanted;
    let mut settled: Vec<Option<PortBinding>> = vec![None; wanted.len()];
    // Whoever has less choice chooses first.
    let choice = |binding: &PortBinding| binding.host_ports.map_or(u32::MAX, PortRange::count);
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by_key(|index| choice(&wanted[*index]));
    for index in order {
        settled[index] = Some(settling.binding(&wanted[index])?);
    }
    let claims = settling.own.iter().map(|(protocol, ip, port)| ports(*protocol, *ip, *port)).collect();
    Ok((settled.into_iter().flatten().collect(), claims))
}

impl Settling<'_> {
    fn binding(&mut self, wanted: &PortBinding) -> Result<PortBinding> {
        if wanted.port == 0 {
            return Err(Error::invalid(format!(
                "binding 0/{}: the port of the endpoint is 1 to 65535",
                wanted.protocol
            )));
        }
        let ip = self.endpoint_ip(wanted)?;
        let unspecified = match ip {
            Some(IpAddr::V6(_)) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
            _ => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        };
        let host_ip = wanted.host_ip.unwrap_or(unspecified);
        let port = match wanted.host_ports {
            Some(range) if range.count() == 1 => self.fixed(wanted, host_ip, range.first())?,
            Some(range) => self.one_of(wanted, host_ip, range)?,
            None => self.any(wanted, host_ip)?,
        };
        self.own.push((wanted.protocol, host_ip, port));
        Ok(PortBinding {
            ip,
            host_ip: Some(host_ip),
            host_ports: Some(PortRange::single(port)?),
            ..wanted.clone()
        })
    }

    /// The address that the port leads to: the one that is asked for, or the first of the family of the host's
    /// address, or of the other one.
    fn endpoint_ip(&self, wanted: &PortBinding) -> Result<Option<IpAddr>> {
        let interfaces = &self.endpoint.interfaces;
        let ipv4 = interfaces.iter().filter_map(|interface| interface.ipv4).map(|net| IpAddr::V4(net.addr()));
        let ipv6 = interfaces.iter().filter_map(|interface| interface.ipv6).map(|net| IpAddr::V6(net.addr()));
        let all: Vec<IpAddr> = ipv4.chain(ipv6).collect();
        match wanted.ip {
            None => {
                let family = |ip: &&IpAddr| wanted.host_ip.is_none_or(|host| host.is_ipv4() == ip.is_ipv4());
                Ok(all.iter().find(family).or(all.first()).copied())
            }
            Some(ip) if all.contains(&ip) => Ok(Some(ip)),
            Some(ip) => Err(Error::invalid(format!(
                "binding {}/{}: {ip} is no address of the endpoint; leave it out",
                wanted.port, wanted.protocol
            ))),
        }
    }

    fn fixed(&self, wanted: &PortBinding, ip: IpAddr, port: u16) -> Result<u16> {
        let protocol = wanted.protocol;
        if self.own_ports(protocol, ip).any(|own| own == port) {
            return Err(Error::invalid(format!(
                "binding {}/{protocol}: another binding of the endpoint has port {port} of the host too",
                wanted.port
            )));
        }
        match self.view.holder(&ports(protocol, ip, port)) {
            None => Ok(port),
            Some(owner) => Err(Error::new(
                ErrorKind::InUse,
                format!("port {port}/{protocol} on {ip} of the host is held by {owner}"),
            )),
        }
    }

    fn one_of(&self, wanted: &PortBinding, ip: IpAddr, range: PortRange) -> Result<u16> {
        self.free_in(wanted.protocol, ip, range)?.ok_or_else(|| none_free(wanted, ip, range))
    }

    /// A free port of the driver's range, sought from the endpoint's own block on and around.
    fn any(&self, wanted: &PortBinding, ip: IpAddr) -> Result<u16> {
        let (first, last) = (self.free.first() / BLOCK, self.free.last() / BLOCK);
        let count = last - first + 1;
        let mut hash = DefaultHasher::new();
        self.id.hash(&mut hash);
        let own = u16::try_from(hash.finish() % u64::from(count)).unwrap_or(0);
        for step in 0..count {
            let block = first + (own + step) % count;
            let from = (block * BLOCK).max(self.free.first());
            let to = (block * BLOCK + (BLOCK - 1)).min(self.free.last());
            if let Some(port) = self.free_in(wanted.protocol, ip, PortRange::new(from, to)?)? {
                return Ok(port);
            }
        }
        Err(none_free(wanted, ip, self.free))
    }

    /// A free port of the range that no earlier binding of this endpoint has got.
    fn free_in(&self, protocol: Protocol, ip: IpAddr, range: PortRange) -> Result<Option<u16>> {
        let mut own: Vec<u16> = self.own_ports(protocol, ip).filter(|port| range.contains(*port)).collect();
        own.sort_unstable();
        let mut from = Some(range.first());
        // One part before each of our own ports, and one after the last.
        let ends = own.iter().map(|port| (port.checked_sub(1), port.checked_add(1)));
        for (to, next) in ends.chain([(Some(range.last()), None)]) {
            if let (Some(from), Some(to)) = (from, to)
                && from <= to
                && let Some(claim) = self.view.free(&Want::Ports { protocol, ip, count: 1, from, to })
            {
                let Claim::Ports { from: port, .. } = claim else {
                    let why = format!("the view answers {claim} to a want of ports");
                    return Err(Error::new(ErrorKind::Internal, why));
                };
                return Ok(Some(port));
            }
            from = next;
        }
        Ok(None)
    }

    fn own_ports(&self, protocol: Protocol, ip: IpAddr) -> impl Iterator<Item = u16> {
        self.own
            .iter()
            .filter(move |(own, at, _)| *own == protocol && collide(*at, ip))
            .map(|(_, _, port)| *port)
    }
}

fn ports(protocol: Protocol, ip: IpAddr, port: u16) -> Claim {
    Claim::Ports { protocol, ip, from: port, to: port }
}

/// Whether the same port of both addresses cannot be had.
fn collide(one: IpAddr, other: IpAddr) -> bool {
    let (one, other) = (one.to_canonical(), other.to_canonical());
    one.is_ipv4() == other.is_ipv4() && (one == other || one.is_unspecified() || other.is_unspecified())
}

fn none_free(wanted: &PortBinding, ip: IpAddr, range: PortRange) -> Error {
    Error::new(
        ErrorKind::InUse,
        format!(
            "binding {}/{}: none of the ports {range} on {ip} of the host is free",
            wanted.port, wanted.protocol
        ),
    )
}
