//! A store that fails as it is told, for the tests of the layers.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{Semaphore, watch};

use crate::{
    Entry, Error, Key, Kind, Lease, LeaseId, LeasedDirectories, MemoryServer, MemoryStore, Prefix, Result,
    Revision, Snapshot, Status, Store, StoreInfo, Txn, Watch, WatchFrom,
};

/// What happens to one operation.
#[derive(Debug)]
pub(super) enum Fault {
    /// It is not done.
    Refused(Kind),
    /// It is not done, and the caller cannot know.
    Lost(Kind),
    /// It is done once the gate has a permit, or never if its caller is gone by then.
    Gate(Arc<Semaphore>),
    Panic,
}

/// A memory store to which faults happen, one to each call but `info`, in order; then none.
#[derive(Debug)]
pub(super) struct FaultStore {
    server: MemoryServer,
    inner: MemoryStore,
    faults: Mutex<VecDeque<Fault>>,
    calls: watch::Sender<usize>,
}

impl FaultStore {
    pub(super) fn new(faults: impl IntoIterator<Item = Fault>) -> Arc<Self> {
        let leased =
            LeasedDirectories::new([Prefix::parse("alive").unwrap(), Prefix::parse("ns/alive").unwrap()]);
        let server = MemoryServer::new(leased);
        Arc::new(Self {
            inner: server.connect(),
            server,
            faults: Mutex::new(faults.into_iter().collect()),
            calls: watch::Sender::new(0),
        })
    }

    /// How many calls came through.
    pub(super) fn calls(&self) -> usize {
        *self.calls.borrow()
    }

    /// Waits until `n` calls have come through.
    pub(super) async fn called(&self, n: usize) {
        let mut calls = self.calls.subscribe();
        let called = calls.wait_for(|calls| *calls >= n);
        tokio::time::timeout(Duration::from_secs(10), called).await.expect("the calls come").unwrap();
    }

    /// What the faults do not touch.
    pub(super) fn server(&self) -> &MemoryServer {
        &self.server
    }

    async fn meet(&self) -> Result<&MemoryStore> {
        self.calls.send_modify(|calls| *calls += 1);
        let fault = self.faults.lock().unwrap().pop_front();
        match fault {
            Some(Fault::Refused(kind)) => Err(Error::new(kind, "told to")),
            Some(Fault::Lost(kind)) => Err(Error::new(kind, "told to").with_unknown_outcome()),
            Some(Fault::Gate(gate)) => {
                gate.acquire().await.unwrap().forget();
                Ok(&self.inner)
            }
            Some(Fault::Panic) => panic!("told to"),
            None => Ok(&self.inner),
        }
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl Store for FaultStore {
    fn info(&self) -> &StoreInfo {
        self.inner.info()
    }

    async fn get(&self, key: &Key) -> Result<Option<Entry>> {
        self.meet().await?.get(key).await
    }

    async fn list(&self, prefix: &Prefix) -> Result<Snapshot> {
        self.meet().await?.list(prefix).await
    }

    async fn commit(&self, txn: &Txn) -> Result<Revision> {
        self.meet().await?.commit(txn).await
    }

    async fn watch(&self, prefix: &Prefix, from: WatchFrom) -> Result<Watch> {
        self.meet().await?.watch(prefix, from).await
    }

    async fn grant(&self, ttl: Duration) -> Result<Lease> {
        self.meet().await?.grant(ttl).await
    }

    async fn keep_alive(&self, id: &LeaseId) -> Result<()> {
        self.meet().await?.keep_alive(id).await
    }

    async fn revoke(&self, id: &LeaseId) -> Result<()> {
        self.meet().await?.revoke(id).await
    }

    async fn status(&self) -> Result<Status> {
        self.meet().await?.status().await
    }

    async fn close(&self) -> Result<()> {
        self.meet().await?.close().await
    }
}
