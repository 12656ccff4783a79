//! What the models say of interfaces.

use std::net::IpAddr;

use netkeep_drivers::{EndpointAnswer, EndpointRequest, EndpointState, Error, JoinAnswer, Result};
use netkeep_model::{
    EndpointId, InterfaceNames, InterfaceSpec, LinkName, MacAddress, Network, Options, PortBinding, Route,
};

/// Refuses options of the model's namespace that it does not know.
pub(super) fn refuse_unknown(options: &Options, namespace: &str, known: &[&str]) -> Result<()> {
    match options.iter().find(|(name, _)| name.starts_with(namespace) && !known.contains(name)) {
        None => Ok(()),
        Some((name, _)) => Err(Error::invalid(format!(
            "option {name:?} is not known here; those of {namespace}* are {known:?}"
        ))),
    }
}

/// The interfaces of a request with hardware addresses: those that were asked for, or made from the address.
pub(super) fn answer(request: &EndpointRequest) -> Result<EndpointAnswer> {
    let mut interfaces = request.endpoint.interfaces.clone();
    for (index, interface) in interfaces.iter_mut().enumerate() {
        let asked = interface.mac.or(request.endpoint.requested.mac.filter(|_| index == 0));
        let mac = asked.unwrap_or_else(|| made(interface, index));
        if !mac.is_unicast() {
            return Err(Error::invalid(format!("MAC address {mac} names a group of interfaces")));
        }
        interface.mac = Some(mac);
    }
    Ok(EndpointAnswer { interfaces, bindings: Vec::new() })
}

fn made(interface: &InterfaceSpec, index: usize) -> MacAddress {
    let [a, b, c, d] = interface.ipv4.map_or([0, 0, 0, 0], |net| net.addr().octets());
    let index = u8::try_from(index).unwrap_or(u8::MAX);
    MacAddress::locally_administered([0x02, 0x4d ^ index, a, b, c, d])
}

/// Refuses an endpoint without an interface: these drivers give each endpoint one.
pub(super) fn check_one(request: &EndpointRequest) -> Result<()> {
    match request.endpoint.interfaces.as_slice() {
        [interface] if interface.ipv4.is_some() => Ok(()),
        [_] => Err(Error::invalid("interfaces: the interface has no IPv4 address; endpoints need one")),
        several => {
            Err(Error::invalid(format!("interfaces: {} are asked for; endpoints have one", several.len())))
        }
    }
}

/// Refuses ports on behalf of drivers that publish none.
pub(super) fn refuse_ports(wanted: &[PortBinding]) -> Result<()> {
    match wanted.first() {
        None => Ok(()),
        Some(binding) => Err(Error::invalid(format!(
            "binding {}/{}: networks of this driver publish no ports; ask for none",
            binding.port, binding.protocol
        ))),
    }
}

/// The interface of an endpoint: two letters of the driver, and the beginning of the id.
pub(super) fn link_name(letters: &str, endpoint: EndpointId) -> Result<LinkName> {
    Ok(LinkName::new(&format!("{letters}{}", endpoint.short()))?)
}

/// What a sandbox gets with an endpoint whose interface is `name`.
pub(super) fn join_answer(
    state: &EndpointState,
    name: LinkName,
    gateways: Vec<IpAddr>,
) -> Result<JoinAnswer> {
    let made = InterfaceNames { source: name, prefix: LinkName::new("eth")? };
    let named = |interface: &InterfaceSpec| interface.names.clone().unwrap_or_else(|| made.clone());
    let routes: Vec<Route> = state.endpoint.routes.clone();
    Ok(JoinAnswer {
        interfaces: state.endpoint.interfaces.iter().map(named).collect(),
        gateways,
        routes,
        ..JoinAnswer::default()
    })
}

/// One gateway a family: that of the endpoint, or of a pool of the network.
pub(super) fn gateways(network: &Network, state: &EndpointState) -> Vec<IpAddr> {
    if network.internal {
        return Vec::new();
    }
    let of_family = |ipv6: bool| {
        let own = state.endpoint.gateways.iter().copied().find(|ip| ip.is_ipv6() == ipv6);
        let of_pools =
            network.ipam.pools.iter().filter_map(|pool| pool.gateway).map(|gateway| gateway.addr());
        own.or_else(|| of_pools.into_iter().find(|ip| ip.is_ipv6() == ipv6))
    };
    [false, true].into_iter().filter_map(of_family).collect()
}
