//! How a violation would be mended.

use netkeep_store::datastore::{Any, Transaction};

use crate::repair::{Condition, Draft, RepairOperation};

/// What would mend a violation: in words, and as a draft of a repair if that can be decided without a person.
#[derive(Debug)]
pub(super) struct Mend {
    pub(super) text: String,
    pub(super) draft: Option<Draft>,
}

impl Mend {
    /// A person has to decide.
    pub(super) fn by_hand(text: impl Into<String>) -> Self {
        Self { text: text.into(), draft: None }
    }

    /// These changes mend it. What must not be changed by this host is left to a person.
    pub(super) fn by(
        text: &str,
        change: impl FnOnce(&mut Transaction<Any>) -> netkeep_store::Result<Vec<Condition>>,
    ) -> Self {
        let mut transaction = Transaction::new();
        match change(&mut transaction) {
            Ok(elsewhere) => Self {
                text: text.to_owned(),
                draft: Some(Draft { transaction, elsewhere, ..Draft::default() }),
            },
            Err(error) => Self::by_hand(format!("{text}; but this host cannot: {error}")),
        }
    }

    /// An operation of this host mends it, under these conditions.
    pub(super) fn work(
        text: &str,
        operation: RepairOperation,
        conditions: impl FnOnce(&mut Transaction<Any>) -> netkeep_store::Result<Vec<Condition>>,
    ) -> Self {
        let mut mend = Self::by(text, conditions);
        if let Some(draft) = &mut mend.draft {
            draft.work = Some(operation);
        }
        mend
    }

    /// The same, to be done before the others.
    pub(super) fn first(mut self) -> Self {
        if let Some(draft) = &mut self.draft {
            draft.first = true;
        }
        self
    }
}
