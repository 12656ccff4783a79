//! What outlives a crash: the store's data and the host.

use std::sync::Arc;

use netkeep_controller::{Controller, ControllerConfig, Result};
use netkeep_drivers::NetworkDriver;
use netkeep_drivers::registry::{DriverConfigs, DriverContext};
use netkeep_drivers_conformance::{Faults, TestHost};
use netkeep_model::Options;
use netkeep_store::datastore::LocalStore;
use netkeep_store::{LeasedDirectories, MemoryServer, Prefix, Store};

use crate::shape::Shape;
use crate::store::Stepped;

/// A host and its store.
pub(crate) struct World {
    server: MemoryServer,
    pub(crate) host: Box<dyn TestHost>,
    driver: Option<Box<dyn Fn() -> Arc<dyn NetworkDriver> + Send + Sync>>,
    /// The steps of host and store.
    pub(crate) faults: Faults,
}

impl World {
    pub(crate) fn new(shape: Shape) -> Self {
        let side = shape.host();
        let faults = side.host.faults().clone();
        let server = MemoryServer::new(LeasedDirectories::default());
        Self { server, host: side.host, driver: side.driver, faults }
    }

    /// Ends every run, and forgets the crash.
    pub(crate) fn restart(&self) {
        self.server.restart();
        self.faults.calm();
    }

    /// Begins a run.
    pub(crate) async fn open(&self) -> Result<Controller> {
        let inner: Arc<dyn Store> = Arc::new(self.server.connect());
        let store = Arc::new(Stepped { inner, faults: self.faults.clone() });
        let local = Arc::new(LocalStore::new(store, None));
        let config = ControllerConfig::builtin(local, &DriverConfigs::default()).await?;
        if let Some(make) = &self.driver {
            let driver = make();
            let kind = driver.info().kind.clone();
            let init = |context: DriverContext| async move {
                let kind = driver.info().kind.clone();
                context.registrar.network(kind, |_| async move { Ok(driver) }).await
            };
            config.registry.add_driver(kind, init, Options::new()).await?;
        }
        Controller::open(config).await
    }

    /// The keys of everything in the store.
    pub(crate) async fn keys(&self) -> Vec<String> {
        let snapshot = self.server.connect().list(&Prefix::root()).await.unwrap();
        snapshot.entries.iter().map(|entry| entry.key.to_string()).collect()
    }
}
