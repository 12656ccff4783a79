//! The networks, endpoints and joins that the suite asks for.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use netkeep_drivers::{
    EndpointRequest, EndpointState, JoinRequest, JoinState, NetworkRequest, NetworkState, Notes, Origin,
    PlannedRecord,
};
use netkeep_model::{
    Endpoint, EndpointId, EndpointName, GrantedPool, InterfaceSpec, IpamKind, LoadBalancerMode, Network,
    NetworkId, NetworkIpam, NetworkName, NetworkPool, Object, Phase, Pool, PoolRef, PortBinding, PortRange,
    Protocol, RequestedPool, SandboxId, Space, Timestamp,
};

use super::{Site, id, network_id, small};

const WRITTEN: &str = "the suite writes its samples rightly";

impl Site {
    /// Network number `n` of the samples, with its pools.
    pub fn network_request(&self, n: usize) -> NetworkRequest {
        let sample = self.sample();
        let network = Network {
            name: NetworkName::new(&format!("net{n}")).expect(WRITTEN),
            driver: self.driver.info().kind.clone(),
            scope: self.scope,
            created: Timestamp::from_unix_millis(1_700_000_000_000),
            phase: Phase::Ready,
            labels: Default::default(),
            options: (sample.network)(n),
            ipv4: true,
            ipv6: sample.ipv6,
            late_ipv6: false,
            internal: false,
            attachable: false,
            ingress: false,
            config_only: false,
            config_from: None,
            dynamic: false,
            persist: true,
            ipam: if self.driver.info().addresses { ipam(n, sample.ipv6) } else { NetworkIpam::default() },
            allocated: Default::default(),
            tables: Vec::new(),
            load_balancer: None,
            load_balancer_mode: LoadBalancerMode::default(),
        };
        NetworkRequest { id: network_id(n), network }
    }

    /// Endpoint number `n` of the samples in a network that is there, with its addresses.
    pub fn endpoint_request(&self, network: NetworkId, n: usize) -> EndpointRequest {
        let state = self.network_state(network);
        let name = EndpointName::new(&format!("endpoint{n}")).expect(WRITTEN);
        let created = Timestamp::from_unix_millis(1_700_000_000_000);
        let mut endpoint = Endpoint::new(name, self.host, created);
        endpoint.options = (self.sample().endpoint)(n);
        if self.driver.info().addresses {
            endpoint.interfaces = vec![interface(&state.network, n)];
        }
        if self.sample().ports {
            endpoint.bindings_wanted = vec![
                binding(Protocol::Tcp, 80, Some(8080 + 100 * u16::from(state_number(network)) + to_u16(n))),
                binding(Protocol::Udp, 53, None),
            ];
        }
        EndpointRequest { network: state, id: endpoint_id(network, n), endpoint, origin: Origin::Requested }
    }

    /// The attachment of an endpoint that is there to sandbox number `n`.
    pub fn join_request(&self, endpoint: &EndpointState, n: usize, key: bool) -> JoinRequest {
        JoinRequest {
            endpoint: endpoint.clone(),
            sandbox: sandbox_id(endpoint.network.id, n),
            sandbox_key: key.then(|| sandbox_key(endpoint.network.id, n)),
            options: (self.sample().join)(n),
        }
    }

    /// A network that is there, as its driver gets it.
    ///
    /// # Panics
    ///
    /// If it is not there.
    pub fn network_state(&self, id: NetworkId) -> NetworkState {
        let network = self.store().networks.get(&id).cloned();
        let network =
            network.unwrap_or_else(|| panic!("the suite asks for network {id}, which is not there"));
        let (records, notes) = self.hangs_on(Object::Network(id));
        NetworkState { id, network, records, notes }
    }

    /// An endpoint that is there, as its driver gets it.
    ///
    /// # Panics
    ///
    /// If it is not there.
    pub fn endpoint_state(&self, network: NetworkId, id: EndpointId) -> EndpointState {
        let endpoint = self.store().endpoints.get(&(network, id)).cloned();
        let endpoint =
            endpoint.unwrap_or_else(|| panic!("the suite asks for endpoint {id}, which is not there"));
        let (records, notes) = self.hangs_on(Object::Endpoint(network, id));
        EndpointState { network: self.network_state(network), id, endpoint, records, notes }
    }

    /// An attachment that is there, as its driver gets it.
    ///
    /// # Panics
    ///
    /// If it is not there.
    pub fn join_state(&self, join: &Object) -> JoinState {
        let (Object::Join(network, endpoint, sandbox), Some(found)) =
            (join, self.local().joins.get(join).cloned())
        else {
            panic!("the suite asks for {join}, which is not there");
        };
        let (records, notes) = self.hangs_on(*join);
        JoinState {
            endpoint: self.endpoint_state(*network, *endpoint),
            sandbox: *sandbox,
            sandbox_key: found.key,
            options: found.options,
            records,
            notes,
        }
    }

