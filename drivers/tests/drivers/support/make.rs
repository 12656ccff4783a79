//! Values in few words.

use std::net::IpAddr;

use netkeep_drivers::{
    AddressRequest, EndpointRequest, EndpointState, JoinRequest, NetworkRequest, NetworkState, Notes, Origin,
    PoolRequest, Purpose,
};
use netkeep_model::{
    Claim, DriverKind, Endpoint, EndpointId, EndpointName, HostId, HostRef, Incarnation, InterfaceSpec,
    Network, NetworkId, NetworkName, Object, Options, Owner, Pool, SandboxId, Scope, Space, Timestamp,
};

pub(crate) fn pool(text: &str) -> Pool {
    text.parse().unwrap()
}

pub(crate) fn space(text: &str) -> Space {
    text.parse().unwrap()
}

pub(crate) fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

pub(crate) fn owner() -> Owner {
    Object::Network(NetworkId::generate()).into()
}

pub(crate) fn options(json: serde_json::Value) -> Options {
    serde_json::from_value(json).unwrap()
}

/// The claim on an address.
pub(crate) fn claim(space: &str, pool: &str, ip: &str) -> Claim {
    Claim::Address { space: space.parse().unwrap(), pool: pool.parse().unwrap(), ip: ip.parse().unwrap() }
}

/// A wish for any pool.
pub(crate) fn free_pool(space: &str) -> PoolRequest {
    PoolRequest {
        space: space.parse().unwrap(),
        pool: None,
        sub: None,
        v6: false,
        options: Options::new(),
        avoid: Vec::new(),
    }
}

/// A wish for this pool, or this part of it.
pub(crate) fn pool_request(space: &str, pool: &str, sub: Option<&str>) -> PoolRequest {
    PoolRequest {
        pool: Some(pool.parse().unwrap()),
        sub: sub.map(|sub| sub.parse().unwrap()),
        ..free_pool(space)
    }
}

/// A wish for an address of a pool, for an endpoint.
pub(crate) fn address(space: &str, pool: &str, sub: Option<&str>, ip: Option<&str>) -> AddressRequest {
    AddressRequest {
        space: space.parse().unwrap(),
        pool: pool.parse().unwrap(),
        sub: sub.map(|sub| sub.parse().unwrap()),
        address: ip.map(|ip| ip.parse().unwrap()),
        purpose: Purpose::Endpoint,
        mac: None,
        options: Options::new(),
    }
}

fn network(driver: &str, scope: Scope, with: serde_json::Value) -> Network {
    let name = NetworkName::new("blue").unwrap();
    let created = Timestamp::from_unix_millis(1);
    let mut network = Network::new(name, DriverKind::new(driver).unwrap(), scope, created);
    network.options = options(with);
    network
}

pub(crate) fn network_request(driver: &str, scope: Scope, with: serde_json::Value) -> NetworkRequest {
    NetworkRequest { id: NetworkId::generate(), network: network(driver, scope, with) }
}

pub(crate) fn network_state(driver: &str, scope: Scope, with: serde_json::Value) -> NetworkState {
    NetworkState {
        id: NetworkId::generate(),
        network: network(driver, scope, with),
        records: Vec::new(),
        notes: Notes::new(),
    }
}

/// An interface with these addresses, as in `10.0.0.5/24`.
pub(crate) fn interface(ipv4: Option<&str>, ipv6: Option<&str>) -> InterfaceSpec {
    InterfaceSpec {
        ipv4: ipv4.map(|net| net.parse().unwrap()),
        ipv6: ipv6.map(|net| net.parse().unwrap()),
        ..InterfaceSpec::default()
    }
}

fn endpoint(with: serde_json::Value) -> Endpoint {
    let host = HostRef { host: HostId::generate(), incarnation: Incarnation::new(1) };
    let created = Timestamp::from_unix_millis(2);
    let mut endpoint = Endpoint::new(EndpointName::new("web").unwrap(), host, created);
    endpoint.options = options(with);
    endpoint.interfaces = vec![interface(Some("10.0.0.5/24"), None)];
    endpoint
}

/// An endpoint with one interface that has address 10.0.0.5/24.
pub(crate) fn endpoint_request(network: &NetworkState, with: serde_json::Value) -> EndpointRequest {
    EndpointRequest {
        network: network.clone(),
        id: EndpointId::generate(),
        endpoint: endpoint(with),
        origin: Origin::Requested,
    }
}

/// Likewise, after it was committed.
pub(crate) fn endpoint_state(network: &NetworkState, with: serde_json::Value) -> EndpointState {
    EndpointState {
        network: network.clone(),
        id: EndpointId::generate(),
        endpoint: endpoint(with),
        records: Vec::new(),
        notes: Notes::new(),
    }
}

pub(crate) fn join_request(endpoint: &EndpointState, with: serde_json::Value) -> JoinRequest {
    JoinRequest {
        endpoint: endpoint.clone(),
        sandbox: SandboxId::generate(),
        sandbox_key: None,
        options: options(with),
    }
}
