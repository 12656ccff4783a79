//! Leases that nobody asked to keep.

use std::sync::Arc;

use netkeep_store::{Lease, Store};
use tokio::task::JoinSet;

/// Renews leases in the background, until it is dropped.
#[derive(Debug, Default)]
pub(super) struct Keepers(std::sync::Mutex<JoinSet<()>>);

impl Keepers {
    /// Renews `lease` for ever.
    pub(super) fn keep(&self, store: &Arc<dyn Store>, lease: &Lease) {
        let (store, id, pause) = (Arc::clone(store), lease.id.clone(), lease.ttl / 4);
        let mut keepers = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        keepers.spawn(async move {
            while store.keep_alive(&id).await.is_ok() {
                tokio::time::sleep(pause).await;
            }
        });
    }
}
