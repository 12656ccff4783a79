//! Views that are not what they seem.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use netkeep_drivers::{PlanView, PlannedRecord, PoolView, Want};
use netkeep_model::{Claim, HostId, Id, Incarnation, Object, Owner, RequestId, Scope, Space, Timestamp};

/// How a view is bent.
pub(super) enum Bend<'a> {
    /// Nobody holds anything.
    AllFree,
    /// What was held once is held for ever.
    Remembered(&'a Mutex<BTreeSet<String>>),
    /// Nothing bars a removal.
    NoRecords,
}

/// A view that is bent.
pub(super) struct BentView<'a> {
    pub(super) inner: &'a dyn PlanView,
    pub(super) bend: Bend<'a>,
}

impl PlanView for BentView<'_> {
    fn records(&self, scope: Scope, on: &Object) -> Vec<PlannedRecord> {
        match self.bend {
            Bend::NoRecords => Vec::new(),
            Bend::AllFree | Bend::Remembered(_) => self.inner.records(scope, on),
        }
    }

    fn holder(&self, claim: &Claim) -> Option<Owner> {
        match self.bend {
            Bend::AllFree => None,
            Bend::NoRecords => self.inner.holder(claim),
            Bend::Remembered(held) => {
                let mut held = held.lock().unwrap_or_else(PoisonError::into_inner);
                let now = self.inner.holder(claim);
                if now.is_some() {
                    held.insert(claim.to_string());
                }
                now.or_else(|| held.contains(&claim.to_string()).then(someone))
            }
        }
    }

    fn free(&self, want: &Want) -> Option<Claim> {
        self.inner.free(want)
    }

    fn pools(&self, space: &Space) -> Vec<PoolView> {
        self.inner.pools(space)
    }
}

fn someone() -> Owner {
    let id = Id::new(Timestamp::from_unix_millis(0), [1; 10]);
    let (host, request) = (HostId::from(id), RequestId::from(id));
    Owner::Client { host, incarnation: Incarnation::ZERO, since: Timestamp::from_unix_millis(0), request }
}
