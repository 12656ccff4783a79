//! The hosts.

use std::net::IpAddr;

use netkeep_store::datastore::{Global, Record};
use serde::{Deserialize, Serialize};

use crate::value::is_default;
use crate::{BootId, HostId, Incarnation, Timestamp};

/// A host, at `hosts/<host>`: rewritten by each start of its daemon and by its eviction; once more as it is when a run
/// of that daemon has lost an answer, and by nothing else.
///
/// Every commit of a host to the global store guards it, so that an earlier run's late write fails, and an
/// evicted host's too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Host {
    /// The start of its daemon that is valid.
    pub incarnation: Incarnation,
    /// The boot in which that was.
    pub boot: BootId,
    /// When that was.
    pub started: Timestamp,
    /// What people call it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub name: String,
    /// The version of its daemon.
    #[serde(default, skip_serializing_if = "is_default")]
    pub version: String,
    /// The address at which the other hosts reach its endpoints.
    #[serde(default, skip_serializing_if = "is_default")]
    pub address: Option<IpAddr>,
    /// The address to which it binds for that, if it is another.
    #[serde(default, skip_serializing_if = "is_default")]
    pub bind_address: Option<IpAddr>,
    /// The highest incarnation that an eviction covers, kept by later starts: what belongs to it, or to a lower
    /// one, is released.
    #[serde(default, skip_serializing_if = "is_default")]
    pub evicted_through: Incarnation,
}

impl Record for Host {
    type Home = Global;
    type Id = HostId;
    const KIND: &'static str = "host";
    const VERSION: u32 = 1;
    const ROOT: &'static str = "hosts";
}

impl Host {
    /// Whether what belongs to this incarnation is released.
    pub fn has_evicted(&self, incarnation: Incarnation) -> bool {
        incarnation <= self.evicted_through
    }

    /// Whether the run that is valid was evicted, so that the host has to start anew.
    pub fn is_evicted(&self) -> bool {
        self.has_evicted(self.incarnation)
    }
}
