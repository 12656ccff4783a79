//! Comfort for those who use a store.

use bytes::Bytes;

use crate::{Key, Result, Revision, Store, Txn};

/// What can be said with the methods of [`Store`].
pub trait StoreExt: Store {
    /// Puts an entry that must not exist yet.
    ///
    /// Cancellation: as [`Store::commit`].
    ///
    /// # Errors
    ///
    /// As [`Store::commit`]; [`Kind::Conflict`](crate::Kind::Conflict) if the key exists.
    fn create(&self, key: Key, value: impl Into<Bytes>) -> impl Future<Output = Result<Revision>> + Send {
        let txn = Txn::new().absent(key.clone()).put(key, value);
        async move { self.commit(&txn).await }
    }

    /// Replaces an entry that must still be as `revision` left it.
    ///
    /// Cancellation: as [`Store::commit`].
    ///
    /// # Errors
    ///
    /// As [`Store::commit`]; [`Kind::Conflict`](crate::Kind::Conflict) if it has changed or is gone.
    fn replace(
        &self,
        key: Key,
        revision: Revision,
        value: impl Into<Bytes>,
    ) -> impl Future<Output = Result<Revision>> + Send {
        let txn = Txn::new().unchanged(key.clone(), revision).put(key, value);
        async move { self.commit(&txn).await }
    }

    /// Removes an entry that must still be as `revision` left it.
    ///
    /// Cancellation: as [`Store::commit`].
    ///
    /// # Errors
    ///
    /// As [`Store::commit`]; [`Kind::Conflict`](crate::Kind::Conflict) if it has changed or is gone.
    fn remove(&self, key: Key, revision: Revision) -> impl Future<Output = Result<Revision>> + Send {
        let txn = Txn::new().unchanged(key.clone(), revision).delete(key);
        async move { self.commit(&txn).await }
    }
}

impl<S: Store + ?Sized> StoreExt for S {}
