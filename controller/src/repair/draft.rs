//! A repair while it is thought out.

use netkeep_store::datastore::{Any, Transaction};

use super::{Condition, RepairOperation};

/// What would mend one violation.
#[derive(Clone, Debug, Default)]
pub(crate) struct Draft {
    /// Changes, with what they rest on.
    pub(crate) transaction: Transaction<Any>,
    /// What they rest on in the other store.
    pub(crate) elsewhere: Vec<Condition>,
    /// An operation instead of changes.
    pub(crate) work: Option<RepairOperation>,
    /// Whether others rest on it.
    pub(crate) first: bool,
}
