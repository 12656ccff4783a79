//! What outlives a crash: the store's data and the host.

use std::sync::Arc;
use std::time::Duration;

use netkeep_controller::{Controller, ControllerConfig, Result};
use netkeep_drivers::NetworkDriver;
use netkeep_drivers::registry::{DriverConfigs, DriverContext};
use netkeep_drivers_conformance::{Faults, TestHost};
use netkeep_model::{Options, leased_directories};
use netkeep_store::datastore::{GlobalDatastore, GlobalStore, LocalStore};
use netkeep_store::{LeasedDirectories, MemoryServer, Prefix, Store};

use crate::shape::Shape;
use crate::store::Stepped;

/// A host and its store.
pub(crate) struct World {
    server: MemoryServer,
    /// The global store, if there is one.
    shared: Option<MemoryServer>,
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
        let shared = shape.is_shared().then(|| MemoryServer::new(leased_directories()));
        Self { server, shared, host: side.host, driver: side.driver, faults }
    }

    /// Ends every run, and forgets the crash.
    pub(crate) fn restart(&self) {
        self.server.restart();
        self.shared.iter().for_each(MemoryServer::restart);
        self.faults.calm();
    }

    /// Begins a run.
    pub(crate) async fn open(&self) -> Result<Controller> {
        self.open_over(Arc::new(Stepped { inner: self.connect(), faults: self.faults.clone() })).await
    }

    /// The store, as it is.
    pub(crate) fn connect(&self) -> Arc<dyn Store> {
        Arc::new(self.server.connect())
    }

    /// The global store, as it is.
    pub(crate) fn connect_shared(&self) -> Arc<dyn Store> {
        Arc::new(self.shared.as_ref().expect("this shape has a global store").connect())
    }

    /// Begins a run over this handle of the store.
    pub(crate) async fn open_over(&self, store: Arc<dyn Store>) -> Result<Controller> {
        let local = Arc::new(LocalStore::new(store, None));
        let global = self.shared.as_ref().map(|shared| -> Arc<dyn GlobalDatastore> {
            let inner: Arc<dyn Store> = Arc::new(shared.connect());
            Arc::new(GlobalStore::new(Arc::new(Stepped { inner, faults: self.faults.clone() })))
        });
        let config = ControllerConfig::builtin_over(local, global, &DriverConfigs::default()).await?;
        if let Some(make) = &self.driver {
            let driver = make();
            let kind = driver.info().kind.clone();
            let init = |context: DriverContext| async move {
                let kind = driver.info().kind.clone();
                context.registrar.network(kind, |_| async move { Ok(driver) }).await
            };
            config.registry.add_driver(kind, init, Options::new()).await?;
        }
        let controller = Controller::open(config).await?;
        if self.shared.is_some() {
            let opened = tokio::time::timeout(Duration::from_secs(60), controller.global_opened()).await;
            opened.expect("the global store is reached");
        }
        Ok(controller)
    }

    /// The keys of everything in the stores.
    pub(crate) async fn keys(&self) -> Vec<String> {
        let mut keys = Vec::new();
        for server in std::iter::once(&self.server).chain(&self.shared) {
            let snapshot = server.connect().list(&Prefix::root()).await.unwrap();
            keys.extend(snapshot.entries.iter().map(|entry| entry.key.to_string()));
        }
        keys
    }
}
