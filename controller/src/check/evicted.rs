//! I1 from the side of hosts: what runs that were evicted owned is released.

use netkeep_model::{Host, Scope};
use netkeep_store::datastore::Record;

use super::Invariant::I1;
use super::findings::Findings;
use super::mend::Mend;
use crate::hosts::unreleased;
use crate::repair::RepairOperation;

/// Nothing belongs to runs that were evicted. What is being released just now is not the same when it is looked at once
/// more, and so is not called wrong.
pub(super) fn check(findings: &mut Findings<'_>) {
    if findings.state.scope() == Scope::Local {
        return;
    }
    for read in findings.state.tables.hosts.values() {
        let left = unreleased(findings.state, read);
        let Some(first) = left.first() else { continue };
        let found = format!(
            "its runs up to incarnation {} were evicted, and {} of their records are not released, {first} for one",
            read.record.evicted_through,
            left.len()
        );
        let mend = match Host::key(&read.id) {
            Ok(key) => {
                let again = RepairOperation::EvictAgain { key, revision: read.revision().get() };
                Mend::work("evict it again, which releases what is left", again, |_| Ok(Vec::new()))
            }
            Err(error) => Mend::by_hand(error.to_string()),
        };
        findings.note::<Host>(I1, &read.id, found, mend);
    }
}
