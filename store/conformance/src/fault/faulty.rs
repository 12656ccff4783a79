//! A store with faults on demand.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use netkeep_store::layers::Operation;
use netkeep_store::{
    Entry, Error, Key, Kind, Lease, LeaseId, Prefix, Result, Revision, Snapshot, Status, Store, StoreInfo,
    Txn, Watch, WatchFrom,
};

use super::watch::Cuttable;
use super::{Fault, Faults};

/// A store that fails as its [`Faults`] say, and otherwise is the one underneath.
#[derive(Clone, Debug)]
pub struct Faulty {
    inner: Arc<dyn Store>,
    faults: Arc<Faults>,
}

impl Faulty {
    /// The layer around `store`.
    pub fn new(store: Arc<dyn Store>, faults: Arc<Faults>) -> Self {
        Self { inner: store, faults }
    }

    async fn call<T>(&self, operation: Operation, call: impl Future<Output = Result<T>> + Send) -> Result<T> {
        self.faults.wait_while_frozen().await;
        if self.faults.is_gone() {
            return Err(gone());
        }
        match self.faults.next(operation) {
            None => call.await,
            Some(Fault::Delay(pause)) => {
                tokio::time::sleep(pause).await;
                call.await
            }
            Some(Fault::Freeze) => {
                self.faults.freeze();
                self.faults.wait_while_frozen().await;
                call.await
            }
            Some(Fault::FailBefore(kind)) => Err(Error::new(kind, "a fault came before it")),
            Some(Fault::FailAfter) => {
                call.await?;
                Err(Error::new(Kind::Unavailable, "a fault came after it").with_unknown_outcome())
            }
            Some(Fault::DropAnswer) => {
                call.await?;
                std::future::pending().await
            }
            Some(Fault::StopBefore) => {
                self.faults.stop();
                Err(gone())
            }
            Some(Fault::StopAfter) => {
                let done = call.await;
                self.faults.stop();
                done?;
                Err(gone().with_unknown_outcome())
            }
        }
    }
}

fn gone() -> Error {
    Error::closed("a fault has stopped the store")
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Store for Faulty {
    fn info(&self) -> &StoreInfo {
        self.inner.info()
    }

    async fn get(&self, key: &Key) -> Result<Option<Entry>> {
        self.call(Operation::Get, self.inner.get(key)).await
    }

    async fn list(&self, prefix: &Prefix) -> Result<Snapshot> {
        self.call(Operation::List, self.inner.list(prefix)).await
    }

    async fn commit(&self, txn: &Txn) -> Result<Revision> {
        self.call(Operation::Commit, self.inner.commit(txn)).await
    }

    async fn watch(&self, prefix: &Prefix, from: WatchFrom) -> Result<Watch> {
        let watch = self.call(Operation::Watch, self.inner.watch(prefix, from)).await?;
        Ok(Watch::new(Cuttable::new(watch, Arc::clone(&self.inner), prefix.clone(), &self.faults)))
    }

    async fn grant(&self, ttl: Duration) -> Result<Lease> {
        self.call(Operation::Grant, self.inner.grant(ttl)).await
    }

    async fn keep_alive(&self, id: &LeaseId) -> Result<()> {
        self.call(Operation::KeepAlive, self.inner.keep_alive(id)).await
    }

    async fn revoke(&self, id: &LeaseId) -> Result<()> {
        self.call(Operation::Revoke, self.inner.revoke(id)).await
    }

    async fn status(&self) -> Result<Status> {
        self.call(Operation::Status, self.inner.status()).await
    }

    async fn close(&self) -> Result<()> {
        self.call(Operation::Close, self.inner.close()).await
    }
}
