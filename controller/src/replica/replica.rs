//! Following a store.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Instant;

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

#[derive(Clone, Copy, Debug)]
struct Sync {
    state: SyncState,
    since: Instant,
    through: Revision,
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
    /// Begins to follow `store`, and returns once its state is known.
    ///
    /// # Errors
    ///
    /// What the store answers.
    pub(crate) async fn follow(store: &Arc<dyn Store>) -> Result<Arc<Self>> {
        let replica = Arc::new(Self {
            state: RwLock::default(),
            sync: watch::Sender::new(Sync {
                state: SyncState::Waiting,
                since: Instant::now(),
                through: Revision::ZERO,
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
                        follower.note(SyncState::Lost, follower.read().through());
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

    /// Whether it agrees with the store, and for how long that has been so.
    pub(crate) fn sync(&self) -> (SyncState, std::time::Duration) {
        let sync = *self.sync.borrow();
        (sync.state, sync.since.elapsed())
    }

    /// Stops following.
    pub(crate) fn stop(&self) {
        self.stop.cancel();
    }

    fn deliver(&self, item: &netkeep_store::WatchItem) {
        self.write().deliver(item);
        self.note(SyncState::InSync, item.through());
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
