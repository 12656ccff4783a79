//! Endpoints.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;

use ipnet::IpNet;
use netkeep_store::Segment;
use netkeep_store::datastore::{Either, Record, RecordId};
use serde::{Deserialize, Serialize};

use crate::value::{is_default, without_room};
use crate::{
    ContainerId, EndpointId, EndpointName, HostRef, InterfaceNames, InterfaceSpec, MacAddress, NetworkId,
    Object, OperationId, Options, Phase, PortBinding, Route, SandboxId, Service, Timestamp, TransportPort,
};

/// An endpoint of a network, at `endpoints/<network>/<endpoint>`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Endpoint {
    /// Its name, unique within its network by the record [`EndpointNameRecord`](super::EndpointNameRecord).
    pub name: EndpointName,
    /// When it was made.
    pub created: Timestamp,
    /// The run of the daemon that made it: when that is evicted, the endpoint is released.
    pub owner: HostRef,
    /// Whether it is whole.
    #[serde(default, skip_serializing_if = "is_default")]
    pub phase: Phase,
    /// Its interfaces, with their addresses.
    #[serde(default, skip_serializing_if = "is_default", deserialize_with = "without_room")]
    pub interfaces: Vec<InterfaceSpec>,
    /// The addresses that the caller asked for.
    #[serde(default, skip_serializing_if = "is_default")]
    pub requested: RequestedAddresses,
    /// What the IPAM driver was told.
    #[serde(default, skip_serializing_if = "is_default")]
    pub ipam_options: Options,
    /// The gateways that a sandbox gets with it, one a family at most.
    #[serde(default, skip_serializing_if = "is_default")]
    pub gateways: Vec<IpAddr>,
    /// The routes that a sandbox gets with it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub routes: Vec<Route>,
    /// Whether it never wants a gateway of another network beside it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub no_gateway_service: bool,
    /// The ports on which it is said to listen.
    #[serde(default, skip_serializing_if = "is_default")]
    pub exposed_ports: Vec<TransportPort>,
    /// The ports that the host is to publish.
    #[serde(default, skip_serializing_if = "is_default", deserialize_with = "without_room")]
    pub bindings_wanted: Vec<PortBinding>,
    /// The ports that the host publishes.
    #[serde(default, skip_serializing_if = "is_default", deserialize_with = "without_room")]
    pub bindings: Vec<PortBinding>,
    /// What the driver is told.
    #[serde(default, skip_serializing_if = "is_default")]
    pub options: Options,
    /// The name servers that the driver is told of.
    #[serde(default, skip_serializing_if = "is_default")]
    pub dns: Vec<IpAddr>,
    /// Further names of this endpoint on its network.
    #[serde(default, skip_serializing_if = "is_default")]
    pub aliases: Vec<String>,
    /// Names that its sandbox alone sees, with the names that they stand for.
    #[serde(default, skip_serializing_if = "is_default")]
    pub link_aliases: BTreeMap<String, String>,
    /// Whether its name is not to be found by others.
    #[serde(default, skip_serializing_if = "is_default")]
    pub anonymous: bool,
    /// Whether its sandbox needs no name resolution of ours.
    #[serde(default, skip_serializing_if = "is_default")]
    pub no_resolution: bool,
    /// Its rank when a sandbox chooses its gateway: the highest wins.
    #[serde(default, skip_serializing_if = "is_default")]
    pub priority: i32,
    /// The service that it is a task of.
    #[serde(default, skip_serializing_if = "is_default")]
    pub service: Option<Box<Service>>,
    /// Whether it is the load balancer of its network.
    #[serde(default, skip_serializing_if = "is_default")]
    pub load_balancer: bool,
    /// The sandbox that it is in.
    #[serde(default, skip_serializing_if = "is_default")]
    pub attachment: Option<Box<Attachment>>,
}

impl Record for Endpoint {
    type Home = Either;
    type Id = EndpointKey;
    const KIND: &'static str = "endpoint";
    const VERSION: u32 = 1;
    const ROOT: &'static str = "endpoints";
}

