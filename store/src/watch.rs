//! Changes as they happen.

use std::fmt;

use async_trait::async_trait;

use crate::{Entry, Key, Result, Revision, Snapshot};

/// Where a watch begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WatchFrom {
    /// With a [`WatchItem::Reset`] that holds the present state.
    Snapshot,
    /// After this commit, if the store can prove that it will deliver everything since; else as
    /// [`WatchFrom::Snapshot`].
    After(Revision),
}

/// What a watch delivers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WatchItem {
    /// Forget what you knew: this is the state now.
    Reset(Snapshot),
    /// What has changed since the item before.
    Changes(Batch),
}

/// Changes, in the order of their revisions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// The changes. May be empty: then all that is new is `through`.
    pub changes: Vec<Change>,
    /// All commits up to this one are contained in what was delivered.
    pub through: Revision,
}

/// The change of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The key holds this entry.
    Put(Entry),
    /// The key holds nothing.
    Delete {
        /// Where.
        key: Key,
        /// Later than the entry that was there, and earlier than the next one there: the commit that removed it, where that
        /// is known.
        revision: Revision,
    },
}

impl WatchItem {
    /// All commits up to this one are contained in what was delivered.
    pub fn through(&self) -> Revision {
        match self {
            Self::Reset(snapshot) => snapshot.revision,
            Self::Changes(batch) => batch.through,
        }
    }
}

impl Change {
    /// The key that has changed.
    pub fn key(&self) -> &Key {
        match self {
            Self::Put(entry) => &entry.key,
            Self::Delete { key, .. } => key,
        }
    }

    /// The commit that changed it.
    pub fn revision(&self) -> Revision {
        match self {
            Self::Put(entry) => entry.revision,
            Self::Delete { revision, .. } => *revision,
        }
    }
}

/// Where a watch takes its items from: the half that a backend or a layer writes.
#[async_trait]
pub trait WatchSource: Send {
    /// The next item.
    ///
    /// Cancel safe: an item that was not returned comes again.
    ///
    /// # Errors
    ///
    /// As [`Watch::next`].
    async fn next(&mut self) -> Result<WatchItem>;
}

/// The changes below a prefix, as they happen.
///
/// A consumer that keeps a map, replaces it at every [`WatchItem::Reset`] and applies every
/// [`WatchItem::Changes`] has a map that equals the store whenever the store is quiet; it needs no other code
/// for outages. Dropping the watch ends it.
pub struct Watch(Box<dyn WatchSource>);

impl Watch {
    /// The watch over this source.
    pub fn new(source: impl WatchSource + 'static) -> Self {
        Self(Box::new(source))
    }

    /// The next item; waits until there is one. Reconnecting is the backend's business and shows at most as a
    /// [`WatchItem::Reset`].
    ///
    /// Cancel safe: an item that was not returned comes again.
    ///
    /// # Errors
    ///
    /// Only what is permanent ends a watch: [`Kind::Closed`](crate::Kind::Closed),
    /// [`Kind::Denied`](crate::Kind::Denied), [`Kind::Replaced`](crate::Kind::Replaced) and
    /// [`Kind::Corrupt`](crate::Kind::Corrupt). After an error every further call gives an error.
    pub async fn next(&mut self) -> Result<WatchItem> {
        self.0.next().await
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").finish_non_exhaustive()
    }
}
