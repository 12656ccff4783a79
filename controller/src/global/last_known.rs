//! Reading what was known last of a store that cannot be had.

use std::sync::Arc;
use std::time::Duration;

use netkeep_model::{Scope, Timestamp};
use netkeep_store::remote::KnownStore;
use netkeep_store::{Identity, Snapshot, WatchItem};
use serde::{Deserialize, Serialize};

use super::Parts;
use super::snapshot::{Head, SnapshotFile};
use crate::Result;
use crate::controller::Inner;
use crate::fence::RunFence;
use crate::replica::{Replica, State};
use crate::site::Site;

/// How old an answer is that comes from what was known last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stale {
    /// All commits up to this one are contained.
    pub revision: u64,
    /// For how long nothing newer was heard.
    pub age: Duration,
}

/// What was known last of the global store.
#[derive(Clone, Debug)]
pub(super) struct LastKnown {
    pub(super) inner: Arc<Inner>,
    at: Timestamp,
}

impl LastKnown {
    /// What is known now.
    pub(super) fn now(inner: Arc<Inner>) -> Self {
        Self { inner, at: Timestamp::now() }
    }

    /// What a file says; `None` if there is none, or if it is of another store than the one that this host knows.
    pub(super) async fn read(
        file: &SnapshotFile,
        parts: &Parts,
        known: Option<&KnownStore>,
    ) -> Result<Option<Self>> {
        let reading = file.clone();
        let read = tokio::task::spawn_blocking(move || reading.read()).await;
        let (head, entries) = match read {
            Ok(Ok(Some(read))) => read,
            Ok(Ok(None)) => return Ok(None),
            Ok(Err(reason)) => {
                tracing::warn!(file = %file.path.display(), %reason, "the last-known state of the global store cannot be read; it is not used");
                return Ok(None);
            }
            Err(error) => {
                return Err(crate::Error::internal("a file was not read to its end").with_source(error));
            }
        };
        if known.is_some_and(|known| known.identity != head.identity) {
            tracing::warn!(file = %file.path.display(), "the last-known state is of another global store; it is not used");
            return Ok(None);
        }
        let mut state = State::for_host(Scope::Global, parts.host.host);
        state.deliver(&WatchItem::Reset(Snapshot { entries, revision: head.revision }));
        let store = Arc::clone(parts.global.store());
        let fence = RunFence::closed(Arc::clone(&store), parts.host)?;
        let site = Site::new(store, Scope::Global, Replica::of(state), fence, parts.boot.clone());
        let interest = parts.local.interest.clone();
        let inner = Arc::new(Inner { site, registry: parts.registry.clone(), interest });
        Ok(Some(Self { inner, at: head.at }))
    }

    /// How old it is.
    pub(super) fn stale(&self) -> Stale {
        let revision = self.inner.site.replica.read().latest().get();
        Stale { revision, age: Timestamp::now().since(self.at) }
    }
}

/// What a snapshot of this replica holds; nothing that is leased.
pub(super) fn snapshot(inner: &Inner, identity: Identity) -> (Head, Vec<netkeep_store::Entry>) {
    let state = inner.site.replica.read();
    (Head::new(identity, state.latest()), state.tables.entries())
}
