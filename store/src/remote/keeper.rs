//! Keeping a client known to its store.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::KnownStore;
use super::engine::Engine;
use crate::{Revision, jitter};

impl Engine {
    /// Begins to write a slot whenever this client has made no commit for a while, to keep what it knows of the
    /// store, and to see whether a refused store was accepted; until the last handle closes or is dropped.
    pub(super) fn keep(self: &Arc<Self>) {
        if !self.kept.swap(true, Ordering::Relaxed) {
            // Half of the time, so that no slot is older than the whole when its turn comes.
            tokio::spawn(keep(Arc::downgrade(self), self.over.clone(), self.config.refresh / 2));
        }
    }

    /// False if the store cannot be had.
    async fn look_after(self: &Arc<Self>, every: Duration) -> bool {
        let session = match self.standing() {
            Some(Ok(session)) => session,
            Some(Err(_)) if self.may_be_accepted() => {
                self.look_again();
                // Refused again, or away: both are said to whoever asks.
                let _ = self.session().await;
                return true;
            }
            Some(Err(_)) => return true,
            None => return self.session().await.is_ok(),
        };
        // A client that has committed nothing has nothing to be recognised by, and leaves nothing behind.
        let known_there = session.run_at.is_some() || session.slots.newest() > Revision::ZERO;
        if known_there
            && session.slots.age() >= every
            && let Err(error) = self.refresh().await
        {
            tracing::debug!(%error, "this client could not make itself known");
            return false;
        }
        let known = KnownStore { identity: session.identity.clone(), newest: session.slots.newest() };
        if let Err(error) = self.config.client_state.remember(&known).await {
            tracing::warn!(%error, "what is known of the store could not be kept");
        }
        true
    }
}

async fn keep(engine: Weak<Engine>, over: CancellationToken, every: Duration) {
    let mut pause = every;
    loop {
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = over.cancelled() => return,
        }
        let Some(engine) = engine.upgrade() else { return };
        let there = tokio::select! {
            there = engine.look_after(every) => there,
            () = over.cancelled() => return,
        };
        // Servers that come back are busy enough with those who want something.
        pause = if there { every } else { every + jitter::full(every * 4) };
    }
}
