//! The check of a store.

use std::sync::Arc;

use netkeep_model::HostRef;
use netkeep_store::datastore::Record;
use netkeep_store::{Prefix, Store, WatchItem};

use super::{CheckReport, Invariant, Violation, allocations, objects};
use crate::Result;
use crate::replica::State;

/// What a check has found so far.
pub(super) struct Findings<'a> {
    pub(super) state: &'a State,
    /// The run that is alive; every other one is over.
    pub(super) alive: HostRef,
    violations: Vec<Violation>,
}

impl Findings<'_> {
    /// Notes that the record with this id breaks an invariant.
    pub(super) fn note<T: Record>(&mut self, invariant: Invariant, id: &T::Id, found: String, mend: &str) {
        let key = T::key(id).map_or_else(|_| format!("{id:?}"), |key| key.to_string());
        self.violations.push(Violation { invariant, key, found, mend: mend.to_owned() });
    }
}

/// Looks for what must not be in `store`, as it is at one revision.
pub(crate) async fn check(store: &Arc<dyn Store>, alive: HostRef) -> Result<CheckReport> {
    let snapshot = store.list(&Prefix::root()).await?;
    let (revision, records) = (snapshot.revision.get(), snapshot.entries.len());
    let mut state = State::default();
    state.deliver(&WatchItem::Reset(snapshot));
    let mut findings = Findings { state: &state, alive, violations: Vec::new() };
    allocations::check(&mut findings);
    objects::check(&mut findings);
    for unreadable in state.tables.unreadable.values() {
        findings.violations.push(Violation {
            invariant: Invariant::I8,
            key: unreadable.key.to_string(),
            found: unreadable.reason.clone(),
            mend: "restore the record from a backup, or remove it".to_owned(),
        });
    }
    findings.violations.sort();
    Ok(CheckReport { revision, records, violations: findings.violations })
}
