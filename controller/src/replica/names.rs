//! The records of one type, in no order.

use std::collections::HashMap;

use netkeep_store::datastore::{Record, Versioned};

/// The records of one type, in no order: for names, which are looked for one by one. To compare one with others on the
/// way would be to look at each of them.
#[derive(Debug)]
pub(crate) struct Names<T: Record>(HashMap<T::Id, Box<Versioned<T>>>);

impl<T: Record> Default for Names<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T: Record> Names<T> {
    /// The record with this id.
    pub(crate) fn get(&self, id: &T::Id) -> Option<&Versioned<T>> {
        self.0.get(id).map(|read| &**read)
    }

    /// All records, in the order of their ids.
    pub(crate) fn values(&self) -> impl Iterator<Item = &Versioned<T>> {
        let mut values: Vec<_> = self.0.values().map(|read| &**read).collect();
        values.sort_unstable_by(|one, other| one.id.cmp(&other.id));
        values.into_iter()
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
