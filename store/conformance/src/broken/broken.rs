//! A store with one defect.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use netkeep_store::{
    Entry, Key, Kind, Lease, LeaseId, Prefix, Result, Revision, Snapshot, Status, Store, StoreInfo, Txn,
    Watch, WatchFrom,
};

use super::Defect;
use super::leases::Keepers;
use super::watches::Filtered;

/// A store that keeps the contract in all but one respect. Only for judging a suite.
#[derive(Debug)]
pub struct Broken {
    pub(super) inner: Arc<dyn Store>,
    pub(super) defect: Defect,
    keepers: Keepers,
}

impl Broken {
    /// Gives `store`, which keeps the contract, a defect.
    pub fn new(store: Arc<dyn Store>, defect: Defect) -> Self {
        Self { inner: store, defect, keepers: Keepers::default() }
    }

    /// What an outage looks like.
    fn nothing_in_an_outage<T: Default>(&self, result: Result<T>) -> Result<T> {
        match result {
            Err(error)
                if self.defect == Defect::OutageIsAbsence
                    && matches!(error.kind(), Kind::Closed | Kind::Unavailable) =>
            {
                Ok(T::default())
            }
            other => other,
        }
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Store for Broken {
    fn info(&self) -> &StoreInfo {
        self.inner.info()
    }

    async fn get(&self, key: &Key) -> Result<Option<Entry>> {
        self.nothing_in_an_outage(self.inner.get(key).await)
    }

    async fn list(&self, prefix: &Prefix) -> Result<Snapshot> {
        self.nothing_in_an_outage(self.inner.list(prefix).await)
    }

    async fn commit(&self, txn: &Txn) -> Result<Revision> {
        self.commit_badly(txn).await
    }

    async fn watch(&self, prefix: &Prefix, from: WatchFrom) -> Result<Watch> {
        let from = match (self.defect, from) {
            (Defect::ResumesWithAGap, WatchFrom::After(_)) => {
                WatchFrom::After(self.inner.status().await?.revision)
            }
            (_, from) => from,
        };
        let watch = self.inner.watch(prefix, from).await?;
        match self.defect {
            Defect::LosesDeletions | Defect::ResetMissesKeys => {
                Ok(Watch::new(Filtered { watch, defect: self.defect }))
            }
            _ => Ok(watch),
        }
    }

    async fn grant(&self, ttl: Duration) -> Result<Lease> {
        let shortened = match self.defect {
            Defect::LeasesEndEarly => (ttl / 3).max(self.info().limits.lease_min),
            _ => ttl,
        };
        let lease = self.inner.grant(shortened).await?;
        if self.defect == Defect::LeasesNeverEnd {
            self.keepers.keep(&self.inner, &lease);
        }
        Ok(Lease { ttl, ..lease })
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
