//! A store whose commits are steps.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use netkeep_store::{
    Entry, Error, Key, Lease, LeaseId, Prefix, Result, Revision, Snapshot, Status, Store, StoreInfo, Txn,
    Watch, WatchFrom,
};

use netkeep_drivers_conformance::{Faults, Place};

/// A store whose process may end before and after each of its commits.
#[derive(Debug)]
pub(crate) struct Stepped {
    pub(crate) inner: Arc<dyn Store>,
    pub(crate) faults: Faults,
}

impl Stepped {
    async fn reach(&self, what: &str) -> Result<()> {
        let reached = self.faults.reach(Place::Commit, what).await;
        reached.map_err(|fault| Error::closed(format!("a fault: {fault:?}")))
    }
}

#[async_trait]
impl Store for Stepped {
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
        self.reach("before a commit").await?;
        let done = self.inner.commit(txn).await;
        self.reach("after a commit").await?;
        done
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
