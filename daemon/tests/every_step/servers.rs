//! Stores on real servers.

use std::sync::Arc;

use async_trait::async_trait;
use netkeep::compose::backends;
use netkeep_controller::KeptClient;
use netkeep_model::leased_directories;
use netkeep_store::datastore::{LocalDatastore, LocalStore};
use netkeep_store::layers::{LayerConfig, stack};
use netkeep_store::{MemoryServer, OpenOptions, Store, StoreUrl};

use crate::crash::ground::{Ground, Root};

/// Servers of one family.
pub(crate) struct Servers {
    scheme: String,
    endpoint: String,
}

impl Servers {
    /// Those at this endpoint.
    pub(crate) fn new(scheme: &str, endpoint: &str) -> Self {
        Self { scheme: scheme.to_owned(), endpoint: endpoint.to_owned() }
    }
}

#[async_trait]
impl Ground for Servers {
    fn at_once(&self) -> usize {
        // Of each of the drivers, which are crashed beside each other; they mostly wait.
        2
    }

    fn connects_all(&self) -> bool {
        true
    }

    async fn fresh(&self) -> Arc<dyn Root> {
        let url = format!("{}://{}/step-{:016x}", self.scheme, self.endpoint, rand::random::<u64>());
        Arc::new(Below(url.parse().unwrap()))
    }
}

/// What lies below one path.
struct Below(StoreUrl);

#[async_trait]
impl Root for Below {
    async fn connect(&self, local: &MemoryServer) -> Arc<dyn Store> {
        // As the daemon does. What the client keeps is written as it goes, so it is none of the steps.
        let local: Arc<dyn LocalDatastore> = Arc::new(LocalStore::new(Arc::new(local.connect()), None));
        let client = KeptClient::open(local).await.unwrap();
        let options = OpenOptions::new(leased_directories()).with_client_state(client);
        let opened = backends().unwrap().open(&self.0, &options).await.unwrap();
        stack(opened.store, &LayerConfig::default()).0
    }
}
