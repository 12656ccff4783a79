//! Which ports of the host a model publishes.

use std::net::{IpAddr, Ipv4Addr};

use netkeep_drivers::{Error, ErrorKind, PlanView, Result, Want};
use netkeep_model::{Claim, Endpoint, PortBinding, PortRange, Protocol};

/// Among these a free port is sought.
const FREE: (u16, u16) = (32_768, 60_999);

/// One port of the host.
pub(super) type HostPort = (Protocol, IpAddr, u16);

/// Settles the bindings that an endpoint wants and does not have: in the same order, and what they claim.
pub(super) fn settle(view: &dyn PlanView, endpoint: &Endpoint) -> Result<(Vec<PortBinding>, Vec<Claim>)> {
    let mut bindings = Vec::new();
    let mut own: Vec<HostPort> = Vec::new();
    for wanted in endpoint.bindings_wanted.iter().skip(endpoint.bindings.len()) {
        let ip = wanted.host_ip.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        let range = match wanted.host_ports {
            Some(range) => range,
            None => PortRange::new(FREE.0, FREE.1)?,
        };
        let port = pick(view, wanted, ip, range, &own)?;
        own.push((wanted.protocol, ip, port));
        bindings.push(PortBinding {
            ip: wanted.ip.or_else(|| address(endpoint)),
            host_ip: Some(ip),
            host_ports: Some(PortRange::single(port)?),
            ..wanted.clone()
        });
    }
    let claims =
        own.into_iter().map(|(protocol, ip, port)| Claim::Ports { protocol, ip, from: port, to: port });
    Ok((bindings, claims.collect()))
}

/// The ports of the host that these bindings need.
pub(super) fn of(bindings: &[PortBinding]) -> Vec<HostPort> {
    let port =
        |binding: &PortBinding| Some((binding.protocol, binding.host_ip?, binding.host_ports?.first()));
    bindings.iter().filter_map(port).collect()
}

fn pick(
    view: &dyn PlanView,
    wanted: &PortBinding,
    ip: IpAddr,
    range: PortRange,
    own: &[HostPort],
) -> Result<u16> {
    let protocol = wanted.protocol;
    let none = |why: String| {
        let why = format!("binding {}/{protocol}: {why} on {ip} of the host", wanted.port);
        Err(Error::new(ErrorKind::InUse, why))
    };
    let mut from = range.first();
    // Each turn passes one port that this endpoint has already.
    for _ in 0..=own.len() {
        let want = Want::Ports { protocol, ip, count: 1, from, to: range.last() };
        let Some(Claim::Ports { from: port, .. }) = view.free(&want) else { break };
        if !own.contains(&(protocol, ip, port)) {
            return Ok(port);
        }
        if port == range.last() {
            break;
        }
        from = port + 1;
    }
    if range.count() > 1 {
        return none(format!("none of the ports {range} is free"));
    }
    let port = range.first();
    match view.holder(&Claim::Ports { protocol, ip, from: port, to: port }) {
        Some(owner) => none(format!("port {port} is held by {owner}")),
        None => none(format!("port {port} is taken")),
    }
}

fn address(endpoint: &Endpoint) -> Option<IpAddr> {
    endpoint.interfaces.iter().find_map(|interface| interface.ipv4).map(|net| IpAddr::V4(net.addr()))
}
