//! What is asked for.

use std::net::{Ipv4Addr, Ipv6Addr};

use netkeep_controller::{EndpointSpec, NetworkSpec, PoolSpec};
use netkeep_drivers::network::manual;
use netkeep_model::{
    DriverKind, EndpointName, NetworkName, Options, Pool, PortBinding, PortRange, Protocol, RequestId,
};

/// A network of the driver `manual`, IPv4 and IPv6, that holds a number and keeps a record; if it is noted, it and all
/// its endpoints are noted on the host. Without a pool for IPv4, a predefined one is chosen.
pub(super) fn network(
    name: &str,
    ipv4: Option<Pool>,
    ipv6: Pool,
    noted: bool,
) -> Result<NetworkSpec, netkeep_model::Error> {
    let mut spec = NetworkSpec::new(NetworkName::new(name)?, DriverKind::new(manual::KIND)?);
    spec.request = Some(RequestId::generate());
    spec.ipv6 = true;
    spec.options = options("demo-network", name, noted);
    let pool = |pool| PoolSpec { pool: Some(pool), ..PoolSpec::default() };
    spec.ipam.pools = ipv4.into_iter().chain([ipv6]).map(pool).collect();
    Ok(spec)
}

/// An endpoint with IPv4, IPv6, a published port, a number and a record, and with or without a note.
pub(super) fn endpoint(name: &str, noted: bool) -> Result<EndpointSpec, netkeep_model::Error> {
    let mut spec = EndpointSpec::new(EndpointName::new(name)?);
    spec.request = Some(RequestId::generate());
    spec.options = options("demo-endpoint", name, noted);
    spec.bindings = vec![PortBinding {
        protocol: Protocol::Tcp,
        port: 80,
        ip: None,
        host_ip: None,
        host_ports: Some(PortRange::new(20_000, 60_000)?),
    }];
    Ok(spec)
}

fn options(class: &str, data: &str, noted: bool) -> Options {
    let mut options = Options::new();
    options.insert(manual::NUMBER, class);
    options.insert(manual::DATA, data);
    if noted {
        options.insert(manual::NOTE, true);
    }
    options
}

/// The pools of one network of one task: no other has them.
pub(super) fn pools(task: u8, slot: u8) -> Result<(Pool, Pool), netkeep_model::Error> {
    let ipv4 = format!("{}/24", Ipv4Addr::new(10, task, slot, 0));
    let ipv6 = format!("{}/64", Ipv6Addr::new(0xfd4e, 0x4b, u16::from(task), u16::from(slot), 0, 0, 0, 0));
    Ok((ipv4.parse()?, ipv6.parse()?))
}
