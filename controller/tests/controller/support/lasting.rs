//! A store whose commits go on when nobody waits for them any more, as on servers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use netkeep_store::{
    Entry, Key, Lease, LeaseId, Prefix, Result, Revision, Snapshot, Status, Store, StoreInfo, Txn, Watch,
    WatchFrom,
};

/// A store whose commits go on when nobody waits for them any more: those of a frozen host arrive when it wakes.
#[derive(Debug)]
pub(crate) struct Lasting {
    pub(crate) inner: Arc<dyn Store>,
    /// How many commits were begun.
    pub(crate) begun: Arc<AtomicUsize>,
}

#[async_trait]
impl Store for Lasting {
    fn info(&self) -> &StoreInfo {
        self.inner.info()
    }

    async fn get(&self, key: &Key) -> Result<Option<Entry>> {
        self.inner.get(key).await
    }

    async fn list(&self, prefix: &Prefix) -> Result<Snapshot> {
        self.inner.list(prefix).await
    }

    async fn commit(&self, txn: &Txn) -> Result<Revision> {
        self.begun.fetch_add(1, Ordering::SeqCst);
        let (inner, txn) = (Arc::clone(&self.inner), txn.clone());
        tokio::spawn(async move { inner.commit(&txn).await }).await.unwrap()
    }

    async fn watch(&self, prefix: &Prefix, from: WatchFrom) -> Result<Watch> {
        self.inner.watch(prefix, from).await
    }

    async fn grant(&self, ttl: Duration) -> Result<Lease> {
        self.inner.grant(ttl).await
    }

    async fn keep_alive(&self, id: &LeaseId) -> Result<()> {
        self.inner.keep_alive(id).await
    }

    async fn revoke(&self, id: &LeaseId) -> Result<()> {
        self.inner.revoke(id).await
    }

    async fn status(&self) -> Result<Status> {
        self.inner.status().await
    }

    async fn close(&self) -> Result<()> {
        self.inner.close().await
    }
}
