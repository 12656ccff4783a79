//! Changes of records as they happen.

use std::marker::PhantomData;

use super::{Listing, Record, Unreadable, Versioned};
use crate::{Change, Result, Revision, Watch, WatchItem};

/// The changes of all records of one type. What [`Watch`] promises of entries holds here of records.
#[derive(Debug)]
pub struct RecordWatch<T> {
    watch: Watch,
    record: PhantomData<fn() -> T>,
}

/// What a [`RecordWatch`] delivers.
#[derive(Clone, Debug, PartialEq)]
pub enum RecordItem<T: Record> {
    /// Forget what you knew: these are the records now.
    Reset(Listing<T>),
    /// What has changed since the item before, in the order of the revisions.
    Changes {
        /// The changes; may be empty.
        changes: Vec<RecordChange<T>>,
        /// All commits up to this one are contained in what was delivered.
        through: Revision,
    },
}

/// The change of one record.
#[derive(Clone, Debug, PartialEq)]
pub enum RecordChange<T: Record> {
    /// It is this now.
    Put(Versioned<T>),
    /// It is gone.
    Deleted(T::Id, Revision),
    /// Something stands there that cannot be read.
    Unreadable(Unreadable),
}

impl<T: Record> RecordWatch<T> {
    pub(super) fn new(watch: Watch) -> Self {
        Self { watch, record: PhantomData }
    }

    /// The next item; waits until there is one.
    ///
    /// Cancel safe: an item that was not returned comes again.
    ///
    /// # Errors
    ///
    /// As [`Watch::next`].
    pub async fn next(&mut self) -> Result<RecordItem<T>> {
        Ok(match self.watch.next().await? {
            WatchItem::Reset(snapshot) => RecordItem::Reset(Listing::read(&snapshot)),
            WatchItem::Changes(batch) => RecordItem::Changes {
                changes: batch.changes.iter().map(read).collect(),
                through: batch.through,
            },
        })
    }
}

fn read<T: Record>(change: &Change) -> RecordChange<T> {
    match change {
        Change::Put(entry) => match Unreadable::unless_read(entry) {
            Ok(record) => RecordChange::Put(record),
            Err(unreadable) => RecordChange::Unreadable(unreadable),
        },
        Change::Delete { key, revision } => match T::id(key) {
            Some(id) => RecordChange::Deleted(id, *revision),
            None => RecordChange::Unreadable(Unreadable {
                key: key.clone(),
                revision: *revision,
                reason: format!("a key that no {} can have was deleted", T::KIND),
            }),
        },
    }
}
