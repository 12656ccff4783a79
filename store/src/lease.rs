//! Entries that go when nobody keeps them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The name of a lease, as its store gives it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeaseId(Arc<str>);

impl LeaseId {
    /// The lease with this name.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self(name.into())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LeaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for LeaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

/// A lease as it was granted.
///
/// It ends `ttl` after its last renewal at the earliest, and the store's
/// [`lease_slack`](crate::Limits::lease_slack) later at the latest. Dropping this value neither renews nor ends
/// it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Its name.
    pub id: LeaseId,
    /// How long it lives after a renewal, as it was asked for.
    pub ttl: Duration,
}
