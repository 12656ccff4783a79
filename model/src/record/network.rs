//! Networks.

use std::collections::BTreeMap;
use std::net::IpAddr;

use netkeep_store::datastore::{Either, Record};
use serde::{Deserialize, Serialize};

use super::NetworkIpam;
use crate::value::{is_default, is_true, yes};
use crate::{DriverKind, Labels, NetworkId, NetworkName, Options, Phase, Scope, TableName, Timestamp};

/// A network, at `networks/<network>`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Network {
    /// Its name, unique within its store by the record [`NetworkNameRecord`](super::NetworkNameRecord).
    pub name: NetworkName,
    /// The driver that makes it.
    pub driver: DriverKind,
    /// The store that it and all that hangs on it live in.
    pub scope: Scope,
    /// When it was made.
    pub created: Timestamp,
    /// Whether it is whole.
    #[serde(default, skip_serializing_if = "is_default")]
    pub phase: Phase,
    /// What people attach to it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub labels: Labels,
    /// What the driver is told.
    #[serde(default, skip_serializing_if = "is_default")]
    pub options: Options,
    /// Whether endpoints get IPv4 addresses; on unless it says otherwise.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub ipv4: bool,
    /// Whether endpoints get IPv6 addresses.
    #[serde(default, skip_serializing_if = "is_default")]
    pub ipv6: bool,
    /// Whether the IPv6 address of an endpoint is chosen only after the driver has made the endpoint.
    #[serde(default, skip_serializing_if = "is_default")]
    pub late_ipv6: bool,
    /// Whether nothing leads out of it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub internal: bool,
    /// Whether containers that no orchestrator runs may join it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub attachable: bool,
    /// Whether it carries the published ports of services.
    #[serde(default, skip_serializing_if = "is_default")]
    pub ingress: bool,
    /// Whether it only keeps settings for other networks.
    #[serde(default, skip_serializing_if = "is_default")]
    pub config_only: bool,
    /// The network whose settings it took.
    #[serde(default, skip_serializing_if = "is_default")]
    pub config_from: Option<NetworkId>,
    /// Whether an orchestrator made it on this host and will take it away.
    #[serde(default, skip_serializing_if = "is_default")]
    pub dynamic: bool,
    /// Whether it outlives the daemon; on unless it says otherwise.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub persist: bool,
    /// Where its addresses are from.
    #[serde(default, skip_serializing_if = "is_default")]
    pub ipam: NetworkIpam,
    /// What the driver has settled for the whole cluster.
    #[serde(default, skip_serializing_if = "is_default")]
    pub allocated: BTreeMap<String, String>,
    /// The tables whose entries the driver wants to hear of.
    #[serde(default, skip_serializing_if = "is_default")]
    pub tables: Vec<TableName>,
    /// The address of the load balancer, if it has one.
    #[serde(default, skip_serializing_if = "is_default")]
    pub load_balancer: Option<IpAddr>,
    /// How the load balancer forwards.
    #[serde(default, skip_serializing_if = "is_default")]
    pub load_balancer_mode: LoadBalancerMode,
}

impl Record for Network {
    type Home = Either;
    type Id = NetworkId;
    const KIND: &'static str = "network";
    const VERSION: u32 = 1;
    const ROOT: &'static str = "networks";
}

impl Network {
    /// A network with only what it must have: IPv4, kept, ready, and no pools yet.
    pub fn new(name: NetworkName, driver: DriverKind, scope: Scope, created: Timestamp) -> Self {
        Self {
            name,
            driver,
            scope,
            created,
            phase: Phase::Ready,
            labels: Labels::new(),
            options: Options::new(),
            ipv4: true,
            ipv6: false,
            late_ipv6: false,
            internal: false,
            attachable: false,
            ingress: false,
            config_only: false,
            config_from: None,
            dynamic: false,
            persist: true,
            ipam: NetworkIpam::default(),
            allocated: BTreeMap::new(),
            tables: Vec::new(),
            load_balancer: None,
            load_balancer_mode: LoadBalancerMode::Nat,
        }
    }
}

/// How a load balancer forwards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LoadBalancerMode {
    /// It translates addresses; answers pass it again.
    #[default]
    Nat,
    /// Answers go to the caller directly.
    Dsr,
}
