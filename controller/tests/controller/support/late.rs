//! A store whose watch says what the test tells it to.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use netkeep_store::{
    Batch, Change, Entry, Key, Lease, LeaseId, Prefix, Result, Revision, Snapshot, Status, Store, StoreInfo,
    Txn, Watch, WatchFrom, WatchItem, WatchSource, Write,
};
use tokio::sync::watch;

/// A store whose watch delivers, after its first item, only what the test sends.
#[derive(Debug)]
pub(crate) struct LateStore {
    inner: Arc<dyn Store>,
    late: Late,
}

/// What has happened and was not delivered.
#[derive(Clone, Debug)]
pub(crate) struct Late {
    commits: Arc<Mutex<Vec<WatchItem>>>,
    sent: Arc<Mutex<VecDeque<WatchItem>>>,
    /// How many items were sent, and how many of them the consumer has taken in.
    count: watch::Sender<(usize, usize)>,
}

impl LateStore {
    /// A late store over `inner`.
    pub(crate) fn new(inner: Arc<dyn Store>) -> (Self, Late) {
        let late = Late { commits: Arc::default(), sent: Arc::default(), count: watch::Sender::default() };
        (Self { inner, late: late.clone() }, late)
    }
}

impl Late {
    /// The commits since the last time that this was asked, each as the watch would deliver it.
    pub(crate) fn commits(&self) -> Vec<WatchItem> {
        std::mem::take(&mut *lock(&self.commits))
    }

    /// Delivers an item, and waits until it was taken in.
    pub(crate) async fn deliver(&self, item: WatchItem) {
        lock(&self.sent).push_back(item);
        let mut count = self.count.subscribe();
        self.count.send_modify(|(sent, _)| *sent += 1);
        let taken = count.wait_for(|(sent, taken)| sent == taken);
        tokio::time::timeout(Duration::from_secs(20), taken).await.expect("it is taken in").unwrap();
    }
}

struct Source {
    inner: Watch,
    late: Late,
    first: bool,
    returned: bool,
}

#[async_trait]
impl WatchSource for Source {
    async fn next(&mut self) -> Result<WatchItem> {
        if self.first {
            let item = self.inner.next().await?;
            self.first = false;
            return Ok(item);
        }
        // A consumer asks again when it has taken in what it was given.
        if std::mem::take(&mut self.returned) {
            self.late.count.send_modify(|(_, taken)| *taken += 1);
        }
        let mut count = self.late.count.subscribe();
        loop {
            let item = lock(&self.late.sent).pop_front();
            if let Some(item) = item {
                self.returned = true;
                return Ok(item);
            }
            count.changed().await.expect("the sender is in self");
        }
    }
}

fn item(txn: &Txn, revision: Revision) -> WatchItem {
    let change = |write: &Write| match write {
        Write::Put { key, value, .. } => {
            Change::Put(Entry { key: key.clone(), value: value.clone(), revision, lease: None })
        }
        Write::Delete(key) => Change::Delete { key: key.clone(), revision },
    };
    WatchItem::Changes(Batch { changes: txn.writes().iter().map(change).collect(), through: revision })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl Store for LateStore {
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
        let revision = self.inner.commit(txn).await?;
        lock(&self.late.commits).push(item(txn, revision));
        Ok(revision)
    }

    async fn watch(&self, prefix: &Prefix, from: WatchFrom) -> Result<Watch> {
        let inner = self.inner.watch(prefix, from).await?;
        Ok(Watch::new(Source { inner, late: self.late.clone(), first: true, returned: false }))
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
