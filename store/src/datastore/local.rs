//! The datastore of this host.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;

use super::{Datastore, Local};
use crate::{Compaction, Error, Maintenance, Result, Store};

/// The datastore of this host: records that only it writes, kept in a file of its own.
#[async_trait]
pub trait LocalDatastore: Datastore<Home = Local> {
    /// Gives space that is no longer used back to the file system.
    ///
    /// Cancellation: it goes on.
    ///
    /// # Errors
    ///
    /// [`Kind::Invalid`](crate::Kind::Invalid) if the store has no file; what the store answers.
    async fn compact(&self) -> Result<Compaction>;

    /// Writes a consistent copy to `to`, which must not exist.
    ///
    /// Cancellation: it goes on.
    ///
    /// # Errors
    ///
    /// [`Kind::Invalid`](crate::Kind::Invalid) if the store has no file or `to` exists; what the store answers.
    async fn backup(&self, to: &Path) -> Result<()>;
}

/// A [`LocalDatastore`] over any store, with the maintenance that its backend offers.
#[derive(Clone, Debug)]
pub struct LocalStore {
    store: Arc<dyn Store>,
    maintenance: Option<Arc<dyn Maintenance>>,
}

impl LocalStore {
    /// The datastore over `store`.
    pub fn new(store: Arc<dyn Store>, maintenance: Option<Arc<dyn Maintenance>>) -> Self {
        Self { store, maintenance }
    }

    fn maintenance(&self) -> Result<&dyn Maintenance> {
        self.maintenance.as_deref().ok_or_else(|| {
            Error::invalid(format!("the store {} has no file to keep in order", self.store.info().name))
        })
    }
}

impl Datastore for LocalStore {
    type Home = Local;

    fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }
}

#[async_trait]
impl LocalDatastore for LocalStore {
    async fn compact(&self) -> Result<Compaction> {
        self.maintenance()?.compact().await
    }

    async fn backup(&self, to: &Path) -> Result<()> {
        self.maintenance()?.backup(to).await
    }
}
