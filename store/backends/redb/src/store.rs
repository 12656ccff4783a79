//! The handle.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use netkeep_store::{
    Compaction, Entry, Error, Key, Kind, Lease, LeaseId, Maintenance, Prefix, Result, Revision, Snapshot,
    Status, Store, StoreInfo, Txn, Watch, WatchFrom,
};
use tokio_util::sync::CancellationToken;

use crate::error::named;
use crate::format::{REDB, VERSION};
use crate::lease::Owner;
use crate::op::{Done, Op};
use crate::request::{Pending, Request};
use crate::shared::Shared;
use crate::stats::RedbStats;
use crate::{Disk, RedbConfig, maintenance, start, watch};

/// One handle of an open redb file, with leases and an end of its own.
///
/// The file is opened once per process, by [`RedbStore::open`], and shared by [`RedbStore::connect`]; it is closed
/// when every handle is closed or dropped. Commits of all handles go through one writer, which makes many of them
/// durable with one sync. Reads wait for no writer.
///
/// A put of a key that is held with another lease is [`Kind::Invalid`], judged by the entry as the guards found it.
/// Every commit has its revision, also one that changes nothing.
///
/// After a failure of the disk other than a full one, commits that were under way answer [`Kind::Unavailable`] with
/// an unknown outcome, and every later call answers [`Kind::Closed`] and says why: the file must be opened again.
pub struct RedbStore {
    shared: Arc<Shared>,
    owner: Owner,
    closed: CancellationToken,
    left: AtomicBool,
}

impl RedbStore {
    /// The name of this backend, and the scheme of its URL.
    pub const NAME: &'static str = "redb";

    /// Opens the file, and makes it if nothing is there. Leases in it live for their whole time again, though nobody
    /// can renew them.
    ///
    /// Cancel safe: what was opened by then is closed.
    ///
    /// # Errors
    ///
    /// [`Kind::Unavailable`] if another process has the file, with its number, or if the disk cannot be had;
    /// [`Kind::Invalid`] if this process has it already, if the file has a format that this version does not know,
    /// or if the configuration makes no sense; [`Kind::Corrupt`] if it is no store or a damaged one;
    /// [`Kind::Denied`] if we may not have it. What is refused is left as it is, to the byte.
    pub async fn open(config: RedbConfig) -> Result<Self> {
        start::start(config, None).await.map_err(named("open"))
    }

    /// Opens what is on `disk`, and makes a store if there is nothing at all: for tests, which put a disk that fails
    /// in the place of a file. The path is only shown; no lock is taken, so the caller sees to it that nobody else
    /// has the disk. A store that is made here is not there whole or not at all, as a file is.
    ///
    /// Cancel safe: what was opened by then is closed.
    ///
    /// # Errors
    ///
    /// As [`RedbStore::open`].
    pub async fn open_with_backend(config: RedbConfig, disk: Arc<dyn Disk>) -> Result<Self> {
        start::start(config, Some(disk)).await.map_err(named("open"))
    }

    /// Another handle of the same open file. If the file is closed by now, everything but this answers
    /// [`Kind::Closed`].
    pub fn connect(&self) -> Self {
        Self::new(Arc::clone(&self.shared))
    }

    /// What the file, not just this handle, has done since it was opened.
    pub fn stats(&self) -> RedbStats {
        self.shared.counts.stats(&self.shared.volume)
    }

    /// How many durable transactions of redb there were since the file was opened; commits share them.
    pub fn durable_transactions(&self) -> u64 {
        self.stats().durable_transactions
    }

    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        let owner = Owner(shared.enter());
        Self { shared, owner, closed: CancellationToken::new(), left: AtomicBool::new(false) }
    }

    fn open_shared(&self) -> Result<&Arc<Shared>> {
        if self.closed.is_cancelled() {
            return Err(self.shared.closed());
        }
        Ok(&self.shared)
    }

    async fn ask(&self, op: Op) -> Result<Done> {
        let shared = self.open_shared()?;
        shared.ask(|reply| Request::Op(Pending { op, reply: Some(reply) })).await
    }

    fn leave(&self) {
        if !self.left.swap(true, Ordering::AcqRel) {
            self.closed.cancel();
            self.shared.leave();
        }
    }
}

