//! The layer that counts.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use super::super::Operation;
use super::StoreMetrics;
use crate::{
    Entry, Error, Key, Lease, LeaseId, Prefix, Result, Revision, Snapshot, Status, Store, StoreInfo, Txn,
    Watch, WatchFrom, WatchItem, WatchSource,
};

/// Counts what is done with a store, and how long it takes.
#[derive(Debug)]
pub struct Metrics {
    inner: Arc<dyn Store>,
    metrics: Arc<StoreMetrics>,
}

impl Metrics {
    /// Counts what is done with `inner` in `metrics`.
    pub fn new(inner: Arc<dyn Store>, metrics: Arc<StoreMetrics>) -> Self {
        Self { inner, metrics }
    }

    async fn run<T>(&self, operation: Operation, run: impl Future<Output = Result<T>> + Send) -> Result<T> {
        let mut call = Call::begin(&self.metrics, operation);
        let result = run.await;
        call.outcome = Some(result.as_ref().map(|_| ()).map_err(Error::kind));
        result
    }
}

/// One call; counted as ended when it is dropped, so also if the caller goes away.
struct Call<'a> {
    metrics: &'a StoreMetrics,
    operation: Operation,
    begun: Instant,
    outcome: Option<Result<(), crate::Kind>>,
}

impl<'a> Call<'a> {
    fn begin(metrics: &'a StoreMetrics, operation: Operation) -> Self {
        metrics.begin(operation);
        Self { metrics, operation, begun: Instant::now(), outcome: None }
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        self.metrics.end(self.operation, self.begun.elapsed(), self.outcome);
    }
}

struct Counted {
    inner: Watch,
    metrics: Arc<StoreMetrics>,
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.metrics.watches.fetch_sub(1, Relaxed);
    }
}

#[async_trait]
impl WatchSource for Counted {
    async fn next(&mut self) -> Result<WatchItem> {
        let item = self.inner.next().await?;
        self.metrics.watch_items.fetch_add(1, Relaxed);
        if matches!(item, WatchItem::Reset(_)) {
            self.metrics.watch_resets.fetch_add(1, Relaxed);
        }
        Ok(item)
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl Store for Metrics {
    fn info(&self) -> &StoreInfo {
        self.inner.info()
    }

    async fn get(&self, key: &Key) -> Result<Option<Entry>> {
        self.run(Operation::Get, self.inner.get(key)).await
    }

    async fn list(&self, prefix: &Prefix) -> Result<Snapshot> {
        self.run(Operation::List, self.inner.list(prefix)).await
    }

    async fn commit(&self, txn: &Txn) -> Result<Revision> {
        let revision = self.run(Operation::Commit, self.inner.commit(txn)).await?;
        self.metrics.wrote(txn);
        Ok(revision)
    }

    async fn watch(&self, prefix: &Prefix, from: WatchFrom) -> Result<Watch> {
        let inner = self.run(Operation::Watch, self.inner.watch(prefix, from)).await?;
        self.metrics.watches.fetch_add(1, Relaxed);
        Ok(Watch::new(Counted { inner, metrics: Arc::clone(&self.metrics) }))
    }

    async fn grant(&self, ttl: Duration) -> Result<Lease> {
        self.run(Operation::Grant, self.inner.grant(ttl)).await
    }

    async fn keep_alive(&self, id: &LeaseId) -> Result<()> {
        self.run(Operation::KeepAlive, self.inner.keep_alive(id)).await
    }

    async fn revoke(&self, id: &LeaseId) -> Result<()> {
        self.run(Operation::Revoke, self.inner.revoke(id)).await
    }

    async fn status(&self) -> Result<Status> {
        self.run(Operation::Status, self.inner.status()).await
    }

    async fn close(&self) -> Result<()> {
        self.run(Operation::Close, self.inner.close()).await
    }
}
