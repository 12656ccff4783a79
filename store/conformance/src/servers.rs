//! Judging a store on servers.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use netkeep_store::{LeasedDirectories, Store};

use crate::{Case, Harness, Layers};

/// A part of real servers that one case has for itself: a root on them that nobody else uses.
#[async_trait]
pub trait Part: Send + Sync + Sized {
    /// A part that is fresh and empty; on servers of its own, which may be restarted, or on those that all cases
    /// share.
    ///
    /// Cancellation: never cancelled by the suite.
    async fn fresh(own: bool) -> Self;

    /// Another part, fresh and empty too, on the same servers or others.
    ///
    /// Cancellation: never cancelled by the suite.
    async fn another(&self) -> Self;

    /// A client of its own, to a store in this part, with these directories for leased keys.
    fn connect(&self, leased: LeasedDirectories) -> Arc<dyn Store>;

    /// Restarts the servers, which are this part's own, and returns when they serve.
    ///
    /// Cancellation: never cancelled by the suite.
    async fn restart(&self);

    /// Removes all that is in this part, and panics if something is left.
    ///
    /// Cancellation: never cancelled by the suite.
    async fn clean(&self);
}

/// The [`Harness`] of a store on servers: handles are clients of their own, within layers, and are closed at the end;
/// what the case has left on the servers is removed.
#[derive(Debug)]
pub struct OnServers<P> {
    part: P,
    layers: Layers,
    handles: Mutex<Vec<Arc<dyn Store>>>,
    others: Mutex<Vec<Self>>,
}

impl<P: Part> OnServers<P> {
    /// For the case that runs: on servers of its own if it restarts them.
    ///
    /// Cancel safe if [`Part::fresh`] is.
    pub async fn fresh(layers: Layers) -> Self {
        Self::of(P::fresh(Case::current().restarts()).await, layers)
    }

    /// For a part that is there.
    pub fn of(part: P, layers: Layers) -> Self {
        Self { part, layers, handles: Mutex::default(), others: Mutex::default() }
    }

    fn open(&self) -> Arc<dyn Store> {
        let store = self.part.connect(self.layers.leased());
        self.handles.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&store));
        self.layers.around(store)
    }

    async fn clean(&self) {
        let handles = std::mem::take(&mut *self.handles.lock().unwrap_or_else(PoisonError::into_inner));
        for handle in handles {
            let _ = handle.close().await;
        }
        self.part.clean().await;
    }
}

#[async_trait]
impl<P: Part> Harness for OnServers<P> {
    async fn connect(&self) -> Arc<dyn Store> {
        self.open()
    }

    async fn restart(&self) {
        self.part.restart().await;
    }

    async fn other_store(&self) -> Arc<dyn Store> {
        let other = Self::of(self.part.another().await, self.layers);
        let store = other.open();
        self.others.lock().unwrap_or_else(PoisonError::into_inner).push(other);
        store
    }

    async fn finish(&self) {
        let others = std::mem::take(&mut *self.others.lock().unwrap_or_else(PoisonError::into_inner));
        for judged in others.iter().chain([self]) {
            judged.clean().await;
        }
    }
}
