//! The leases of a store in memory.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use tokio::time::Instant;

use crate::{Error, Key, Kind, LeaseId, Result};

/// The leases that live, with the keys that go with each.
#[derive(Debug, Default)]
pub(super) struct Leases {
    live: HashMap<LeaseId, Held>,
    /// How many were ever granted; the next name is made from it, so no name comes twice.
    granted: u64,
}

/// Who a handle is among the handles of one server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Owner(pub(super) u64);

#[derive(Debug)]
struct Held {
    owner: Owner,
    ttl: Duration,
    deadline: Instant,
    keys: BTreeSet<Key>,
}

impl Leases {
    /// A new lease, named by `store` and a number.
    pub(super) fn grant(&mut self, store: impl std::fmt::Display, owner: Owner, ttl: Duration) -> LeaseId {
        self.granted += 1;
        let id = LeaseId::new(format!("{store}-{}", self.granted));
        let held = Held { owner, ttl, deadline: Instant::now() + ttl, keys: BTreeSet::new() };
        self.live.insert(id.clone(), held);
        id
    }

    /// Lets a lease live for its whole ttl from now.
    pub(super) fn renew(&mut self, id: &LeaseId, owner: Owner) -> Result<()> {
        let held = self.own(id, owner)?;
        held.deadline = Instant::now() + held.ttl;
        Ok(())
    }

    /// Refuses a lease that has ended or belongs to another handle.
    pub(super) fn check(&mut self, id: &LeaseId, owner: Owner) -> Result<()> {
        self.own(id, owner).map(|_| ())
    }

    /// Notes that `key` goes with the lease `id`.
    pub(super) fn attach(&mut self, id: &LeaseId, key: Key) {
        if let Some(held) = self.live.get_mut(id) {
            held.keys.insert(key);
        }
    }

    /// Notes that `key` no longer goes with the lease `id`.
    pub(super) fn detach(&mut self, id: &LeaseId, key: &Key) {
        if let Some(held) = self.live.get_mut(id) {
            held.keys.remove(key);
        }
    }

    /// Ends a lease; its keys are the caller's to remove.
    pub(super) fn end(&mut self, id: &LeaseId) -> BTreeSet<Key> {
        self.live.remove(id).map(|held| held.keys).unwrap_or_default()
    }

    /// When the lease ends if nobody renews it; `None` if it has ended.
    pub(super) fn deadline(&self, id: &LeaseId) -> Option<Instant> {
        self.live.get(id).map(|held| held.deadline)
    }

    /// The leases whose time is over.
    pub(super) fn overdue(&self) -> Vec<LeaseId> {
        let now = Instant::now();
        let mut overdue: Vec<_> = self.live.iter().filter(|(_, held)| held.deadline <= now).collect();
        overdue.sort_by_key(|(_, held)| held.deadline);
        overdue.into_iter().map(|(id, _)| id.clone()).collect()
    }

    /// Gives every lease its whole ttl from now, as a server does that was away.
    pub(super) fn restart(&mut self) {
        let now = Instant::now();
        for held in self.live.values_mut() {
            held.deadline = now + held.ttl;
        }
    }

    fn own(&mut self, id: &LeaseId, owner: Owner) -> Result<&mut Held> {
        match self.live.get_mut(id) {
            None => Err(Error::new(Kind::LeaseLost, format!("lease {id} has ended"))),
            Some(held) if held.owner != owner => {
                Err(Error::new(Kind::LeaseLost, format!("lease {id} was granted to another handle")))
            }
            Some(held) => Ok(held),
        }
    }
}
