//! The addresses of an endpoint.

use std::net::IpAddr;

use ipnet::IpNet;
use netkeep_drivers::{AddressRequest, ErrorKind as DriverErrorKind, IpamDriver, Purpose};
use netkeep_model::{AddressRole, Endpoint, InterfaceSpec, MacAddress, Network, Owner, PoolRef};

use crate::network::take_address;
use crate::operation::{Draft, View};
use crate::{Error, ErrorKind, Result};

/// Chooses the addresses of an endpoint's interface, one of each family that the network has pools of.
pub(super) struct Addresses<'a> {
    pub(super) network: &'a Network,
    pub(super) ipam: &'a dyn IpamDriver,
    pub(super) owner: &'a Owner,
    pub(super) draft: &'a Draft,
}

impl Addresses<'_> {
    pub(super) async fn choose(&self, endpoint: &Endpoint) -> Result<InterfaceSpec> {
        let mut interface = InterfaceSpec {
            mac: endpoint.requested.mac,
            link_local: endpoint.requested.link_local.clone(),
            ..InterfaceSpec::default()
        };
        if self.ipam.info().needs_mac && interface.mac.is_none() {
            interface.mac = Some(MacAddress::random());
        }
        let wanted = endpoint.requested.ipv4.map(IpAddr::V4);
        if let Some((IpNet::V4(net), pool)) = self.family(endpoint, false, wanted, interface.mac).await? {
            interface.ipv4 = Some(net);
            interface.ipv4_pool = Some(pool);
        }
        let wanted = endpoint.requested.ipv6.map(IpAddr::V6);
        if let Some((IpNet::V6(net), pool)) = self.family(endpoint, true, wanted, interface.mac).await? {
            interface.ipv6 = Some(net);
            interface.ipv6_pool = Some(pool);
        }
        Ok(interface)
    }

    async fn family(
        &self,
        endpoint: &Endpoint,
        v6: bool,
        wanted: Option<IpAddr>,
        mac: Option<MacAddress>,
    ) -> Result<Option<(IpNet, PoolRef)>> {
        let field = if v6 { "ipv6" } else { "ipv4" };
        let pools: Vec<&PoolRef> =
            self.network.ipam.granted().filter(|pool| pool.master.is_ipv6() == v6).collect();
        let fitting: Vec<&PoolRef> = match wanted {
            Some(ip) => pools.iter().copied().filter(|pool| pool.master.contains(ip)).collect(),
            None => pools.clone(),
        };
        if let (Some(ip), true) = (wanted, fitting.is_empty()) {
            let has: Vec<String> = pools.iter().map(|pool| pool.master.to_string()).collect();
            return Err(Error::invalid(format!(
                "{field}: address {ip} is in no pool of network {:?}, which has {}",
                self.network.name.as_str(),
                if has.is_empty() { "none of this family".to_owned() } else { has.join(", ") }
            )));
        }
        let mut exhausted = None;
        for pool in fitting {
            let view = View::new(self.draft, self.network.scope, None);
            let request = AddressRequest {
                space: pool.space.clone(),
                pool: pool.master,
                sub: pool.sub,
                address: wanted,
                purpose: Purpose::Endpoint,
                mac,
                options: if endpoint.ipam_options.is_empty() {
                    self.network.ipam.options.clone()
                } else {
                    endpoint.ipam_options.clone()
                },
            };
            match self.ipam.plan_address(&view, &request).await {
                Ok(plan) => {
                    let given =
                        take_address(self.draft, self.ipam, &plan, self.owner, AddressRole::Plain, pool.sub)?;
                    return Ok(given.map(|net| (net, pool.clone())));
                }
                Err(error) if error.kind() == DriverErrorKind::NoFreeAddress && wanted.is_none() => {
                    exhausted = Some(error);
                }
                Err(error) => {
                    let error = Error::from(error);
                    return Err(Error::new(error.kind(), format!("{field}: {error}")).with_source(error));
                }
            }
        }
        match exhausted {
            None => Ok(None),
            Some(error) => Err(Error::new(
                ErrorKind::Exhausted,
                format!("network {:?} has no free address: {error}", self.network.name.as_str()),
            )
            .with_source(error)),
        }
    }
}
