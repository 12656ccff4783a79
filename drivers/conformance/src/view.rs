//! What a judged driver sees when it plans.

use std::sync::{Mutex, PoisonError};

use netkeep_drivers::{PlanView, PlannedRecord, PoolView, Want};
use netkeep_model::{Claim, Object, Owner, Scope, Space};

use crate::Ledger;

/// A view of two ledgers as they were when it was made.
#[derive(Debug)]
pub struct LedgerView {
    local: Ledger,
    global: Ledger,
    /// Whose addresses, numbers and pools are seen.
    scope: Scope,
    taken: Vec<Claim>,
    reads: Mutex<Vec<Read>>,
}

/// A question to a view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Read {
    /// The driver's records on an object.
    Records(Scope, Object),
    /// Who holds something.
    Holder(Claim),
    /// Something free.
    Free(Want),
    /// The pools of a space.
    Pools(Space),
}

impl LedgerView {
    /// A view of a network of this scope.
    pub fn new(local: Ledger, global: Ledger, scope: Scope) -> Self {
        Self { local, global, scope, taken: Vec::new(), reads: Mutex::default() }
    }

    /// The same, in which none of `taken` is free: someone unknown to the stores holds it.
    #[must_use]
    pub fn without(self, taken: &[Claim]) -> Self {
        Self { taken: taken.to_vec(), ..self }
    }

    /// What was asked so far.
    pub fn reads(&self) -> Vec<Read> {
        self.reads.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Who holds `claim`; not recorded as a question.
    pub fn held_by(&self, claim: &Claim) -> Option<Owner> {
        self.ledger_of(claim).holder(claim).cloned()
    }

    fn ledger_of(&self, claim: &Claim) -> &Ledger {
        match claim {
            Claim::Ports { .. } | Claim::Link { .. } => &self.local,
            Claim::Address { .. } | Claim::Number { .. } | Claim::Pool { .. } => self.ledger(self.scope),
        }
    }

    fn ledger(&self, scope: Scope) -> &Ledger {
        match scope {
            Scope::Local => &self.local,
            Scope::Global => &self.global,
        }
    }

    fn read(&self, read: Read) {
        self.reads.lock().unwrap_or_else(PoisonError::into_inner).push(read);
    }
}

impl PlanView for LedgerView {
    fn records(&self, scope: Scope, on: &Object) -> Vec<PlannedRecord> {
        self.read(Read::Records(scope, *on));
        planned_records(self.ledger(scope), scope, on)
    }

    fn holder(&self, claim: &Claim) -> Option<Owner> {
        self.read(Read::Holder(claim.clone()));
        self.held_by(claim)
    }

    fn free(&self, want: &Want) -> Option<Claim> {
        self.read(Read::Free(want.clone()));
        let ledger = match want {
            Want::Ports { .. } => &self.local,
            Want::Number { .. } | Want::Address { .. } => self.ledger(self.scope),
        };
        ledger.free(want, &self.taken)
    }

    fn pools(&self, space: &Space) -> Vec<PoolView> {
        self.read(Read::Pools(space.clone()));
        self.ledger(self.scope).pools(space)
    }
}

/// The driver's records on an object in one store.
pub(crate) fn planned_records(ledger: &Ledger, scope: Scope, on: &Object) -> Vec<PlannedRecord> {
    let records = ledger.records.iter().filter(|((of, _), _)| of == on);
    records
        .map(|((_, name), value)| PlannedRecord {
            scope,
            on: *on,
            name: name.clone(),
            value: Some(value.clone()),
        })
        .collect()
}