impl Drop for RedbStore {
    fn drop(&mut self) {
        self.leave();
    }
}

impl fmt::Debug for RedbStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedbStore")
            .field("path", &self.shared.info.endpoints)
            .field("handle", &self.owner.0)
            .field("closed", &self.closed.is_cancelled())
            .field("failure", &self.shared.failure())
            .finish()
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl Store for RedbStore {
    fn info(&self) -> &StoreInfo {
        &self.shared.info
    }

    async fn get(&self, key: &Key) -> Result<Option<Entry>> {
        let read = async { self.open_shared()?.read(|view| view.get(key)).await };
        read.await.map_err(named("get"))
    }

    async fn list(&self, prefix: &Prefix) -> Result<Snapshot> {
        let read = async { self.open_shared()?.read(|view| view.list(prefix)).await };
        read.await.map_err(named("list"))
    }

    async fn commit(&self, txn: &Txn) -> Result<Revision> {
        let commit = async {
            let info = &self.open_shared()?.info;
            info.limits.check(txn, &info.leased)?;
            match self.ask(Op::Commit { txn: txn.clone(), owner: self.owner }).await? {
                Done::Committed(revision) => Ok(revision),
                other => Err(mismatch(&other)),
            }
        };
        commit.await.map_err(named("commit"))
    }

    async fn watch(&self, prefix: &Prefix, from: WatchFrom) -> Result<Watch> {
        let shared = self.open_shared().map_err(named("watch"))?;
        Ok(watch::watch(shared, prefix, from, self.closed.clone()))
    }

    async fn grant(&self, ttl: Duration) -> Result<Lease> {
        let grant = async {
            self.open_shared()?.info.limits.check_ttl(ttl)?;
            match self.ask(Op::Grant { ttl, owner: self.owner }).await? {
                Done::Granted { number, ttl, .. } => Ok(Lease { id: self.shared.names.name(number), ttl }),
                other => Err(mismatch(&other)),
            }
        };
        grant.await.map_err(named("grant"))
    }

    async fn keep_alive(&self, id: &LeaseId) -> Result<()> {
        let renew = || {
            let shared = self.open_shared()?;
            if shared.is_over() {
                return Err(shared.closed());
            }
            shared.leases().renew(id, shared.names.number(id), self.owner)
        };
        renew().map_err(named("keep_alive"))
    }

    async fn revoke(&self, id: &LeaseId) -> Result<()> {
        let revoke = async {
            match self.ask(Op::Revoke { id: id.clone(), owner: self.owner }).await? {
                Done::Ended(_) => Ok(()),
                other => Err(mismatch(&other)),
            }
        };
        revoke.await.map_err(named("revoke"))
    }

    async fn status(&self) -> Result<Status> {
        let status = async {
            let shared = self.open_shared()?;
            let revision = shared.view().await?.revision();
            Ok(Status {
                identity: shared.identity.clone(),
                revision,
                leader: None,
                server_version: format!("format {VERSION}, redb {REDB}"),
            })
        };
        status.await.map_err(named("status"))
    }

    async fn close(&self) -> Result<()> {
        self.leave();
        // Behind everything that was begun; if nobody else has a handle, the writer ends instead of answering.
        if self.shared.ask(|reply| Request::Flush { reply }).await.is_ok() {
            return Ok(());
        }
        self.shared.ended().await;
        match self.shared.failure() {
            Some(_) => Err(named("close")(self.shared.closed())),
            None => Ok(()),
        }
    }
}

#[async_trait]
impl Maintenance for RedbStore {
    async fn compact(&self) -> Result<Compaction> {
        let compact = async { maintenance::compact(Arc::clone(self.open_shared()?)).await };
        compact.await.map_err(named("compact"))
    }

    async fn backup(&self, to: &Path) -> Result<()> {
        let backup = async { maintenance::backup(Arc::clone(self.open_shared()?), to.to_owned()).await };
        backup.await.map_err(|error| named("backup")(error).with_context("to", to.display()))
    }
}

fn mismatch(done: &Done) -> Error {
    Error::new(Kind::Unexpected, format!("the writer answered {done:?} to something else"))
        .with_unknown_outcome()
}
