//! What a commit checks and changes.

use bytes::Bytes;

use crate::{Key, LeaseId, Revision};

/// One transaction: guards that must all hold, and writes that then all happen.
///
/// ```
/// # use netkeep_store::{Key, Revision, Txn};
/// # fn main() -> netkeep_store::Result<()> {
/// let name = Key::parse("network-names/blue")?;
/// let network = Key::parse("networks/1")?;
/// let txn = Txn::new().absent(name.clone()).put(name, "1").absent(network.clone()).put(network, "{}");
/// # assert_eq!(txn.writes().len(), 2);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Txn {
    guards: Vec<Guard>,
    writes: Vec<Write>,
}

/// A condition of a transaction.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Guard {
    /// The key holds nothing.
    Absent(Key),
    /// The key holds an entry, and this commit wrote it last.
    Unchanged(Key, Revision),
}

/// A change of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// The key holds this value from now on.
    Put {
        /// Where.
        key: Key,
        /// What.
        value: Bytes,
        /// The lease that the entry goes with.
        lease: Option<LeaseId>,
    },
    /// The key holds nothing from now on. It need not hold anything before.
    Delete(Key),
}

impl Txn {
    /// A transaction without guards and writes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Requires that `key` holds nothing.
    #[must_use]
    pub fn absent(mut self, key: Key) -> Self {
        self.guards.push(Guard::Absent(key));
        self
    }

    /// Requires that the commit `revision` was the last to write `key`.
    #[must_use]
    pub fn unchanged(mut self, key: Key, revision: Revision) -> Self {
        self.guards.push(Guard::Unchanged(key, revision));
        self
    }

    /// Adds a guard.
    #[must_use]
    pub fn guard(mut self, guard: Guard) -> Self {
        self.guards.push(guard);
        self
    }

    /// Writes `value` under `key`.
    #[must_use]
    pub fn put(mut self, key: Key, value: impl Into<Bytes>) -> Self {
        self.writes.push(Write::Put { key, value: value.into(), lease: None });
        self
    }

    /// Writes `value` under `key`, to go when `lease` ends.
    #[must_use]
    pub fn put_leased(mut self, key: Key, value: impl Into<Bytes>, lease: &LeaseId) -> Self {
        self.writes.push(Write::Put { key, value: value.into(), lease: Some(lease.clone()) });
        self
    }

    /// Removes `key`.
    #[must_use]
    pub fn delete(mut self, key: Key) -> Self {
        self.writes.push(Write::Delete(key));
        self
    }

    /// Adds a write.
    #[must_use]
    pub fn write(mut self, write: Write) -> Self {
        self.writes.push(write);
        self
    }

    /// The guards, in the order they were added.
    pub fn guards(&self) -> &[Guard] {
        &self.guards
    }

    /// The writes, in the order they were added.
    pub fn writes(&self) -> &[Write] {
        &self.writes
    }

    /// The lease that the puts go with, if any has one.
    pub fn lease(&self) -> Option<&LeaseId> {
        self.writes.iter().find_map(|write| match write {
            Write::Put { lease, .. } => lease.as_ref(),
            Write::Delete(_) => None,
        })
    }

    /// True if there are neither guards nor writes.
    pub fn is_empty(&self) -> bool {
        self.guards.is_empty() && self.writes.is_empty()
    }

    /// The bytes of all keys and values; a key that is both guarded and written counts once.
    pub fn bytes(&self) -> usize {
        let written: usize = self
            .writes
            .iter()
            .map(|write| match write {
                Write::Put { key, value, .. } => key.as_str().len() + value.len(),
                Write::Delete(key) => key.as_str().len(),
            })
            .sum();
        let guarded: usize = self
            .guards
            .iter()
            .map(Guard::key)
            .filter(|key| !self.writes.iter().any(|write| write.key() == *key))
            .map(|key| key.as_str().len())
            .sum();
        written + guarded
    }
}

impl Guard {
    /// The key that is looked at.
    pub fn key(&self) -> &Key {
        match self {
            Self::Absent(key) | Self::Unchanged(key, _) => key,
        }
    }

    /// True if the guard holds for a key that was last written at `found`, or holds nothing.
    pub fn holds(&self, found: Option<Revision>) -> bool {
        match self {
            Self::Absent(_) => found.is_none(),
            Self::Unchanged(_, revision) => found == Some(*revision),
        }
    }
}

impl Write {
    /// The key that is changed.
    pub fn key(&self) -> &Key {
        match self {
            Self::Put { key, .. } | Self::Delete(key) => key,
        }
    }
}
