//! An end to waiting.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use super::Operation;
use crate::{
    Entry, Error, Key, Kind, Lease, LeaseId, Prefix, Result, Revision, Snapshot, Status, Store, StoreInfo,
    Txn, Watch, WatchFrom,
};

/// How long each operation may take. The lease operations should have less than a third of the shortest lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// For [`get`](Store::get) and [`status`](Store::status). Default: 5 s.
    pub read: Duration,
    /// For [`list`](Store::list), and for the opening of a [`watch`](Store::watch); its items may take as long as
    /// they like. Default: 30 s.
    pub list: Duration,
    /// For [`commit`](Store::commit). Default: 10 s.
    pub commit: Duration,
    /// For [`grant`](Store::grant), [`keep_alive`](Store::keep_alive) and [`revoke`](Store::revoke).
    /// Default: 5 s.
    pub lease: Duration,
    /// For [`close`](Store::close), including the commits that it waits for. Default: 15 s.
    pub close: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            read: Duration::from_secs(5),
            list: Duration::from_secs(30),
            commit: Duration::from_secs(10),
            lease: Duration::from_secs(5),
            close: Duration::from_secs(15),
        }
    }
}

/// Answers [`Kind::Unavailable`] when a deadline has passed; for everything that changes the store, with unknown
/// outcome.
///
/// A commit that was begun is stopped neither by its deadline nor by a caller that goes away: it, and each
/// operation on a lease, runs in a task of its own, and [`close`](Store::close) waits for those that still run.
/// Needs a tokio runtime with time enabled.
#[derive(Debug)]
pub struct Timeout {
    inner: Arc<dyn Store>,
    deadlines: Deadlines,
    begun: TaskTracker,
}

impl Timeout {
    /// Ends the waiting for `inner`.
    pub fn new(inner: Arc<dyn Store>, deadlines: Deadlines) -> Self {
        Self { inner, deadlines, begun: TaskTracker::new() }
    }

    async fn reading<T>(
        &self,
        operation: Operation,
        deadline: Duration,
        run: impl Future<Output = Result<T>> + Send,
    ) -> Result<T> {
        let mut run = pin!(run);
        // What a local store answers at once needs no timer.
        if let Poll::Ready(result) = poll_fn(|cx| Poll::Ready(run.as_mut().poll(cx))).await {
            return result;
        }
        match timeout(deadline, run).await {
            Ok(result) => result,
            Err(_) => Err(self.elapsed(operation, deadline)),
        }
    }

    async fn writing<T: Send + 'static>(
        &self,
        operation: Operation,
        deadline: Duration,
        run: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        let task = self.begun.spawn(run.in_current_span());
        let error = match timeout(deadline, task).await {
            Ok(Ok(result)) => return result,
            // A task that does not panic is stopped only with its runtime.
            Ok(Err(stopped)) if stopped.is_panic() => {
                self.error(operation, Kind::Unexpected, "the operation panicked").with_source(stopped)
            }
            Ok(Err(stopped)) => {
                self.error(operation, Kind::Unavailable, "the runtime stopped").with_source(stopped)
            }
            Err(_) => self.elapsed(operation, deadline),
        };
        Err(error.with_unknown_outcome())
    }

    fn elapsed(&self, operation: Operation, deadline: Duration) -> Error {
        self.error(operation, Kind::Unavailable, "no answer in time")
            .with_context("after", format!("{deadline:?}"))
    }

    fn error(&self, operation: Operation, kind: Kind, message: &'static str) -> Error {
        Error::new(kind, message).with_backend(self.info().name).with_operation(operation.name())
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl Store for Timeout {
    fn info(&self) -> &StoreInfo {
        self.inner.info()
    }

    async fn get(&self, key: &Key) -> Result<Option<Entry>> {
        self.reading(Operation::Get, self.deadlines.read, self.inner.get(key)).await
    }

    async fn list(&self, prefix: &Prefix) -> Result<Snapshot> {
        self.reading(Operation::List, self.deadlines.list, self.inner.list(prefix)).await
    }

    async fn commit(&self, txn: &Txn) -> Result<Revision> {
        let (inner, txn) = (Arc::clone(&self.inner), txn.clone());
        self.writing(Operation::Commit, self.deadlines.commit, async move { inner.commit(&txn).await }).await
    }

    async fn watch(&self, prefix: &Prefix, from: WatchFrom) -> Result<Watch> {
        self.reading(Operation::Watch, self.deadlines.list, self.inner.watch(prefix, from)).await
    }

    async fn grant(&self, ttl: Duration) -> Result<Lease> {
        let inner = Arc::clone(&self.inner);
        self.writing(Operation::Grant, self.deadlines.lease, async move { inner.grant(ttl).await }).await
    }

    async fn keep_alive(&self, id: &LeaseId) -> Result<()> {
        let (inner, id) = (Arc::clone(&self.inner), id.clone());
        self.writing(Operation::KeepAlive, self.deadlines.lease, async move { inner.keep_alive(&id).await })
            .await
    }

    async fn revoke(&self, id: &LeaseId) -> Result<()> {
        let (inner, id) = (Arc::clone(&self.inner), id.clone());
        self.writing(Operation::Revoke, self.deadlines.lease, async move { inner.revoke(&id).await }).await
    }

    async fn status(&self) -> Result<Status> {
        self.reading(Operation::Status, self.deadlines.read, self.inner.status()).await
    }

    async fn close(&self) -> Result<()> {
        self.begun.close();
        let close = async {
            self.begun.wait().await;
            self.inner.close().await
        };
        self.reading(Operation::Close, self.deadlines.close, close).await
    }
}
