//! What outlives a crash: the data of the stores, and the host.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use netkeep_controller::{Controller, ControllerConfig, Result};
use netkeep_drivers::NetworkDriver;
use netkeep_drivers::registry::{DriverConfigs, DriverContext};
use netkeep_drivers_conformance::{Faults, TestHost};
use netkeep_model::Options;
use netkeep_store::datastore::{GlobalDatastore, GlobalStore, LocalStore};
use netkeep_store::{LeasedDirectories, MemoryServer, Prefix, Store};

use super::ground::{Ground, Root};
use super::shape::Shape;
use super::store::Stepped;

/// How long a start may take to reach the store that hosts share.
const PATIENCE: Duration = Duration::from_secs(120);

/// A host and its stores.
pub(crate) struct World {
    shape: Shape,
    server: MemoryServer,
    /// The global store, if there is one.
    root: Option<Arc<dyn Root>>,
    pub(crate) host: Box<dyn TestHost>,
    driver: Option<Box<dyn Fn() -> Arc<dyn NetworkDriver> + Send + Sync>>,
    /// The steps of host and stores.
    pub(crate) faults: Faults,
    /// The connections of the present run to the global store.
    connections: Mutex<Vec<Arc<dyn Store>>>,
}

impl World {
    /// The first host on a store that nobody has used.
    pub(crate) async fn new(shape: Shape, ground: &dyn Ground) -> Self {
        let connected = shape.is_shared() || ground.connects_all();
        let root = if connected { Some(ground.fresh().await) } else { None };
        Self::on(shape, root, 0)
    }

    /// Another host on the same store.
    pub(crate) fn neighbour(&self, number: u32) -> Self {
        Self::on(self.shape, self.root.clone(), number)
    }

    fn on(shape: Shape, root: Option<Arc<dyn Root>>, number: u32) -> Self {
        let side = shape.host(number);
        let faults = side.host.faults().clone();
        let server = MemoryServer::new(LeasedDirectories::default());
        let connections = Mutex::default();
        Self { shape, server, root, host: side.host, driver: side.driver, faults, connections }
    }

    /// Ends the present run, and forgets the crash: nothing that it may still do reaches a store.
    pub(crate) async fn restart(&self) {
        let connections = std::mem::take(&mut *self.connections());
        for connection in connections {
            connection.close().await.unwrap();
        }
        self.server.restart();
        self.faults.calm();
    }

    /// Begins a run.
    pub(crate) async fn open(&self) -> Result<Controller> {
        self.open_over(Arc::new(Stepped { inner: self.connect(), faults: self.faults.clone() })).await
    }

    /// The store of this host, as it is.
    pub(crate) fn connect(&self) -> Arc<dyn Store> {
        Arc::new(self.server.connect())
    }

    /// A connection of somebody who is no host to the global store.
    pub(crate) async fn stranger(&self) -> Arc<dyn Store> {
        let root = self.root.as_ref().expect("this shape has a global store");
        root.connect(&MemoryServer::new(LeasedDirectories::default())).await
    }

    /// Begins a run over this handle of the store of this host.
    pub(crate) async fn open_over(&self, store: Arc<dyn Store>) -> Result<Controller> {
        let local = Arc::new(LocalStore::new(store, None));
        let global: Option<Arc<dyn GlobalDatastore>> = match &self.root {
            None => None,
            Some(root) => {
                let inner = root.connect(&self.server).await;
                self.connections().push(Arc::clone(&inner));
                Some(Arc::new(GlobalStore::new(Arc::new(Stepped { inner, faults: self.faults.clone() }))))
            }
        };
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
        if self.root.is_some() {
            let opened = tokio::time::timeout(PATIENCE, controller.global_opened()).await;
            assert!(opened.is_ok(), "the global store is not reached: {:#?}", controller.status().global);
        }
        Ok(controller)
    }

    /// The keys of everything in the stores, while a run is there.
    pub(crate) async fn keys(&self) -> Vec<String> {
        let shared = self.connections().last().cloned();
        let mut keys = Vec::new();
        for store in std::iter::once(self.connect()).chain(shared) {
            let snapshot = store.list(&Prefix::root()).await.unwrap();
            keys.extend(snapshot.entries.iter().map(|entry| entry.key.to_string()));
        }
        keys
    }

    fn connections(&self) -> std::sync::MutexGuard<'_, Vec<Arc<dyn Store>>> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
