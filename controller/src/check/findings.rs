//! What a check has found so far.

use netkeep_model::{HostRef, OperationId};
use netkeep_store::datastore::Record;

use super::mend::Mend;
use super::{Invariant, UnderWay, Violation};
use crate::repair::Draft;
use crate::replica::State;

/// What a check of one store has found so far.
#[derive(Debug)]
pub(super) struct Findings<'a> {
    pub(super) state: &'a State,
    pub(super) beside: Beside<'a>,
    /// The run that looks.
    pub(super) alive: HostRef,
    /// What says in the store that a repair has changed the set of pools of a space.
    pub(super) operation: OperationId,
    pub(super) found: Vec<(Violation, Option<Draft>)>,
    pub(super) under_way: Vec<UnderWay>,
}

/// The other one of the two stores.
#[derive(Clone, Copy, Debug)]
pub(super) enum Beside<'a> {
    /// There is none.
    Nothing,
    /// What it holds.
    Known(&'a State),
    /// It cannot be had now.
    Unknown,
}

impl<'a> Findings<'a> {
    /// Nothing yet.
    pub(super) fn new(state: &'a State, beside: Beside<'a>, alive: HostRef) -> Self {
        Self {
            state,
            beside,
            alive,
            operation: OperationId::generate(),
            found: Vec::new(),
            under_way: Vec::new(),
        }
    }

    /// Notes that the record with this id breaks an invariant.
    pub(super) fn note<T: Record>(&mut self, invariant: Invariant, id: &T::Id, found: String, mend: Mend) {
        let key = key_of::<T>(id);
        self.found.push((Violation { invariant, key, found, mend: mend.text }, mend.draft));
    }

    /// Notes that the record with this id is part of something that is under way, or cannot be judged now.
    pub(super) fn wait<T: Record>(&mut self, id: &T::Id, what: String) {
        self.under_way.push(UnderWay { key: key_of::<T>(id), what });
    }
}

fn key_of<T: Record>(id: &T::Id) -> String {
    T::key(id).map_or_else(|_| format!("{id:?}"), |key| key.to_string())
}
