//! Many records at one revision.

use super::{Record, Versioned};
use crate::{Entry, Error, Key, Revision, Snapshot};

/// The records of one type below a prefix, at one revision.
#[derive(Clone, Debug, PartialEq)]
pub struct Listing<T: Record> {
    /// Those that can be read, in the order of their keys.
    pub records: Vec<Versioned<T>>,
    /// Those that cannot: quarantined, reported, and in nobody's way.
    pub unreadable: Vec<Unreadable>,
    /// All commits up to this one are contained.
    pub revision: Revision,
}

/// An entry that is no readable record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// Where it is.
    pub key: Key,
    /// The commit that wrote it.
    pub revision: Revision,
    /// What is wrong with it.
    pub reason: String,
}

impl<T: Record> Listing<T> {
    /// Reads a snapshot.
    pub fn read(snapshot: &Snapshot) -> Self {
        let mut listing = Self { records: Vec::new(), unreadable: Vec::new(), revision: snapshot.revision };
        for entry in &snapshot.entries {
            match Unreadable::unless_read::<T>(entry) {
                Ok(record) => listing.records.push(record),
                Err(unreadable) => listing.unreadable.push(unreadable),
            }
        }
        listing
    }
}

impl Unreadable {
    /// Reads an entry as a record.
    ///
    /// # Errors
    ///
    /// The entry as one that is unreadable, with the reason.
    pub fn unless_read<T: Record>(entry: &Entry) -> Result<Versioned<T>, Self> {
        Versioned::read(entry).map_err(|error| Self::of(entry, &error))
    }

    /// As [`Unreadable::unless_read`], of an entry whose key is known to be that of `id`.
    ///
    /// # Errors
    ///
    /// As [`Unreadable::unless_read`].
    pub fn unless_read_as<T: Record>(id: T::Id, entry: &Entry) -> Result<Versioned<T>, Self> {
        Versioned::read_as(id, entry).map_err(|error| Self::of(entry, &error))
    }

    fn of(entry: &Entry, error: &Error) -> Self {
        Self { key: entry.key.clone(), revision: entry.revision, reason: error.message().to_owned() }
    }
}
