//! Violations that are mended together.

use std::collections::{BTreeMap, BTreeSet};

use netkeep_model::Scope;
use netkeep_store::{Guard, Key, Revision, Txn, Write};

use super::{Condition, Draft, Mended, Repair, RepairOperation};
use crate::check::Violation;
use crate::operation::{cut_txn, fits_txn};

/// Drafts of which each changes what another changes or rests on: they are done in one transaction.
#[derive(Clone, Debug, Default)]
struct Group {
    mends: Vec<Mended>,
    guards: BTreeMap<Key, Guard>,
    writes: BTreeMap<Key, Write>,
    elsewhere: BTreeSet<Condition>,
    work: Option<RepairOperation>,
}

/// Puts the drafts of a store together to repairs, in the order in which they are to be done: those on which others
/// rest, then changes, then operations of the daemon. What contradicts another is left for the next check, which its
/// violation says then.
pub(crate) fn group(scope: Scope, found: Vec<(Violation, Option<Draft>)>) -> (Vec<Violation>, Vec<Repair>) {
    let mut violations = Vec::with_capacity(found.len());
    let mut drafts = Vec::new();
    for (violation, draft) in found {
        if let (Some(draft), Ok(key)) = (draft, Key::parse(&violation.key)) {
            let mended = Mended { invariant: violation.invariant, key, found: violation.found.clone() };
            drafts.push((violations.len(), mended, draft));
        }
        violations.push(violation);
    }
    drafts.sort_by_key(|(_, _, draft)| (draft.work.is_some(), !draft.first));
    let mut groups: Vec<Option<Group>> = Vec::new();
    let mut touched: BTreeMap<Key, BTreeSet<usize>> = BTreeMap::new();
    for (violation, mended, draft) in drafts {
        let group = Group::of(mended, draft);
        let met: BTreeSet<usize> = group
            .keys()
            .filter_map(|key| touched.get(key).map(|met| (key, met)))
            .flat_map(|(key, met)| met.iter().map(move |at| (key, *at)))
            .filter(|(key, at)| groups[*at].as_ref().is_some_and(|other| group.meets(other, key)))
            .map(|(_, at)| at)
            .collect();
        let merged = met.iter().filter_map(|at| groups[*at].as_ref()).try_fold(group, Group::with);
        match merged.filter(|merged| met.is_empty() || fits_txn(&merged.txn())) {
            Some(merged) => {
                let at = met.first().copied().unwrap_or(groups.len());
                for key in merged.keys() {
                    touched.entry(key.clone()).or_default().insert(at);
                }
                for other in &met {
                    groups[*other] = None;
                }
                match groups.get_mut(at) {
                    Some(place) => *place = Some(merged),
                    None => groups.push(Some(merged)),
                }
            }
            None => {
                violations[violation].mend.push_str("; another repair comes first, so check again after it");
            }
        }
    }
    let repairs = groups.into_iter().flatten().flat_map(|group| group.repairs(scope)).collect();
    (violations, repairs)
}

impl Group {
    fn of(mended: Mended, draft: Draft) -> Self {
        let txn = draft.transaction.into_txn();
        Self {
            mends: vec![mended],
            guards: txn.guards().iter().map(|guard| (guard.key().clone(), guard.clone())).collect(),
            writes: txn.writes().iter().map(|write| (write.key().clone(), write.clone())).collect(),
            elsewhere: draft.elsewhere.into_iter().collect(),
            work: draft.work,
        }
    }

    fn keys(&self) -> impl Iterator<Item = &Key> {
        let worked = self.work.iter().map(RepairOperation::key);
        self.guards.keys().chain(self.writes.keys()).chain(worked)
    }

    fn changes(&self, key: &Key) -> bool {
        self.writes.contains_key(key) || self.work.as_ref().is_some_and(|work| work.key() == key)
    }

    /// True if one changes what the other has to do with.
    fn meets(&self, other: &Self, key: &Key) -> bool {
        self.changes(key) || other.changes(key)
    }

    /// Both together; `None` if they contradict each other.
    fn with(mut self, other: &Self) -> Option<Self> {
        if self.work != other.work {
            return None;
        }
        for (key, write) in &other.writes {
            if self.writes.get(key).is_some_and(|own| own != write) {
                return None;
            }
            self.writes.insert(key.clone(), write.clone());
        }
        for (key, guard) in &other.guards {
            if self.guards.get(key).is_some_and(|own| own != guard) {
                return None;
            }
            self.guards.insert(key.clone(), guard.clone());
        }
        self.elsewhere.extend(other.elsewhere.iter().cloned());
        self.mends.extend(other.mends.iter().cloned());
        self.mends.sort();
        Some(self)
    }

    fn txn(&self) -> Txn {
        let txn = self.guards.values().cloned().fold(Txn::new(), Txn::guard);
        self.writes.values().cloned().fold(txn, Txn::write)
    }

    fn repairs(self, scope: Scope) -> Vec<Repair> {
        let whole = self.txn();
        let last = self.mends.first().map(|mended| mended.key.clone());
        let tie = last.as_ref().and_then(|key| self.guards.get(key)).cloned();
        let (true, Some(tie)) = (!fits_txn(&whole), tie) else {
            return vec![self.repair(scope, &whole)];
        };
        // In pieces that all rest on the record that is wrong, which is changed last: as long as they are not all
        // done, it is found to be wrong again.
        let is_last = |key: &Key| key == tie.key();
        let keep = |of_last: bool| {
            let guards = whole.guards().iter().filter(|guard| !of_last || is_last(guard.key()));
            let txn = guards.cloned().fold(Txn::new(), Txn::guard);
            let writes = whole.writes().iter().filter(|write| is_last(write.key()) == of_last);
            writes.cloned().fold(txn, Txn::write)
        };
        let mut pieces = cut_txn(&keep(false), &tie);
        pieces.push(keep(true));
        pieces.iter().map(|piece| self.repair(scope, piece)).collect()
    }

    fn repair(&self, scope: Scope, txn: &Txn) -> Repair {
        let guarded = |key: &Key| txn.guards().iter().find(|guard| guard.key() == key).and_then(seen);
        let mut operations: Vec<RepairOperation> = txn
            .writes()
            .iter()
            .map(|write| match write {
                Write::Put { key, value, .. } => RepairOperation::Put {
                    key: key.clone(),
                    revision: guarded(key).map(Revision::get),
                    // What is written was made from JSON.
                    value: serde_json::from_slice(value).unwrap_or_default(),
                },
                Write::Delete(key) => RepairOperation::Delete {
                    key: key.clone(),
                    revision: guarded(key).unwrap_or(Revision::ZERO).get(),
                },
            })
            .collect();
        operations.extend(self.work.clone());
        let rests =
            txn.guards().iter().filter(|guard| !self.changes(guard.key()) || !writes(txn, guard.key()));
        let mut conditions: Vec<Condition> = rests
            .filter(|guard| self.work.as_ref().is_none_or(|work| work.key() != guard.key()))
            .map(|guard| Condition { scope, key: guard.key().clone(), revision: seen(guard) })
            .collect();
        conditions.extend(self.elsewhere.iter().cloned());
        Repair { mends: self.mends.clone(), operations, conditions }
    }
}

fn writes(txn: &Txn, key: &Key) -> bool {
    txn.writes().iter().any(|write| write.key() == key)
}

fn seen(guard: &Guard) -> Option<Revision> {
    match guard {
        Guard::Unchanged(_, revision) => Some(*revision),
        Guard::Absent(_) => None,
    }
}
