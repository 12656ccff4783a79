//! A host under test.

use std::sync::Arc;

use super::Fake;
use netkeep_controller::{Controller, ControllerConfig};
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
        Self::over(Arc::new(MemoryServer::new(LeasedDirectories::default()).connect()))
    }

    /// A host with this store.
    pub(crate) fn over(backend: Arc<dyn Store>) -> Self {
        let (store, metrics) = stack(backend, &LayerConfig::default());
        Self { store, metrics }
    }

    /// What a controller over this store is made of, with the built-in drivers.
    pub(crate) async fn config(&self) -> ControllerConfig {
        let local = Arc::new(LocalStore::new(Arc::clone(&self.store), None));
        ControllerConfig::builtin(local, &DriverConfigs::default()).await.unwrap()
    }

    /// A controller with the built-in drivers.
    pub(crate) async fn open(&self) -> Controller {
        Controller::open(self.config().await).await.unwrap()
    }

    /// A controller with this driver beside the built-in ones.
    pub(crate) async fn open_with(&self, driver: &Arc<Fake>) -> Controller {
        let config = self.config().await;
        driver.register(&config.registry).await;
        Controller::open(config).await.unwrap()
    }

    /// The keys below this root.
    pub(crate) async fn below(&self, root: &str) -> Vec<String> {
        self.left().await.into_iter().filter(|key| key.starts_with(root)).collect()
    }

    /// Fails unless nothing is left but what stays for ever.
    #[track_caller]
    pub(crate) fn nothing_left(&self) -> impl Future<Output = ()> + '_ {
        let caller = std::panic::Location::caller();
        async move {
            let left: Vec<_> = self.left().await;
            let odd: Vec<_> =
                left.iter().filter(|key| *key != "meta/host" && !key.starts_with("spaces/")).collect();
            assert!(odd.is_empty(), "{caller}: {odd:?}");
        }
    }

    /// The keys of everything in the store.
    pub(crate) async fn left(&self) -> Vec<String> {
        let snapshot = self.store.list(&Prefix::root()).await.unwrap();
        snapshot.entries.iter().map(|entry| entry.key.to_string()).collect()
    }
}
