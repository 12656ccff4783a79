//! A store whose commits are fenced, and that nobody above can close.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use netkeep_store::{
    Entry, Error, Guard, Key, Kind, Lease, LeaseId, Limits, Prefix, Result, Revision, Snapshot, Status,
    Store, StoreInfo, Txn, Watch, WatchFrom,
};

use super::Fence;

/// How often a commit is sent again because the fence was set anew meanwhile.
const ATTEMPTS: u32 = 16;

/// The layer beneath each driver's namespace.
#[derive(Debug)]
pub(super) struct Fenced {
    inner: Arc<dyn Store>,
    fence: Fence,
    info: StoreInfo,
}

impl Fenced {
    pub(super) fn new(inner: Arc<dyn Store>, fence: Fence) -> Self {
        let limits = inner.info().limits;
        let limits = Limits {
            txn_keys: limits.txn_keys - Fence::MAX_GUARDS,
            txn_directories: limits.txn_directories - Fence::MAX_GUARDS,
            txn_bytes: limits.txn_bytes - Fence::MAX_GUARDS * limits.key_bytes,
            ..limits
        };
        let info = StoreInfo { limits, ..inner.info().clone() };
        Self { inner, fence, info }
    }
}

async fn commit(inner: Arc<dyn Store>, fence: Fence, txn: Txn) -> Result<Revision> {
    let mut held = fence.settled().await?;
    for _ in 0..ATTEMPTS {
        let fenced = held.guards.iter().cloned().fold(txn.clone(), Txn::guard);
        let error = match inner.commit(&fenced).await {
            Err(error) if error.kind() == Kind::Conflict => error,
            answer => return answer,
        };
        let Some(guard) = error.failed_guard().filter(|guard| held.guards.contains(guard)).cloned() else {
            return Err(error);
        };
        let now = fence.settled().await?;
        if now.generation == held.generation || now.run != held.run {
            return Err(off(&guard).with_source(error));
        }
        held = now;
    }
    Err(Error::new(Kind::Unavailable, format!("the fence was set anew {ATTEMPTS} times during one commit")))
}

/// Not a conflict: the driver could read and decide again as often as it liked.
fn off(guard: &Guard) -> Error {
    Error::new(
        Kind::Denied,
        format!("this run of the daemon may no longer write: {} has been changed by another", guard.key()),
    )
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl Store for Fenced {
    fn info(&self) -> &StoreInfo {
        &self.info
    }

    async fn get(&self, key: &Key) -> Result<Option<Entry>> {
        self.inner.get(key).await
    }

    async fn list(&self, prefix: &Prefix) -> Result<Snapshot> {
        self.inner.list(prefix).await
    }

    async fn commit(&self, txn: &Txn) -> Result<Revision> {
        let named = |error: Error| error.with_backend(self.info.name).with_operation("commit");
        self.info.limits.check(txn, &self.info.leased).map_err(named)?;
        // In a task of its own: whoever drops this future does not stop the commit, a second attempt included.
        let task = tokio::spawn(commit(self.inner.clone(), self.fence.clone(), txn.clone()));
        match task.await {
            Ok(answer) => answer.map_err(named),
            Err(error) => Err(named(
                Error::new(Kind::Unexpected, "the task of the commit ended before it")
                    .with_unknown_outcome()
                    .with_source(error),
            )),
        }
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

    /// Does nothing: the store belongs to the owner of the registry.
    async fn close(&self) -> Result<()> {
        Ok(())
    }
}
