//! Views that a broken IPAM driver does not see as they are.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use netkeep_drivers::{Order, PlanView, PlannedRecord, PoolView, Want};
use netkeep_model::{Claim, Object, Owner, Pool, Scope, Space};

use crate::{Ledger, LedgerView};

/// How a view is bent.
pub(super) enum Bend<'a> {
    /// Only this pool is seen.
    Only(Pool),
    /// Only pools that are at least so large are seen.
    Whole(u8),
    /// The pools of these spaces are seen as those of one.
    Together([Space; 2]),
    /// The parts of pools are not seen.
    NoParts,
    /// Every address is free.
    AllFree,
    /// The lowest address is taken first.
    Lowest,
    /// What was held once is held for ever.
    Remembered(&'a Mutex<BTreeMap<String, Owner>>),
}

/// A view that is bent.
pub(super) struct BentView<'a> {
    pub(super) inner: &'a dyn PlanView,
    pub(super) bend: Bend<'a>,
}

impl PlanView for BentView<'_> {
    fn records(&self, scope: Scope, on: &Object) -> Vec<PlannedRecord> {
        self.inner.records(scope, on)
    }

    fn holder(&self, claim: &Claim) -> Option<Owner> {
        let holder = self.inner.holder(claim);
        let Bend::Remembered(seen) = self.bend else { return holder };
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(owner) = &holder {
            seen.insert(claim.to_string(), owner.clone());
        }
        seen.get(&claim.to_string()).cloned()
    }

    fn free(&self, want: &Want) -> Option<Claim> {
        match (&self.bend, want.clone()) {
            (Bend::AllFree, want) => {
                let nothing = LedgerView::new(Ledger::default(), Ledger::default(), Scope::Local);
                nothing.free(&want)
            }
            (Bend::Lowest, Want::Address { space, pool, from, to, .. }) => {
                self.inner.free(&Want::Address { space, pool, from, to, order: Order::Lowest })
            }
            (_, want) => self.inner.free(&want),
        }
    }

    fn pools(&self, space: &Space) -> Vec<PoolView> {
        let mut pools = self.inner.pools(space);
        match &self.bend {
            Bend::Only(pool) => pools.retain(|view| view.pool == *pool),
            Bend::Whole(length) => pools.retain(|view| view.pool.prefix_len() <= *length),
            Bend::Together(spaces) => {
                pools = spaces.iter().flat_map(|space| self.inner.pools(space)).collect();
            }
            Bend::NoParts => pools.iter_mut().for_each(|view| view.subs.clear()),
            Bend::AllFree | Bend::Lowest | Bend::Remembered(_) => {}
        }
        pools
    }
}
