//! How this host lives among the others.

use std::net::IpAddr;
use std::time::Duration;

/// How this host lives among those that share a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostsConfig {
    /// How long this host counts as up after its last sign of life; as near to this as the store allows. Three signs
    /// are given in that time. Default: 15 s.
    pub lease: Duration,
    /// How long another host may be gone before this one evicts it; `None`, the default, leaves that to people.
    pub evict_after: Option<Duration>,
    /// The address at which the other hosts reach the endpoints of this one, for their drivers and for people; none
    /// unless it is given.
    pub address: Option<IpAddr>,
}

impl Default for HostsConfig {
    fn default() -> Self {
        Self { lease: Duration::from_secs(15), evict_after: None, address: None }
    }
}
