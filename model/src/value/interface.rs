//! Interfaces of endpoints.

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use serde::{Deserialize, Serialize};

use super::{MacAddress, PoolRef, is_default};
use crate::LinkName;

/// One interface of an endpoint: what was asked for, and what it was given.
///
/// An address is written with the prefix length of its network, as in `10.0.0.5/24`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct InterfaceSpec {
    /// The hardware address.
    #[serde(default, skip_serializing_if = "is_default")]
    pub mac: Option<MacAddress>,
    /// The IPv4 address.
    #[serde(default, skip_serializing_if = "is_default")]
    pub ipv4: Option<Ipv4Net>,
    /// The IPv6 address.
    #[serde(default, skip_serializing_if = "is_default")]
    pub ipv6: Option<Ipv6Net>,
    /// Link-local addresses beside those.
    #[serde(default, skip_serializing_if = "is_default")]
    pub link_local: Vec<IpNet>,
    /// The pool that gave the IPv4 address.
    #[serde(default, skip_serializing_if = "is_default")]
    pub ipv4_pool: Option<PoolRef>,
    /// The pool that gave the IPv6 address.
    #[serde(default, skip_serializing_if = "is_default")]
    pub ipv6_pool: Option<PoolRef>,
    /// How the interface is called; known after a join.
    #[serde(default, skip_serializing_if = "is_default")]
    pub names: Option<InterfaceNames>,
}

/// How an interface is called before and after it moves into a sandbox.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct InterfaceNames {
    /// Its name before the move.
    pub source: LinkName,
    /// What its name inside begins with; a number follows.
    pub prefix: LinkName,
}
