//! Following a store.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use netkeep_model::{HostId, Scope};
use netkeep_store::{Kind, Prefix, Revision, Store, Txn, WatchFrom};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::State;
use crate::Result;

/// A copy of a store in memory that follows it by one watch on its root.
#[derive(Debug)]
pub(crate) struct Replica {
    state: RwLock<State>,
    sync: watch::Sender<Sync>,
    stop: CancellationToken,
}

#[derive(Clone, Debug)]
struct Sync {
    state: SyncState,
    since: Instant,
    through: Revision,
    /// Why the watch has ended.
    ended: Option<Ended>,
}

/// Why a watch has ended.
#[derive(Clone, Debug)]
pub(crate) struct Ended {
    pub(crate) kind: Kind,
    pub(crate) why: Arc<str>,
}

/// Who waits for something to be heard.
#[derive(Debug)]
pub(crate) struct Changes(watch::Receiver<Sync>);

impl Changes {
    /// Waits until something was heard since the last time that this was asked. Does not end once nothing will be.
    ///
    /// Cancel safe.
    pub(crate) async fn heard(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Whether a replica agrees with its store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SyncState {
    /// The store has not answered yet.
    Waiting,
    /// It follows the store.
    InSync,
    /// The store has ended the watch: what is known grows old.
    Lost,
}

impl Replica {
    /// One that follows nothing, and knows this.
    pub(crate) fn of(state: State) -> Arc<Self> {
        let through = state.latest();
        let sync = Sync { state: SyncState::Lost, since: Instant::now(), through, ended: None };
        Arc::new(Self {
            state: RwLock::new(state),
            sync: watch::Sender::new(sync),
            stop: CancellationToken::new(),
        })
    }

    /// Begins to follow `store`, in which networks of this scope are, for this host; returns once its state is known.
    ///
    /// # Errors
    ///
    /// What the store answers.
    pub(crate) async fn follow(store: &Arc<dyn Store>, scope: Scope, host: HostId) -> Result<Arc<Self>> {
        let replica = Arc::new(Self {
            state: RwLock::new(State::for_host(scope, host)),
            sync: watch::Sender::new(Sync {
                state: SyncState::Waiting,
                since: Instant::now(),
                through: Revision::ZERO,
                ended: None,
            }),
            stop: CancellationToken::new(),
        });
        let mut watch = store.watch(&Prefix::root(), WatchFrom::Snapshot).await?;
        replica.deliver(&watch.next().await?);

        let follower = Arc::clone(&replica);
        tokio::spawn(async move {
            loop {
                let item = tokio::select! {
                    item = watch.next() => item,
                    () = follower.stop.cancelled() => return,
                };
                match item {
                    Ok(item) => follower.deliver(&item),
                    Err(error) => {
                        if error.kind() != Kind::Closed {
                            tracing::error!(%error, "the watch has ended");
                        }
                        follower.end(&error);
                        return;
                    }
                }
            }
        });
        Ok(replica)
    }

    /// What is known now.
    pub(crate) fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known now, to reserve something in it.
    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lays an own commit over what is known.
    pub(crate) fn applied(&self, txn: &Txn, revision: Revision) {
        self.write().applied(txn, revision);
    }

    /// Waits until everything up to `revision` was delivered; false if that takes longer than `patience`, or if
    /// the store has ended the watch.
    ///
    /// Cancel safe.
    pub(crate) async fn hear(&self, revision: Revision, patience: Duration) -> bool {
        let mut sync = self.sync.subscribe();
        let heard = sync.wait_for(|sync| sync.through >= revision || sync.state == SyncState::Lost);
        matches!(tokio::time::timeout(patience, heard).await, Ok(Ok(sync)) if sync.through >= revision)
    }

    /// Whether it agrees with the store, and for how long that has been so.
    pub(crate) fn sync(&self) -> (SyncState, Duration) {
        let sync = self.sync.borrow();
        (sync.state, sync.since.elapsed())
    }

    /// Waits until `over` says so, which is asked after every item, or until the store has ended the watch; then
    /// returns why it did.
    ///
    /// Cancel safe.
    pub(crate) async fn until(&self, mut over: impl FnMut(&State) -> bool) -> Option<Ended> {
        let mut sync = self.sync.subscribe();
        loop {
            if let Some(ended) = sync.borrow_and_update().ended.clone() {
                return Some(ended);
            }
            if over(&self.read()) || sync.changed().await.is_err() {
                return None;
            }
        }
    }

    /// Says when something was heard.
    pub(crate) fn changes(&self) -> Changes {
        Changes(self.sync.subscribe())
    }

    /// Stops following.
    pub(crate) fn stop(&self) {
        self.stop.cancel();
    }

    fn deliver(&self, item: &netkeep_store::WatchItem) {
        self.write().deliver(item);
        self.note(SyncState::InSync, item.through());
    }

    fn end(&self, error: &netkeep_store::Error) {
        self.sync.send_modify(|sync| {
            sync.state = SyncState::Lost;
            sync.since = Instant::now();
            sync.ended = Some(Ended { kind: error.kind(), why: error.to_string().into() });
        });
    }

    fn note(&self, state: SyncState, through: Revision) {
        self.sync.send_modify(|sync| {
            if sync.state != state {
                sync.state = state;
                sync.since = Instant::now();
            }
            sync.through = through;
        });
    }
}