/// The addresses that the caller of a creation asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RequestedAddresses {
    /// The hardware address.
    #[serde(default, skip_serializing_if = "is_default")]
    pub mac: Option<MacAddress>,
    /// The IPv4 address.
    #[serde(default, skip_serializing_if = "is_default")]
    pub ipv4: Option<Ipv4Addr>,
    /// The IPv6 address.
    #[serde(default, skip_serializing_if = "is_default")]
    pub ipv6: Option<Ipv6Addr>,
    /// Link-local addresses, with their prefix lengths.
    #[serde(default, skip_serializing_if = "is_default")]
    pub link_local: Vec<IpNet>,
}

/// That an endpoint is in a sandbox: since when, where, by which operation, and what the driver has answered. All of it
/// goes when the endpoint leaves.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Attachment {
    /// The sandbox.
    pub sandbox: SandboxId,
    /// The run of the daemon that joined them.
    pub host: HostRef,
    /// The operation that joined them, by which its [`Intent`](super::Intent) is judged.
    pub operation: OperationId,
    /// When.
    pub since: Timestamp,
    /// Whether it is whole: an attachment by a driver that has to be called is not until that has answered.
    #[serde(default, skip_serializing_if = "is_default")]
    pub phase: Phase,
    /// The container of the sandbox, for people.
    #[serde(default, skip_serializing_if = "is_default")]
    pub container: Option<ContainerId>,
    /// The names of the interfaces, in the order of the endpoint's; none if they have some already.
    #[serde(default, skip_serializing_if = "is_default")]
    pub interfaces: Vec<InterfaceNames>,
    /// The gateways that the sandbox gets, one a family at most.
    #[serde(default, skip_serializing_if = "is_default")]
    pub gateways: Vec<IpAddr>,
    /// The routes that the sandbox gets.
    #[serde(default, skip_serializing_if = "is_default")]
    pub routes: Vec<Route>,
    /// Whether the sandbox gets no gateway of another network beside it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub no_gateway_service: bool,
    /// The ports that the host publishes for as long as it lasts, beside those of the endpoint.
    #[serde(default, skip_serializing_if = "is_default")]
    pub bindings: Vec<PortBinding>,
    /// The hosts file that the sandbox shall have instead of its own.
    #[serde(default, skip_serializing_if = "is_default")]
    pub hosts_path: Option<PathBuf>,
    /// The resolv.conf that the sandbox shall have instead of its own.
    #[serde(default, skip_serializing_if = "is_default")]
    pub resolv_conf_path: Option<PathBuf>,
}

impl Attachment {
    /// An attachment with only what it must have.
    pub fn new(sandbox: SandboxId, host: HostRef, operation: OperationId, since: Timestamp) -> Self {
        Self {
            sandbox,
            host,
            operation,
            since,
            phase: Phase::Ready,
            container: None,
            interfaces: Vec::new(),
            gateways: Vec::new(),
            routes: Vec::new(),
            no_gateway_service: false,
            bindings: Vec::new(),
            hosts_path: None,
            resolv_conf_path: None,
        }
    }
}

/// The place of an [`Endpoint`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EndpointKey {
    /// The network.
    pub network: NetworkId,
    /// The endpoint.
    pub endpoint: EndpointId,
}

impl Endpoint {
    /// An endpoint with only what it must have.
    pub fn new(name: EndpointName, owner: HostRef, created: Timestamp) -> Self {
        Self {
            name,
            created,
            owner,
            phase: Phase::Ready,
            interfaces: Vec::new(),
            requested: RequestedAddresses::default(),
            ipam_options: Options::new(),
            gateways: Vec::new(),
            routes: Vec::new(),
            no_gateway_service: false,
            exposed_ports: Vec::new(),
            bindings_wanted: Vec::new(),
            bindings: Vec::new(),
            options: Options::new(),
            dns: Vec::new(),
            aliases: Vec::new(),
            link_aliases: BTreeMap::new(),
            anonymous: false,
            no_resolution: false,
            priority: 0,
            service: None,
            load_balancer: false,
            attachment: None,
        }
    }
}

impl EndpointKey {
    /// What drivers call it.
    pub const fn object(self) -> Object {
        Object::Endpoint(self.network, self.endpoint)
    }
}

impl RecordId for EndpointKey {
    fn segments(&self) -> Vec<Segment> {
        vec![self.network.segment(), self.endpoint.segment()]
    }

    fn from_segments(segments: &[Segment]) -> Option<Self> {
        let [network, endpoint] = segments else { return None };
        Some(Self {
            network: NetworkId::from_segment(network)?,
            endpoint: EndpointId::from_segment(endpoint)?,
        })
    }
}
