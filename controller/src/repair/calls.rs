//! What a controller offers to mend a store.

use netkeep_model::Scope;
use netkeep_store::Key;

use super::{QuarantinedRecord, RepairPlan, RepairReport};
use crate::{Controller, Operation, Result, repair};

impl Controller {
    /// Says what a plan that a [check](Controller::check) has made would do, or, with `apply`, does it: each repair
    /// wholly or not at all, in order, up to the first that fails. What each of them rests on must be as the plan
    /// saw it.
    ///
    /// Cancellation: it goes on.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::ErrorKind::Invalid) for what is no plan; [`Forbidden`](crate::ErrorKind::Forbidden) for
    /// the plan of another store; [`Unavailable`](crate::ErrorKind::Unavailable) if a store cannot be had;
    /// [`Conflict`](crate::ErrorKind::Conflict) names a record that has changed since, and nothing was done.
    pub async fn repair(&self, plan: RepairPlan, apply: bool) -> Result<RepairReport> {
        self.run(Operation::Repair, |sides| async move { repair::repair(&sides, &plan, apply).await }).await
    }

    /// The records that cannot be read, in the store of this host and in the global one as far as it can be had.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// What the stores answer.
    pub async fn quarantine(&self) -> Result<Vec<QuarantinedRecord>> {
        repair::quarantined(self.sides()).await
    }

    /// Takes a record that cannot be read out of its store. Who wants it back keeps what
    /// [`Controller::quarantine`] says of it.
    ///
    /// Cancellation: it goes on.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound) if no unreadable record of this revision is there;
    /// [`Conflict`](crate::ErrorKind::Conflict) if it has changed; [`Unavailable`](crate::ErrorKind::Unavailable)
    /// if the store cannot be had.
    pub async fn take_out(&self, scope: Scope, key: Key, revision: u64) -> Result<()> {
        self.run(
            Operation::TakeOut,
            |sides| async move { repair::take_out(&sides, scope, key, revision).await },
        )
        .await
    }
}
