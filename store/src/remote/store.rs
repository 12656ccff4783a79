//! A store on servers.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::engine::Engine;
use super::{RemoteConfig, Room, Server};
use crate::{
    Entry, Error, Key, Kind, Lease, LeaseId, Prefix, Result, Revision, Snapshot, Status, Store, StoreInfo,
    Txn, Watch, WatchFrom,
};

/// One handle of a store on servers.
///
/// Needs a tokio runtime with time enabled, on which commits, watches and the care for what this client has at the
/// store run. Every call waits until the store was recognised, for as long as one attempt at that takes.
#[derive(Debug)]
pub struct RemoteStore {
    engine: Arc<Engine>,
    /// What this handle has granted.
    leases: Mutex<HashSet<LeaseId>>,
    closed: CancellationToken,
    begun: TaskTracker,
    /// True once this handle no longer counts.
    left: AtomicBool,
}

impl RemoteStore {
    /// The store of these servers. Does not speak to them yet: so a program can begin while they are away.
    pub fn open(server: Arc<dyn Server>, config: RemoteConfig) -> Self {
        Self::of(Engine::new(server, config))
    }

    /// Another handle of the same client: it shares connections, slots and watches, and has leases of its own.
    pub fn connect(&self) -> Self {
        Self::of(Arc::clone(&self.engine))
    }

    fn of(engine: Arc<Engine>) -> Self {
        engine.handles.fetch_add(1, Ordering::AcqRel);
        Self {
            engine,
            leases: Mutex::default(),
            closed: CancellationToken::new(),
            begun: TaskTracker::new(),
            left: AtomicBool::new(false),
        }
    }

    /// Runs a reading call, unless the handle is closed.
    async fn read<T>(&self, operation: &'static str, run: impl Future<Output = Result<T>>) -> Result<T> {
        let open = async {
            self.check_open()?;
            self.engine.session().await?;
            run.await
        };
        open.await.map_err(|error| self.name(error, operation))
    }

    /// Runs a call that changes the store to its end, whatever becomes of its caller.
    async fn write<T: Send + 'static>(
        &self,
        operation: &'static str,
        run: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        let counted = self.begun.token();
        // Looked at after the call is counted: `close` either waits for it or was seen.
        self.check_open().map_err(|error| self.name(error, operation))?;
        let begun = tokio::spawn(async move {
            let _counted = counted;
            run.await
        });
        let result = match begun.await {
            Ok(result) => result,
            Err(error) => Err(Error::new(Kind::Unexpected, "the task of the call ended").with_source(error)),
        };
        result.map_err(|error| self.name(error, operation))
    }

    fn check_open(&self) -> Result<()> {
        if self.closed.is_cancelled() {
            return Err(Error::closed("the store was closed"));
        }
        Ok(())
    }

    fn check_granted(&self, id: &LeaseId) -> Result<()> {
        if !self.leases().contains(id) {
            return Err(Error::new(
                Kind::LeaseLost,
                format!("lease {id} has ended or was not granted to this handle"),
            ));
        }
        Ok(())
    }

    fn leases(&self) -> MutexGuard<'_, HashSet<LeaseId>> {
        self.leases.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn name(&self, error: Error, operation: &'static str) -> Error {
        error.with_backend(self.engine.server.info().name).with_operation(operation)
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl Store for RemoteStore {
    fn info(&self) -> &StoreInfo {
        self.engine.server.info()
    }

    async fn get(&self, key: &Key) -> Result<Option<Entry>> {
        self.read("get", self.engine.server.get(Room::Entries, key)).await
    }

    async fn list(&self, prefix: &Prefix) -> Result<Snapshot> {
        self.read("list", self.engine.server.list(Room::Entries, prefix)).await
    }

    async fn commit(&self, txn: &Txn) -> Result<Revision> {
        let checked = || {
            self.check_open()?;
            self.info().limits.check(txn, &self.info().leased)?;
            txn.lease().map_or(Ok(()), |id| self.check_granted(id))
        };
        checked().map_err(|error| self.name(error, "commit"))?;
        let (engine, txn) = (Arc::clone(&self.engine), txn.clone());
        self.write("commit", async move { engine.commit(txn).await }).await
    }

    async fn watch(&self, prefix: &Prefix, from: WatchFrom) -> Result<Watch> {
        self.read("watch", self.engine.watch(prefix, from, self.closed.clone())).await
    }

    async fn grant(&self, ttl: Duration) -> Result<Lease> {
        let checked = || {
            self.check_open()?;
            self.info().limits.check_ttl(ttl)
        };
        checked().map_err(|error| self.name(error, "grant"))?;
        let engine = Arc::clone(&self.engine);
        let run = async move {
            engine.session().await?;
            engine.server.grant(ttl).await
        };
        let id = self.write("grant", run).await?;
        self.leases().insert(id.clone());
        Ok(Lease { id, ttl })
    }

    async fn keep_alive(&self, id: &LeaseId) -> Result<()> {
        let checked = self.check_open().and_then(|()| self.check_granted(id));
        checked.map_err(|error| self.name(error, "keep_alive"))?;
        let (engine, id) = (Arc::clone(&self.engine), id.clone());
        self.write("keep_alive", async move { engine.server.keep_alive(&id).await }).await
    }

    async fn revoke(&self, id: &LeaseId) -> Result<()> {
        let checked = self.check_open().and_then(|()| self.check_granted(id));
        checked.map_err(|error| self.name(error, "revoke"))?;
        let (engine, lease) = (Arc::clone(&self.engine), id.clone());
        let revoked = self.write("revoke", async move { engine.server.revoke(&lease).await }).await;
        if revoked.is_ok() {
            self.leases().remove(id);
        }
        revoked
    }

    async fn status(&self) -> Result<Status> {
        let run = async {
            let session = self.engine.session().await?;
            let facts = self.engine.server.facts().await?;
            Ok(Status {
                identity: session.identity.clone(),
                revision: facts.revision.max(session.slots.newest()),
                leader: facts.leader,
                server_version: facts.server_version,
            })
        };
        self.read("status", run).await
    }

    async fn close(&self) -> Result<()> {
        self.closed.cancel();
        self.begun.close();
        self.begun.wait().await;
        if !self.left.swap(true, Ordering::AcqRel) && self.engine.handles.fetch_sub(1, Ordering::AcqRel) == 1
        {
            let engine = Arc::clone(&self.engine);
            let ended = tokio::spawn(async move { engine.end().await });
            let ended =
                ended.await.map_err(|error| Error::new(Kind::Unexpected, "closing ended").with_source(error));
            ended.and_then(|ended| ended).map_err(|error| self.name(error, "close"))?;
        }
        Ok(())
    }
}
