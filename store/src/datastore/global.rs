//! The datastore that all hosts share.

use std::sync::Arc;

use async_trait::async_trait;

use super::{Datastore, Global};
use crate::{Result, Status, Store};

/// The datastore that all hosts share.
#[async_trait]
pub trait GlobalDatastore: Datastore<Home = Global> {
    /// Which store it is and how it is, asked now.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// [`Kind::Unavailable`](crate::Kind::Unavailable) while the store cannot be had; what the store answers.
    async fn status(&self) -> Result<Status>;
}

/// A [`GlobalDatastore`] over any store.
#[derive(Clone, Debug)]
pub struct GlobalStore {
    store: Arc<dyn Store>,
}

impl GlobalStore {
    /// The datastore over `store`.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store }
    }
}

impl Datastore for GlobalStore {
    type Home = Global;

    fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }
}

#[async_trait]
impl GlobalDatastore for GlobalStore {
    async fn status(&self) -> Result<Status> {
        self.store.status().await
    }
}
