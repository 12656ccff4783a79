//! A store whose commits are steps.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use netkeep_store::{
    Entry, Error, Key, Lease, LeaseId, Prefix, Result, Revision, Snapshot, Status, Store, StoreInfo, Txn,
    Watch, WatchFrom,
};

use crate::steps::Steps;

/// A store that is gone once the run has crashed.
#[derive(Debug)]
pub(crate) struct Stepped {
    pub(crate) inner: Arc<dyn Store>,
    pub(crate) steps: Steps,
}

impl Stepped {
    fn alive(&self) -> Result<()> {
        if self.steps.has_crashed() { Err(Error::closed("the run has crashed")) } else { Ok(()) }
    }
}

#[async_trait]
impl Store for Stepped {
    fn info(&self) -> &StoreInfo {
        self.inner.info()
    }

    async fn get(&self, key: &Key) -> Result<Option<Entry>> {
        self.alive()?;
        self.inner.get(key).await
    }

    async fn list(&self, prefix: &Prefix) -> Result<Snapshot> {
        self.alive()?;
        self.inner.list(prefix).await
    }

    async fn commit(&self, txn: &Txn) -> Result<Revision> {
        match self.steps.take("commit", self.inner.commit(txn)).await {
            Ok(done) => done,
            Err(_) => Err(Error::closed("the run has crashed").with_unknown_outcome()),
        }
    }

    async fn watch(&self, prefix: &Prefix, from: WatchFrom) -> Result<Watch> {
        self.alive()?;
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
        self.alive()?;
        self.inner.status().await
    }

    async fn close(&self) -> Result<()> {
        self.inner.close().await
    }
}
