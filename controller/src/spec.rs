//! What callers ask for.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use netkeep_model::{
    DriverKind, EndpointName, IpamKind, Labels, MacAddress, NetworkName, Options, Pool, PortBinding,
    RequestId, Scope, Space, TransportPort,
};
use serde::{Deserialize, Serialize};

/// A network that is asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkSpec {
    /// Its name; no other network of this host or store has it.
    pub name: NetworkName,
    /// The request, which gives the network its id: the same request again returns the network that it made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<RequestId>,
    /// Its driver.
    pub driver: DriverKind,
    /// Where it lives; the driver decides if it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
    /// Options of the driver.
    #[serde(default, skip_serializing_if = "Options::is_empty")]
    pub options: Options,
    /// Labels for people.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: Labels,
    /// Whether endpoints get IPv4 addresses; true unless said otherwise.
    #[serde(default = "yes")]
    pub ipv4: bool,
    /// Whether endpoints get IPv6 addresses.
    #[serde(default)]
    pub ipv6: bool,
    /// Whether it has no way out.
    #[serde(default)]
    pub internal: bool,
    /// Whether anyone may attach to it.
    #[serde(default)]
    pub attachable: bool,
    /// Whether it carries the ingress of a cluster.
    #[serde(default)]
    pub ingress: bool,
    /// Whether it only lends its configuration to other networks.
    #[serde(default)]
    pub config_only: bool,
    /// The network whose configuration it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_from: Option<NetworkName>,
    /// Whether it was made on demand, for an attachment.
    #[serde(default)]
    pub dynamic: bool,
    /// Its pools.
    #[serde(default)]
    pub ipam: IpamSpec,
}

/// The pools of a network that is asked for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IpamSpec {
    /// The IPAM driver; `default` if it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub driver: Option<IpamKind>,
    /// The address space; the IPAM driver's own for the scope of the network if it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub space: Option<Space>,
    /// Options of the IPAM driver.
    #[serde(default, skip_serializing_if = "Options::is_empty")]
    pub options: Options,
    /// Whether pools and addresses that clients hold may be taken over, if they are asked for by name.
    #[serde(default)]
    pub adopt: bool,
    /// The pools, of both families. For a wanted family without an entry, a predefined pool is chosen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pools: Vec<PoolSpec>,
}

/// One pool of a network that is asked for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PoolSpec {
    /// The pool; a predefined one is chosen if it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<Pool>,
    /// The part of the pool that endpoints get their addresses from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub: Option<Pool>,
    /// The gateway; the first free address if it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<IpAddr>,
    /// Addresses that no endpoint gets, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub auxiliary: BTreeMap<String, IpAddr>,
}

/// An endpoint that is asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndpointSpec {
    /// Its name; no other endpoint of its network has it.
    pub name: EndpointName,
    /// The request, which gives the endpoint its id: the same request again returns the endpoint that it made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<RequestId>,
    /// Its IPv4 address; any that is free if it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ipv4: Option<Ipv4Addr>,
    /// Its IPv6 address; any that is free if it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ipv6: Option<Ipv6Addr>,
    /// Its link-local addresses beside those.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub link_local: Vec<IpAddr>,
    /// Whether an address that a client holds may be taken over, if it is asked for by name.
    #[serde(default)]
    pub adopt: bool,
    /// Its MAC address; the driver's choice if it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mac: Option<MacAddress>,
    /// Options of the driver.
    #[serde(default, skip_serializing_if = "Options::is_empty")]
    pub options: Options,
    /// Options of the IPAM driver.
    #[serde(default, skip_serializing_if = "Options::is_empty")]
    pub ipam_options: Options,
    /// Ports that it listens on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exposed: Vec<TransportPort>,
    /// Ports of the host that lead to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bindings: Vec<PortBinding>,
    /// Its name servers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dns: Vec<IpAddr>,
    /// Other names of it on its network.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// Whether its name is not announced.
    #[serde(default)]
    pub anonymous: bool,
    /// Whether it wants no name resolution.
    #[serde(default)]
    pub no_resolution: bool,
    /// Its rank as the way out of its sandbox; the highest wins.
    #[serde(default)]
    pub priority: i32,
}

/// A pool that a client asks for by itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PoolRequestSpec {
    /// The request: the same one again returns the pool that it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<RequestId>,
    /// The IPAM driver; `default` if it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub driver: Option<IpamKind>,
    /// The address space; the IPAM driver's local one if it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub space: Option<Space>,
    /// The pool; a predefined one is chosen if it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<Pool>,
    /// The part of the pool that is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub: Option<Pool>,
    /// Whether an IPv6 pool is to be chosen.
    #[serde(default)]
    pub ipv6: bool,
    /// Options of the IPAM driver.
    #[serde(default, skip_serializing_if = "Options::is_empty")]
    pub options: Options,
}

/// An address that a client asks for by itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddressRequestSpec {
    /// The request: the same one again returns the address that it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<RequestId>,
    /// The address space.
    pub space: Space,
    /// The pool.
    pub pool: Pool,
    /// The part of the pool that it shall come from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub: Option<Pool>,
    /// The address; any that is free if it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
    /// Options of the IPAM driver.
    #[serde(default, skip_serializing_if = "Options::is_empty")]
    pub options: Options,
}

impl NetworkSpec {
    /// A network with this name and driver, and nothing else asked for.
    pub fn new(name: NetworkName, driver: DriverKind) -> Self {
        Self {
            name,
            request: None,
            driver,
            scope: None,
            options: Options::new(),
            labels: Labels::new(),
            ipv4: true,
            ipv6: false,
            internal: false,
            attachable: false,
            ingress: false,
            config_only: false,
            config_from: None,
            dynamic: false,
            ipam: IpamSpec::default(),
        }
    }
}

impl EndpointSpec {
    /// An endpoint with this name, and nothing else asked for.
    pub fn new(name: EndpointName) -> Self {
        Self {
            name,
            request: None,
            ipv4: None,
            ipv6: None,
            link_local: Vec::new(),
            adopt: false,
            mac: None,
            options: Options::new(),
            ipam_options: Options::new(),
            exposed: Vec::new(),
            bindings: Vec::new(),
            dns: Vec::new(),
            aliases: Vec::new(),
            anonymous: false,
            no_resolution: false,
            priority: 0,
        }
    }
}

impl AddressRequestSpec {
    /// Any free address of this pool.
    pub fn new(space: Space, pool: Pool) -> Self {
        Self { request: None, space, pool, sub: None, address: None, options: Options::new() }
    }
}

const fn yes() -> bool {
    true
}
