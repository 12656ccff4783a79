//! What a driver sees when it plans for this host.

use netkeep_drivers::{PlanView, PlannedRecord, PoolView, Want};
use netkeep_model::{Claim, Object, Owner, Pool, Scope, Space};

use crate::operation::View;

/// Two stores in one view: claims are of this host, pools and shared records of the store of the network.
pub(super) struct HostView<'a> {
    pub(super) local: View<'a>,
    /// `None` if that is the same.
    pub(super) of: Option<View<'a>>,
}

impl<'a> HostView<'a> {
    fn of(&self) -> &View<'a> {
        self.of.as_ref().unwrap_or(&self.local)
    }
}

impl PlanView for HostView<'_> {
    fn records(&self, scope: Scope, on: &Object) -> Vec<PlannedRecord> {
        match scope {
            Scope::Local => self.local.records(scope, on),
            Scope::Global => self.of().records(scope, on),
        }
    }

    fn holder(&self, claim: &Claim) -> Option<Owner> {
        match claim {
            Claim::Pool { .. } | Claim::Address { .. } => self.of().holder(claim),
            Claim::Ports { .. } | Claim::Link { .. } | Claim::Number { .. } => self.local.holder(claim),
        }
    }

    fn free(&self, want: &Want) -> Option<Claim> {
        self.local.free(want)
    }

    fn pools(&self, space: &Space) -> Vec<PoolView> {
        self.of().pools(space)
    }

    fn pool(&self, space: &Space, pool: Pool) -> Option<PoolView> {
        self.of().pool(space, pool)
    }
}
