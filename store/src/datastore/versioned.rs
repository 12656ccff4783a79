//! A record as it was read.

use super::{Record, Unknown};
use crate::{Entry, Error, Kind, Result, Revision};

/// A record with its id and the commit that wrote it: the only thing that lets you change it.
#[derive(Clone, Debug, PartialEq)]
pub struct Versioned<T: Record> {
    /// Which.
    pub id: T::Id,
    /// What it holds.
    pub record: T,
    revision: Revision,
    version: u32,
    /// Rarely any.
    unknown: Option<Box<Unknown>>,
}

impl<T: Record> Versioned<T> {
    /// A record that was just written by the commit `revision`.
    pub fn written(id: T::Id, record: T, revision: Revision) -> Self {
        Self { id, record, revision, version: T::VERSION, unknown: None }
    }

    /// Reads an entry.
    ///
    /// # Errors
    ///
    /// [`Kind::Corrupt`] names the key and what is wrong with it.
    pub fn read(entry: &Entry) -> Result<Self> {
        let id = T::id(&entry.key)
            .ok_or_else(|| Error::new(Kind::Corrupt, format!("{} is no key of a {}", entry.key, T::KIND)))?;
        Self::read_as(id, entry)
    }

    /// As [`Versioned::read`], of an entry whose key is known to be that of `id`.
    pub(super) fn read_as(id: T::Id, entry: &Entry) -> Result<Self> {
        let decoded = super::envelope::decode::<T>(&entry.key, &entry.value)?;
        Ok(Self {
            id,
            record: decoded.record,
            revision: entry.revision,
            version: decoded.version,
            unknown: decoded.unknown.map(Box::new),
        })
    }

    /// The stored form, with what this host does not know of it, in the version that this host writes.
    ///
    /// # Errors
    ///
    /// [`Kind::Invalid`] if it holds JSON of more than 100 levels.
    pub fn stored(&self) -> Result<bytes::Bytes> {
        super::envelope::encode(&self.record, self.unknown())
    }

    /// The commit that wrote it.
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// The same record as `next`, written by the commit `revision`; what this host does not know of it stays.
    #[must_use]
    pub fn rewritten(&self, next: T, revision: Revision) -> Self {
        Self { record: next, revision, version: T::VERSION, ..self.clone() }
    }

    pub(super) fn unknown(&self) -> Option<&Unknown> {
        self.unknown.as_deref()
    }

    /// Refuses to write what a newer host has written in a form that this one must not touch.
    pub(super) fn check_writable(&self) -> Result<()> {
        if self.version > T::VERSION {
            return Err(Error::invalid(format!(
                "{} {:?} was written with version {} of its form; this host writes version {} and must not \
                 change it: upgrade this host",
                T::KIND,
                self.id,
                self.version,
                T::VERSION
            )));
        }
        Ok(())
    }
}
