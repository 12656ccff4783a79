//! Hosts as callers are told of them.

use netkeep_model::{Host, HostId, Incarnation, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{AddressInfo, EndpointInfo, NetworkInfo, PoolInfo};

/// A host as it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HostInfo {
    /// Which.
    pub id: HostId,
    /// True if it is the one that answers.
    pub this: bool,
    /// Whether it is up.
    pub state: HostState,
    /// Since when, by the clock of who wrote it down; `None` if nobody did.
    pub since: Option<Timestamp>,
    /// How much is its own.
    pub owns: Owned,
    /// The commit that wrote its record.
    pub revision: u64,
    /// Its record.
    #[serde(flatten)]
    pub host: Host,
}

/// Whether a host is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HostState {
    /// It gives signs of life.
    Alive,
    /// It gives none.
    Gone,
    /// It was evicted and did not begin again.
    Evicted,
}

/// How much is a host's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owned {
    /// Endpoints that it made, or is attached to.
    pub endpoints: usize,
    /// Addresses that its clients hold.
    pub addresses: usize,
    /// Pools, and parts of pools, that its clients hold.
    pub pools: usize,
    /// Numbers that its clients hold.
    pub numbers: usize,
    /// Table entries that it has published.
    pub entries: usize,
    /// Networks, endpoints and pools that it has in between.
    pub between: usize,
}

/// A host with all that is its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HostDetails {
    /// The host.
    #[serde(flatten)]
    pub info: HostInfo,
    /// The networks that it has in between; those that are whole are everybody's.
    pub networks: Vec<NetworkInfo>,
    /// The endpoints that it made, or is attached to.
    pub endpoints: Vec<EndpointInfo>,
    /// The pools that its clients hold.
    pub pools: Vec<PoolInfo>,
    /// The addresses that its clients hold.
    pub addresses: Vec<AddressInfo>,
}

/// What an eviction has done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Eviction {
    /// The host that was evicted.
    pub host: HostId,
    /// The last of its incarnations that may write no more.
    pub evicted_through: Incarnation,
    /// What was released here, in words. Others may have released more.
    pub released: Vec<String>,
    /// What is not released yet, with the reason; it is tried again by itself.
    pub left: Vec<String>,
}

impl HostState {
    /// As in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Alive => "alive",
            Self::Gone => "gone",
            Self::Evicted => "evicted",
        }
    }
}

impl Owned {
    /// True if nothing is.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
