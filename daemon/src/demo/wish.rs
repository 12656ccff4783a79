//! What is asked for.

use std::net::{Ipv4Addr, Ipv6Addr};

use netkeep_controller::{EndpointSpec, NetworkSpec, PoolSpec, SandboxSpec};
use netkeep_drivers::network::manual;
use netkeep_model::{
    ContainerId, DriverKind, EndpointName, NetworkName, Options, Pool, PortBinding, PortRange, Protocol,
    RequestId, Scope,
};

/// What endpoints are published in while they are joined, on networks of global scope.
const TABLE: &str = "demo";

/// A network of the driver `manual`, IPv4 and IPv6, that holds a number and keeps a record; if it is noted, it and all
/// its endpoints are noted on the host. Without a pool for IPv4, a predefined one is chosen.
pub(super) fn network(
    name: &str,
    ipv4: Option<Pool>,
    ipv6: Pool,
    noted: bool,
    scope: Scope,
) -> Result<NetworkSpec, netkeep_model::Error> {
    let mut spec = NetworkSpec::new(NetworkName::new(name)?, DriverKind::new(manual::KIND)?);
    spec.request = Some(RequestId::generate());
    spec.ipv6 = true;
    spec.scope = Some(scope);
    spec.options = options("demo-network", name, noted);
    if scope == Scope::Global {
        spec.options.insert(manual::TABLES, TABLE);
    }
    let pool = |pool| PoolSpec { pool: Some(pool), ..PoolSpec::default() };
    spec.ipam.pools = ipv4.into_iter().chain([ipv6]).map(pool).collect();
    Ok(spec)
}

/// An endpoint with IPv4, IPv6, a published port, a number and a record, and with or without a note. On a network of
/// global scope it has an entry in a table while it is joined.
pub(super) fn endpoint(name: &str, noted: bool, scope: Scope) -> Result<EndpointSpec, netkeep_model::Error> {
    let mut spec = EndpointSpec::new(EndpointName::new(name)?);
    spec.request = Some(RequestId::generate());
    spec.options = options("demo-endpoint", name, noted);
    if scope == Scope::Global {
        spec.options.insert(manual::ENTRIES, format!("{TABLE}=joined"));
    }
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

/// The sandbox of one task on a host.
pub(super) fn sandbox(task: u8) -> Result<SandboxSpec, netkeep_model::Error> {
    Ok(SandboxSpec::new(ContainerId::new(&container(task))?))
}

/// What the sandbox of one task is called, on any host.
pub(super) fn container(task: u8) -> String {
    format!("task-{task}")
}

/// The pools of one network of one task: no other has them, and none of them is predefined.
pub(super) fn pools(task: u8, slot: u8, scope: Scope) -> Result<(Pool, Pool), netkeep_model::Error> {
    let ipv4 = match scope {
        Scope::Local => Ipv4Addr::new(10, task, slot, 0),
        Scope::Global => Ipv4Addr::new(172, 16 + slot, task, 0),
    };
    let ipv4 = format!("{ipv4}/24");
    let ipv6 = format!("{}/64", Ipv6Addr::new(0xfd4e, 0x4b, u16::from(task), u16::from(slot), 0, 0, 0, 0));
    Ok((ipv4.parse()?, ipv6.parse()?))
}
