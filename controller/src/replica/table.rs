//! The records of one type, in the order of their ids.

use std::collections::BTreeMap;
use std::ops::RangeFrom;

use netkeep_store::datastore::{Record, Versioned};

/// The records of one type, in the order of their ids. Each lies for itself, so that looking for one passes over
/// little.
#[derive(Debug)]
pub(crate) struct Table<T: Record>(BTreeMap<T::Id, Box<Versioned<T>>>);

impl<T: Record> Default for Table<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T: Record> Table<T> {
    /// The record with this id.
    pub(crate) fn get(&self, id: &T::Id) -> Option<&Versioned<T>> {
        self.0.get(id).map(|read| &**read)
    }

    /// True if there is a record with this id.
    pub(crate) fn contains_key(&self, id: &T::Id) -> bool {
        self.0.contains_key(id)
    }

    /// All ids.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &T::Id> {
        self.0.keys()
    }

    /// All records.
    pub(crate) fn values(&self) -> impl DoubleEndedIterator<Item = &Versioned<T>> + Clone {
        self.0.values().map(|read| &**read)
    }

    /// The records from `first` on.
    pub(crate) fn from(&self, first: T::Id) -> impl Iterator<Item = &Versioned<T>> {
        self.0.range(RangeFrom { start: first }).map(|(_, read)| &**read)
    }

    /// The last record before this id.
    pub(crate) fn before(&self, id: &T::Id) -> Option<&Versioned<T>> {
        self.0.range(..id).next_back().map(|(_, read)| &**read)
    }

    /// The last record up to this id.
    pub(crate) fn up_to(&self, id: &T::Id) -> Option<&Versioned<T>> {
        self.0.range(..=id).next_back().map(|(_, read)| &**read)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Puts a record, and returns the one that was there.
    pub(super) fn insert(&mut self, read: Versioned<T>) -> Option<Box<Versioned<T>>> {
        self.0.insert(read.id.clone(), Box::new(read))
    }

    /// Takes a record out.
    pub(super) fn remove(&mut self, id: &T::Id) -> Option<Box<Versioned<T>>> {
        self.0.remove(id)
    }
}
