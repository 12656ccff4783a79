//! A store with one defect.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::FutureExt;
use netkeep_store::{
    Entry, Key, Lease, LeaseId, Prefix, Result, Revision, Snapshot, Status, Store, StoreInfo, Txn, Watch,
    WatchFrom,
};

use super::Defect;
use super::leases::Keepers;
use super::notes::Notes;
use super::selves::info_of;
use super::siblings::Siblings;

/// A store that keeps the contract in all but one respect. Only for judging a suite.
#[derive(Debug)]
pub struct Broken {
    pub(super) inner: Arc<dyn Store>,
    pub(super) defect: Defect,
    pub(super) keepers: Keepers,
    pub(super) notes: Notes,
    pub(super) siblings: Arc<Siblings>,
    info: StoreInfo,
}

impl Broken {
    /// Gives `store`, which keeps the contract, a defect. Defects that several handles or a restart bring about
    /// need a [`BrokenServer`](super::BrokenServer).
    pub fn new(store: Arc<dyn Store>, defect: Defect) -> Self {
        Self::within(store, defect, Arc::default())
    }

    /// A handle that knows of others.
    pub(super) fn within(store: Arc<dyn Store>, defect: Defect, siblings: Arc<Siblings>) -> Self {
        let info = info_of(store.info(), defect);
        Self { inner: store, defect, keepers: Keepers::default(), notes: Notes::default(), siblings, info }
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Store for Broken {
    fn info(&self) -> &StoreInfo {
        &self.info
    }

    async fn get(&self, key: &Key) -> Result<Option<Entry>> {
        self.answer(self.get_badly(key).await)
    }

    async fn list(&self, prefix: &Prefix) -> Result<Snapshot> {
        self.answer(self.list_badly(prefix).await)
    }

    // Not an `async fn`, whose future could not do anything before it is polled.
    fn commit<'store, 'txn, 'run>(
        &'store self,
        txn: &'txn Txn,
    ) -> Pin<Box<dyn Future<Output = Result<Revision>> + Send + 'run>>
    where
        'store: 'run,
        'txn: 'run,
        Self: 'run,
    {
        let mut commit = Box::pin(async move { self.answer(self.commit_badly(txn).await) });
        let early = match self.defect {
            Defect::CommitsUnpolled => (&mut commit).now_or_never(),
            _ => None,
        };
        Box::pin(async move {
            match early {
                Some(answer) => answer,
                None => commit.await,
            }
        })
    }

    async fn watch(&self, prefix: &Prefix, from: WatchFrom) -> Result<Watch> {
        self.answer(self.watch_badly(prefix, from).await)
    }

    async fn grant(&self, ttl: Duration) -> Result<Lease> {
        self.answer(self.grant_badly(ttl).await)
    }

    async fn keep_alive(&self, id: &LeaseId) -> Result<()> {
        self.answer(self.keep_alive_badly(id).await)
    }

    async fn revoke(&self, id: &LeaseId) -> Result<()> {
        self.answer(self.revoke_badly(id).await)
    }

    async fn status(&self) -> Result<Status> {
        self.answer(self.status_badly().await)
    }

    async fn close(&self) -> Result<()> {
        self.answer(self.close_badly().await)
    }
}
