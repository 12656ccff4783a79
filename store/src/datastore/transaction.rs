//! Changes of several records at once.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use super::{Home, LivesIn, Record, Versioned, envelope};
use crate::{Error, Guard, Key, LeaseId, Result, Revision, Txn, Write};

/// Guards and changes of records that may stand in the store `S`, for one commit.
///
/// A guard that is asked for twice counts once; two guards that contradict each other and a record that is
/// written twice are refused at once.
#[derive(Clone, Debug)]
pub struct Transaction<S: Home> {
    guards: BTreeMap<Key, Guard>,
    writes: BTreeMap<Key, Write>,
    store: PhantomData<S>,
}

impl<S: Home> Default for Transaction<S> {
    fn default() -> Self {
        Self { guards: BTreeMap::new(), writes: BTreeMap::new(), store: PhantomData }
    }
}

impl<S: Home> Transaction<S> {
    /// A transaction without guards and changes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a record that must not exist yet.
    ///
    /// # Errors
    ///
    /// [`Kind::Invalid`](crate::Kind::Invalid) if its key is too long, if it holds JSON of more than 100 levels,
    /// or if this transaction guards or writes the key in another way.
    pub fn create<T: Record>(&mut self, id: &T::Id, record: &T) -> Result<()>
    where
        T::Home: LivesIn<S>,
    {
        let key = T::key(id)?;
        self.guard(Guard::Absent(key.clone()))?;
        self.write(Write::Put { key, value: envelope::encode(record, None)?, lease: None })
    }

    /// As [`Transaction::create`], for a record that goes with a lease.
    ///
    /// # Errors
    ///
    /// As [`Transaction::create`].
    pub fn create_leased<T: Record>(&mut self, id: &T::Id, record: &T, lease: &LeaseId) -> Result<()>
    where
        T::Home: LivesIn<S>,
    {
        let key = T::key(id)?;
        self.guard(Guard::Absent(key.clone()))?;
        self.write(Write::Put { key, value: envelope::encode(record, None)?, lease: Some(lease.clone()) })
    }

    /// Changes a record that must still be as it was read. Fields that this host does not know stay.
    ///
    /// # Errors
    ///
    /// [`Kind::Invalid`](crate::Kind::Invalid) if a newer host has written it in a form that this host must not
    /// change, if it holds JSON of more than 100 levels, or if this transaction guards or writes the key in
    /// another way.
    pub fn replace<T: Record>(&mut self, read: &Versioned<T>, next: &T) -> Result<()>
    where
        T::Home: LivesIn<S>,
    {
        read.check_writable()?;
        let key = T::key(&read.id)?;
        self.guard(Guard::Unchanged(key.clone(), read.revision()))?;
        self.write(Write::Put { key, value: envelope::encode(next, read.unknown())?, lease: None })
    }

    /// Removes a record that must still be as it was read.
    ///
    /// # Errors
    ///
    /// As [`Transaction::replace`].
    pub fn delete<T: Record>(&mut self, read: &Versioned<T>) -> Result<()>
    where
        T::Home: LivesIn<S>,
    {
        read.check_writable()?;
        let key = T::key(&read.id)?;
        self.guard(Guard::Unchanged(key.clone(), read.revision()))?;
        self.write(Write::Delete(key))
    }

    /// Requires that a record is still as it was read.
    ///
    /// # Errors
    ///
    /// [`Kind::Invalid`](crate::Kind::Invalid) if this transaction guards the key in another way.
    pub fn unchanged<T: Record>(&mut self, read: &Versioned<T>) -> Result<()>
    where
        T::Home: LivesIn<S>,
    {
        self.guard(Guard::Unchanged(T::key(&read.id)?, read.revision()))
    }

    /// Requires that there is no such record.
    ///
    /// # Errors
    ///
    /// [`Kind::Invalid`](crate::Kind::Invalid) if this transaction guards the key in another way.
    pub fn absent<T: Record>(&mut self, id: &T::Id) -> Result<()>
    where
        T::Home: LivesIn<S>,
    {
        self.guard(Guard::Absent(T::key(id)?))
    }

    /// Removes whatever stands under `key`, which must still be as `revision` left it: for what cannot be read.
    ///
    /// # Errors
    ///
    /// [`Kind::Invalid`](crate::Kind::Invalid) if this transaction guards or writes the key in another way.
    pub fn delete_raw(&mut self, key: &Key, revision: Revision) -> Result<()> {
        self.guard(Guard::Unchanged(key.clone(), revision))?;
        self.write(Write::Delete(key.clone()))
    }

    /// Adds a guard.
    ///
    /// # Errors
    ///
    /// [`Kind::Invalid`](crate::Kind::Invalid) if this transaction guards the key in another way.
    pub fn guard(&mut self, guard: Guard) -> Result<()> {
        match self.guards.get(guard.key()) {
            Some(before) if *before != guard => Err(Error::invalid(format!(
                "key {} is guarded in two ways: {before:?} and {guard:?}",
                guard.key()
            ))),
            Some(_) => Ok(()),
            None => {
                self.guards.insert(guard.key().clone(), guard);
                Ok(())
            }
        }
    }

    /// Adds all guards and changes of `other`.
    ///
    /// # Errors
    ///
    /// [`Kind::Invalid`](crate::Kind::Invalid) if the two guard a key in different ways or both change one.
    pub fn merge(&mut self, other: Self) -> Result<()> {
        for guard in other.guards.into_values() {
            self.guard(guard)?;
        }
        other.writes.into_values().try_for_each(|write| self.write(write))
    }

    /// True if it changes `key`.
    pub fn writes(&self, key: &Key) -> bool {
        self.writes.contains_key(key)
    }

    /// How many keys it guards or writes.
    pub fn keys(&self) -> usize {
        let guarded_only = self.guards.keys().filter(|key| !self.writes.contains_key(key)).count();
        self.writes.len() + guarded_only
    }

    /// True if there are neither guards nor changes.
    pub fn is_empty(&self) -> bool {
        self.guards.is_empty() && self.writes.is_empty()
    }

    /// The transaction as the store takes it.
    pub fn into_txn(self) -> Txn {
        let txn = self.guards.into_values().fold(Txn::new(), Txn::guard);
        self.writes.into_values().fold(txn, Txn::write)
    }

    fn write(&mut self, write: Write) -> Result<()> {
        let key = write.key().clone();
        match self.writes.insert(key.clone(), write) {
            None => Ok(()),
            Some(_) => Err(Error::invalid(format!("key {key} is written twice in one transaction"))),
        }
    }
}
