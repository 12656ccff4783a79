//! A host under test: a store in a temporary folder, and controllers over it.

use std::sync::Arc;

use netkeep_controller::{Controller, ControllerConfig, EndpointSpec, NetworkSpec};
use netkeep_drivers::registry::DriverConfigs;
use netkeep_store::datastore::LocalStore;
use netkeep_store::layers::{LayerConfig, StoreMetrics, stack};
use netkeep_store::{LeasedDirectories, MemoryServer, Prefix, Store};

/// A host whose store outlives its controllers.
pub(crate) struct Site {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) metrics: Arc<StoreMetrics>,
}

impl Site {
    /// A host with an empty store in memory.
    pub(crate) fn new() -> Self {
        let server = MemoryServer::new(LeasedDirectories::default());
        let (store, metrics) = stack(Arc::new(server.connect()), &LayerConfig::default());
        Self { store, metrics }
    }

    /// A controller with the built-in drivers.
    pub(crate) async fn open(&self) -> Controller {
        let local = Arc::new(LocalStore::new(Arc::clone(&self.store), None));
        let config = ControllerConfig::builtin(local, &DriverConfigs::default()).await.unwrap();
        Controller::open(config).await.unwrap()
    }

    /// The keys of everything in the store.
    pub(crate) async fn left(&self) -> Vec<String> {
        let snapshot = self.store.list(&Prefix::root()).await.unwrap();
        snapshot.entries.iter().map(|entry| entry.key.to_string()).collect()
    }
}

/// A network as a client would write it.
pub(crate) fn network(json: serde_json::Value) -> NetworkSpec {
    serde_json::from_value(json).unwrap()
}

/// An endpoint as a client would write it.
pub(crate) fn endpoint(json: serde_json::Value) -> EndpointSpec {
    serde_json::from_value(json).unwrap()
}