    fn hangs_on(&self, on: Object) -> (Vec<PlannedRecord>, Notes) {
        let remains = self.remains(on);
        (remains.records, remains.notes)
    }
}

/// The endpoint number `n` of a network, in every run.
pub(crate) fn endpoint_id(network: NetworkId, n: usize) -> EndpointId {
    EndpointId::from(id([0xbb, state_number(network), small(n), 0, 0, 0]))
}

/// The sandbox number `n` of a network, in every run.
pub(crate) fn sandbox_id(network: NetworkId, n: usize) -> SandboxId {
    SandboxId::from(id([0xcc, state_number(network), small(n), 0, 0, 0]))
}

/// Where the network namespace of that sandbox is.
pub(crate) fn sandbox_key(network: NetworkId, n: usize) -> String {
    format!("/run/netns/sandbox{}.{n}", state_number(network))
}

/// Which network of the samples it is: the second byte of its id.
fn state_number(network: NetworkId) -> u8 {
    network.short().get(2..4).and_then(|digits| u8::from_str_radix(digits, 16).ok()).unwrap_or(u8::MAX)
}

fn to_u16(n: usize) -> u16 {
    u16::try_from(n).unwrap_or(u16::MAX)
}

/// A wish to publish `port`.
pub(crate) fn binding(protocol: Protocol, port: u16, host: Option<u16>) -> PortBinding {
    let host_ports = host.map(|port| PortRange::single(port).expect(WRITTEN));
    PortBinding { protocol, port, ip: None, host_ip: None, host_ports }
}

fn ipam(n: usize, ipv6: bool) -> NetworkIpam {
    let v4 = Pool::around(Ipv4Net::new_assert(Ipv4Addr::new(10, 77, small(n), 0), 24));
    let v6 = Pool::around(Ipv6Net::new_assert(Ipv6Addr::new(0xfd77, to_u16(n), 0, 0, 0, 0, 0, 0), 64));
    let pool = |pool: Pool| NetworkPool {
        requested: RequestedPool { pool: Some(pool), ..RequestedPool::default() },
        granted: Some(GrantedPool {
            pool: PoolRef { space: space(), master: pool, sub: None },
            foreign_id: None,
        }),
        gateway: pool.nth(1).and_then(|ip| pool.with_prefix(ip)),
        ..NetworkPool::default()
    };
    let pools = if ipv6 { vec![pool(v4), pool(v6)] } else { vec![pool(v4)] };
    let driver = Some(IpamKind::new("default").expect(WRITTEN));
    NetworkIpam { driver, options: Default::default(), space: Some(space()), pools }
}

fn space() -> Space {
    Space::new("suite").expect(WRITTEN)
}

fn interface(network: &Network, n: usize) -> InterfaceSpec {
    let mut interface = InterfaceSpec::default();
    for pool in network.ipam.granted() {
        let ip = pool.master.nth(10 + u128::from(small(n))).and_then(|ip| pool.master.with_prefix(ip));
        match ip {
            Some(IpNet::V4(net)) => {
                interface.ipv4 = Some(net);
                interface.ipv4_pool = Some(pool.clone());
            }
            Some(IpNet::V6(net)) => {
                interface.ipv6 = Some(net);
                interface.ipv6_pool = Some(pool.clone());
            }
            None => {}
        }
    }
    interface
}

/// What a network holds besides what its driver claims.
pub(super) fn network_claims(network: &Network) -> Vec<netkeep_model::Claim> {
    use netkeep_model::Claim;
    let mut claims = Vec::new();
    for pool in &network.ipam.pools {
        let Some(granted) = &pool.granted else { continue };
        let PoolRef { space, master, sub } = granted.pool.clone();
        claims.push(Claim::Pool { space: space.clone(), pool: master, sub });
        let gateway = pool.gateway.map(|gateway| gateway.addr());
        claims.extend(gateway.map(|ip| Claim::Address { space, pool: master, ip }));
    }
    claims
}

/// What an endpoint holds besides what its driver claims.
pub(super) fn endpoint_claims(endpoint: &Endpoint) -> Vec<netkeep_model::Claim> {
    let mut claims = Vec::new();
    for interface in &endpoint.interfaces {
        let v4 = interface.ipv4_pool.clone().zip(interface.ipv4.map(|net| IpAddr::V4(net.addr())));
        let v6 = interface.ipv6_pool.clone().zip(interface.ipv6.map(|net| IpAddr::V6(net.addr())));
        claims.extend(v4.into_iter().chain(v6).map(|(pool, ip)| netkeep_model::Claim::Address {
            space: pool.space,
            pool: pool.master,
            ip,
        }));
    }
    claims
}
