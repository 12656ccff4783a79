//! What a driver sees when it plans.

use netkeep_model::{Claim, Object, Owner, Pool, Scope, Space};

use crate::{PlannedRecord, Want};

/// The state that a plan is made from: one revision of the replica, plus what this operation has planned so far.
///
/// Whatever a driver reads here is guarded in the commit: if it has changed by then, the driver plans again.
pub trait PlanView: Send + Sync {
    /// The driver's own records on `on`.
    fn records(&self, scope: Scope, on: &Object) -> Vec<PlannedRecord>;

    /// Who holds `claim`, or a part of it; `None` if it is free.
    fn holder(&self, claim: &Claim) -> Option<Owner>;

    /// A free claim within these bounds; `None` if there is none.
    fn free(&self, want: &Want) -> Option<Claim>;

    /// The pools of a space.
    fn pools(&self, space: &Space) -> Vec<PoolView>;

    /// The pool of a space that is just this one; `None` if there is none. Addresses are planned with it, so it
    /// should not cost more in a space of many pools.
    fn pool(&self, space: &Space, pool: Pool) -> Option<PoolView> {
        self.pools(space).into_iter().find(|view| view.pool == pool)
    }
}

/// A pool of a space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolView {
    /// The whole pool.
    pub pool: Pool,
    /// True if it was asked for as a whole; false if it stands only for its sub-pools.
    pub whole: bool,
    /// The parts of it that were asked for.
    pub subs: Vec<Pool>,
}
