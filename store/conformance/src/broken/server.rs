//! A store in memory with one defect, which can be restarted.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use netkeep_store::{MemoryServer, Prefix, Result, Store, Txn};

use super::notes::lock;
use super::siblings::Siblings;
use super::{Broken, Defect};

/// A server whose handles all have one defect, and know of each other what the defect needs.
#[derive(Debug)]
pub struct BrokenServer {
    server: MemoryServer,
    defect: Defect,
    siblings: Arc<Siblings>,
}

impl BrokenServer {
    /// Gives `server` a defect.
    pub fn new(server: MemoryServer, defect: Defect) -> Self {
        Self { server, defect, siblings: Arc::default() }
    }

    /// Its defect.
    pub fn defect(&self) -> Defect {
        self.defect
    }

    /// A new handle.
    pub fn connect(&self) -> Broken {
        let store: Arc<dyn Store> = Arc::new(self.server.connect());
        lock(&self.siblings.handles).push(Arc::clone(&store));
        Broken::within(store, self.defect, Arc::clone(&self.siblings))
    }

    /// Restarts the server, and does then what the defect does at a restart.
    ///
    /// Cancellation: if it is dropped, the server has restarted, and the defect may have done a part.
    ///
    /// # Errors
    ///
    /// Those of the store below.
    pub async fn restart(&self) -> Result<()> {
        self.server.restart();
        self.siblings.named.store(0, Ordering::SeqCst);
        let store: Arc<dyn Store> = Arc::new(self.server.connect());
        let listed = store.list(&Prefix::root()).await?;
        self.siblings.started_at.store(listed.revision.get(), Ordering::SeqCst);
        match self.defect {
            Defect::ForgetsAtRestart => {
                if let Some(entry) = listed.entries.into_iter().next() {
                    store.commit(&Txn::new().delete(entry.key)).await?;
                }
            }
            Defect::LeasesOutliveRestarts => {
                let lease = store.grant(store.info().limits.lease_max).await?;
                for entry in listed.entries.into_iter().filter(|entry| entry.lease.is_some()) {
                    store.commit(&Txn::new().delete(entry.key.clone())).await?;
                    store.commit(&Txn::new().put_leased(entry.key, entry.value, &lease.id)).await?;
                }
            }
            _ => {}
        }
        Ok(())
    }
}
