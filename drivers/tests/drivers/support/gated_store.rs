//! A memory store whose commits wait for permission.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use netkeep_store::{
    Entry, Key, Lease, LeaseId, LeasedDirectories, MemoryStore, Prefix, Result, Revision, Snapshot, Status,
    Store, StoreInfo, Txn, Watch, WatchFrom,
};
use tokio::sync::{Semaphore, watch};

/// Each commit through it is counted when it arrives, and done when it gets a permit.
#[derive(Debug)]
pub(crate) struct GatedStore {
    /// The store beneath, without a gate.
    pub(crate) open: Arc<MemoryStore>,
    permits: Semaphore,
    arrived: watch::Sender<usize>,
}

impl GatedStore {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            open: Arc::new(MemoryStore::open(LeasedDirectories::default())),
            permits: Semaphore::new(0),
            arrived: watch::Sender::new(0),
        })
    }

    /// Lets so many commits pass.
    pub(crate) fn pass(&self, commits: usize) {
        self.permits.add_permits(commits);
    }

    /// Waits until so many commits have arrived since the beginning.
    pub(crate) async fn arrived(&self, commits: usize) {
        let mut arrived = self.arrived.subscribe();
        let wait = arrived.wait_for(|count| *count >= commits);
        tokio::time::timeout(Duration::from_secs(20), wait).await.expect("the commits arrive").unwrap();
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl Store for GatedStore {
    fn info(&self) -> &StoreInfo {
        self.open.info()
    }

    async fn get(&self, key: &Key) -> Result<Option<Entry>> {
        self.open.get(key).await
    }

    async fn list(&self, prefix: &Prefix) -> Result<Snapshot> {
        self.open.list(prefix).await
    }

    async fn commit(&self, txn: &Txn) -> Result<Revision> {
        self.arrived.send_modify(|count| *count += 1);
        self.permits.acquire().await.unwrap().forget();
        self.open.commit(txn).await
    }

    async fn watch(&self, prefix: &Prefix, from: WatchFrom) -> Result<Watch> {
        self.open.watch(prefix, from).await
    }

    async fn grant(&self, ttl: Duration) -> Result<Lease> {
        self.open.grant(ttl).await
    }

    async fn keep_alive(&self, id: &LeaseId) -> Result<()> {
        self.open.keep_alive(id).await
    }

    async fn revoke(&self, id: &LeaseId) -> Result<()> {
        self.open.revoke(id).await
    }

    async fn status(&self) -> Result<Status> {
        self.open.status().await
    }

    async fn close(&self) -> Result<()> {
        self.open.close().await
    }
}
