//! What is transferred.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::marker;
use crate::{Entry, Key, Prefix, Result, Revision, Store};

/// The values that a store holds, without what belongs to it alone.
///
/// Entries that go with a lease are never part of it, nor is what lies below the prefixes that were excluded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content(pub(super) BTreeMap<Key, Bytes>);

/// A content as a store showed it, with the commits that wrote it.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    pub(super) values: BTreeMap<Key, (Bytes, Revision)>,
}

impl Content {
    /// These values.
    pub fn new(values: impl IntoIterator<Item = (Key, Bytes)>) -> Self {
        Self(values.into_iter().collect())
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True if there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The keys and their values, in the order of the keys.
    pub fn iter(&self) -> impl Iterator<Item = (&Key, &Bytes)> {
        self.0.iter()
    }

    /// What `store` holds, read until two readings agree, so that it is of one instant. Tries `readings` times.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// [`Kind::Conflict`](crate::Kind::Conflict) if the store kept changing; as [`Store::list`].
    pub async fn of(store: &dyn Store, excluded: &[Prefix], readings: usize) -> Result<Self> {
        let mut last = Seen::of(store, excluded).await?;
        for _ in 1..readings.max(2) {
            let seen = Seen::of(store, excluded).await?;
            if seen.same_as(&last) {
                return Ok(seen.into_content());
            }
            last = seen;
        }
        Err(keeps_changing())
    }
}

impl Seen {
    pub(super) async fn of(store: &dyn Store, excluded: &[Prefix]) -> Result<Self> {
        let marker = marker::key();
        let stays = |entry: &Entry| {
            entry.lease.is_none()
                && entry.key != marker
                && !excluded
                    .iter()
                    .any(|prefix| prefix.contains(&entry.key) || prefix.as_str() == entry.key.as_str())
        };
        let listed = store.list(&Prefix::root()).await?.entries.into_iter().filter(stays);
        Ok(Self { values: listed.map(|entry| (entry.key, (entry.value, entry.revision))).collect() })
    }

    /// True if no commit came between the two: then the state between them was this one.
    pub(super) fn same_as(&self, other: &Self) -> bool {
        let revisions = |seen: &Self| -> Vec<(Key, Revision)> {
            seen.values.iter().map(|(key, (_, revision))| (key.clone(), *revision)).collect()
        };
        revisions(self) == revisions(other)
    }

    pub(super) fn into_content(self) -> Content {
        Content(self.values.into_iter().map(|(key, (value, _))| (key, value)).collect())
    }
}

pub(super) fn keeps_changing() -> crate::Error {
    crate::Error::new(
        crate::Kind::Conflict,
        "the source keeps changing; stop those who write to it, or copy again when it is quieter",
    )
}
