//! Where the store is that hosts share.

use std::sync::Arc;

use async_trait::async_trait;
use netkeep_model::leased_directories;
use netkeep_store::{MemoryServer, Store};

/// Servers, or what stands for them.
#[async_trait]
pub(crate) trait Ground: Send + Sync {
    /// How many operations may be crashed beside each other.
    fn at_once(&self) -> usize;

    /// Whether hosts are connected that share no network, too.
    fn connects_all(&self) -> bool;

    /// A place where nobody has been before.
    async fn fresh(&self) -> Arc<dyn Root>;
}

/// The place of one store.
#[async_trait]
pub(crate) trait Root: Send + Sync {
    /// A connection of the host whose own store this is.
    async fn connect(&self, local: &MemoryServer) -> Arc<dyn Store>;
}

/// The memory of this process.
pub(crate) struct Memory {
    /// Whether hosts are connected that share no network, too.
    pub(crate) connects_all: bool,
}

#[async_trait]
impl Ground for Memory {
    fn at_once(&self) -> usize {
        1
    }

    fn connects_all(&self) -> bool {
        self.connects_all
    }

    async fn fresh(&self) -> Arc<dyn Root> {
        Arc::new(MemoryServer::new(leased_directories()))
    }
}

#[async_trait]
impl Root for MemoryServer {
    async fn connect(&self, _: &MemoryServer) -> Arc<dyn Store> {
        Arc::new(MemoryServer::connect(self))
    }
}
