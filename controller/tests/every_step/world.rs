//! What outlives a crash: the store's data and the host.

use std::sync::{Arc, Mutex, PoisonError};

use netkeep_controller::{Controller, ControllerConfig, Result};
use netkeep_drivers::Mode;
use netkeep_drivers::registry::{DriverConfigs, DriverContext};
use netkeep_model::{DriverKind, Options};
use netkeep_store::datastore::LocalStore;
use netkeep_store::{LeasedDirectories, MemoryServer, Prefix, Store};

use crate::driver::Maker;
use crate::host::Host;
use crate::steps::Steps;
use crate::store::Stepped;

/// The shape of the driver under test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// The built-in driver that makes nothing.
    Manual,
    /// A driver that plans, and makes things on the host.
    Planned,
    /// A driver that must be called.
    Called,
}

impl Shape {
    pub(crate) const ALL: [Self; 3] = [Self::Manual, Self::Planned, Self::Called];

    /// The driver that a controller of this test has beside the built-in ones, or else `manual`.
    pub(crate) fn driver_of(controller: &Controller) -> String {
        let own = controller.status().drivers.into_iter().find(|kind| kind == "planned" || kind == "called");
        own.unwrap_or_else(|| "manual".to_owned())
    }
}

/// A host and its store.
pub(crate) struct World {
    shape: Shape,
    server: MemoryServer,
    pub(crate) host: Host,
    pub(crate) steps: Steps,
    /// The handles of runs, so that a run that is over cannot do harm later.
    runs: Mutex<Vec<Arc<dyn Store>>>,
}

impl World {
    pub(crate) fn new(shape: Shape) -> Self {
        Self {
            shape,
            server: MemoryServer::new(LeasedDirectories::default()),
            host: Host::default(),
            steps: Steps::default(),
            runs: Mutex::default(),
        }
    }

    /// Ends every run, and forgets the crash.
    pub(crate) fn restart(&self) {
        self.server.restart();
        self.steps.arm(None);
    }

    /// Begins a run.
    pub(crate) async fn open(&self) -> Result<Controller> {
        let store: Arc<dyn Store> =
            Arc::new(Stepped { inner: Arc::new(self.server.connect()), steps: self.steps.clone() });
        self.runs.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&store));
        let local = Arc::new(LocalStore::new(store, None));
        let config = ControllerConfig::builtin(local, &DriverConfigs::default()).await?;
        let mode = match self.shape {
            Shape::Manual => None,
            Shape::Planned => Some(Mode::Planned),
            Shape::Called => Some(Mode::Called),
        };
        if let Some(mode) = mode {
            let driver = Maker::driver(mode, &self.host, &self.steps);
            let kind: DriverKind = driver.info().kind.clone();
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
