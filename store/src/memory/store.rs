//! A handle of a store in memory.

use std::sync::{Arc, MutexGuard, Weak};
use std::time::Duration;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use super::lease::Owner;
use super::state::{Shared, State};
use crate::{
    Entry, Error, Key, Lease, LeaseId, LeasedDirectories, MemoryServer, Prefix, Result, Revision, Snapshot,
    Status, Store, StoreInfo, Txn, Watch, WatchFrom,
};

/// One client of a [`MemoryServer`].
///
/// A put of a key that is held with another lease is [`Kind::Invalid`](crate::Kind::Invalid), judged by the entry
/// as the guards found it: takeover is a guarded delete, then a create in a later commit. A put with the lease
/// that the entry has leaves it there. Deleting a key that holds nothing changes nothing and shows in no watch,
/// though the commit has its revision.
///
/// Leases need a tokio runtime with time enabled, on which [`grant`](Store::grant) is called.
#[derive(Debug)]
pub struct MemoryStore {
    shared: Arc<Shared>,
    info: StoreInfo,
    owner: Owner,
    closed: CancellationToken,
}

impl MemoryStore {
    /// A handle of a store that nobody else has.
    pub fn open(leased: LeasedDirectories) -> Self {
        MemoryServer::new(leased).connect()
    }

    pub(super) fn new(shared: Arc<Shared>, info: StoreInfo, owner: Owner, closed: CancellationToken) -> Self {
        Self { shared, info, owner, closed }
    }

    /// The state, if this handle is open. Nothing awaits while it is locked, so an operation that was polled has
    /// ended.
    fn with<T>(
        &self,
        operation: &'static str,
        run: impl FnOnce(MutexGuard<'_, State>) -> Result<T>,
    ) -> Result<T> {
        let state = self.shared.lock();
        let result =
            if self.closed.is_cancelled() { Err(Error::closed("the store was closed")) } else { run(state) };
        result.map_err(|error| error.with_backend(self.info.name).with_operation(operation))
    }
}

/// Ends the lease `id` when its time is over. Ends with the lease, however that ended, or with the store.
async fn expire(shared: Weak<Shared>, id: LeaseId) {
    loop {
        // Locking ends what is overdue; the lock is not held while this task sleeps.
        let deadline = shared.upgrade().and_then(|shared| shared.lock().leases.deadline(&id));
        let Some(deadline) = deadline else { return };
        tokio::time::sleep_until(deadline).await;
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl Store for MemoryStore {
    fn info(&self) -> &StoreInfo {
        &self.info
    }

    async fn get(&self, key: &Key) -> Result<Option<Entry>> {
        self.with("get", |state| Ok(state.get(key)))
    }

    async fn list(&self, prefix: &Prefix) -> Result<Snapshot> {
        self.with("list", |state| Ok(state.snapshot(prefix)))
    }

    async fn commit(&self, txn: &Txn) -> Result<Revision> {
        self.with("commit", |mut state| {
            self.info.limits.check(txn, &self.info.leased)?;
            state.commit(txn, self.owner)
        })
    }

    async fn watch(&self, prefix: &Prefix, from: WatchFrom) -> Result<Watch> {
        let shared = Arc::clone(&self.shared);
        let snapshot = move |prefix: &Prefix| Ok(shared.lock().snapshot(prefix));
        self.with("watch", |state| Ok(state.feed.watch(prefix, from, self.closed.clone(), snapshot)))
    }

    async fn grant(&self, ttl: Duration) -> Result<Lease> {
        let id = self.with("grant", |mut state| {
            self.info.limits.check_ttl(ttl)?;
            let store = state.identity.id;
            Ok(state.leases.grant(store, self.owner, ttl))
        })?;
        tokio::spawn(expire(Arc::downgrade(&self.shared), id.clone()));
        Ok(Lease { id, ttl })
    }

    async fn keep_alive(&self, id: &LeaseId) -> Result<()> {
        self.with("keep_alive", |mut state| state.leases.renew(id, self.owner))
    }

    async fn revoke(&self, id: &LeaseId) -> Result<()> {
        self.with("revoke", |mut state| {
            state.leases.check(id, self.owner)?;
            state.end_lease(id);
            Ok(())
        })
    }

    async fn status(&self) -> Result<Status> {
        self.with("status", |state| {
            Ok(Status {
                identity: state.identity.clone(),
                revision: state.revision,
                leader: None,
                server_version: env!("CARGO_PKG_VERSION").to_owned(),
            })
        })
    }

    async fn close(&self) -> Result<()> {
        // Under the lock, so that no operation is between its look at the token and its end.
        let _state = self.shared.lock();
        self.closed.cancel();
        Ok(())
    }
}
