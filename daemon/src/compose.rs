//! Putting the daemon together: the one place that names the backends.

use std::fmt;
use std::sync::Arc;

use netkeep_controller::{Controller, ControllerConfig};
use netkeep_drivers::ipam::builtin::{self, GLOBAL_POOLS, LOCAL_POOLS};
use netkeep_drivers::registry::DriverConfigs;
use netkeep_model::IpamKind;
use netkeep_store::datastore::{LocalDatastore, LocalStore};
use netkeep_store::layers::{LayerConfig, StoreMetrics, stack};
use netkeep_store::{Backends, LeasedDirectories, MemoryBackend, OpenOptions, Store, StoreUrl};
use netkeep_store_redb::RedbBackend;
use serde_json::json;

use crate::config::Config;
use crate::exit::Exit;

/// A controller over an opened store.
#[derive(Clone, Debug)]
pub struct Composition {
    /// The controller.
    pub controller: Controller,
    /// Its store, within all layers.
    pub store: Arc<dyn Store>,
    /// What the store was asked, and how long it took.
    pub metrics: Arc<StoreMetrics>,
}

/// Why the daemon could not be put together.
#[derive(Debug)]
pub enum ComposeError {
    /// The store could not be opened.
    Store(StoreUrl, netkeep_store::Error),
    /// The controller could not be opened.
    Controller(netkeep_controller::Error),
}

/// The backends of this program: `memory` and `redb`.
///
/// # Errors
///
/// If two of them have one scheme, which is a defect.
pub fn backends() -> netkeep_store::Result<Backends> {
    let mut backends = Backends::new();
    backends.register(Arc::new(MemoryBackend))?;
    backends.register(Arc::new(RedbBackend))?;
    Ok(backends)
}

impl Composition {
    /// Opens the store, puts the layers around it, and opens the controller, which recovers.
    ///
    /// Cancel safe: what was opened by then is closed.
    ///
    /// # Errors
    ///
    /// [`ComposeError`]: the store's scheme is unknown, its file is another's, foreign or damaged, or in use by a
    /// process that the message names; a driver refuses its options.
    pub async fn open(config: &Config) -> Result<Self, ComposeError> {
        let in_store = |error| ComposeError::Store(config.local.clone(), error);
        // Nothing in a local store is leased: it has one client, which is alive as long as the store is open.
        let options = OpenOptions::new(LeasedDirectories::default());
        let backends = backends().map_err(in_store)?;
        let opened = backends.open(&config.local, &options).await.map_err(in_store)?;
        let (store, metrics) = stack(opened.store, &LayerConfig::default());
        let local: Arc<dyn LocalDatastore> =
            Arc::new(LocalStore::new(Arc::clone(&store), opened.maintenance));
        let controller = match Self::controller(config, local).await {
            Ok(controller) => controller,
            Err(error) => {
                if let Err(error) = store.close().await {
                    tracing::warn!(%error, "the store was not closed cleanly");
                }
                return Err(ComposeError::Controller(error));
            }
        };
        Ok(Self { controller, store, metrics })
    }

    async fn controller(
        config: &Config,
        local: Arc<dyn LocalDatastore>,
    ) -> netkeep_controller::Result<Controller> {
        let controller = ControllerConfig::builtin(local, &driver_configs(config)).await?;
        let (network, ipam) = (controller.registry.kinds(), controller.registry.ipam_kinds());
        refuse_unknown("driver", config.drivers.keys(), &network)?;
        refuse_unknown("ipam", config.ipam.keys(), &ipam)?;
        Controller::open(controller).await
    }

    /// Stops the controller and closes the store. Cancel safe; call it again to wait again.
    ///
    /// # Errors
    ///
    /// If the last writes could not be made durable.
    pub async fn close(&self) -> netkeep_store::Result<()> {
        self.controller.close().await;
        self.store.close().await
    }
}

impl ComposeError {
    /// How a daemon exits that could not be put together.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Store(_, error) => error.kind().into(),
            Self::Controller(error) => error.kind().into(),
        }
    }
}

impl fmt::Display for ComposeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(url, error) => write!(f, "local store {}: {error}", String::from(url.clone())),
            Self::Controller(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ComposeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Store(_, error) => Some(error),
            Self::Controller(error) => Some(error),
        }
    }
}

/// What the drivers are told. The pools that the configuration names are told to the built-in IPAM driver.
fn driver_configs(config: &Config) -> DriverConfigs {
    let mut configs = DriverConfigs { network: config.drivers.clone(), ipam: config.ipam.clone() };
    for (name, pools) in [(LOCAL_POOLS, &config.pools.local), (GLOBAL_POOLS, &config.pools.global)] {
        let Some(pools) = pools else { continue };
        let bases =
            pools.iter().map(|pool| json!({ "base": pool.base, "size": pool.size })).collect::<Vec<_>>();
        if let Ok(kind) = IpamKind::new(builtin::KIND) {
            configs.ipam.entry(kind).or_default().insert(name, bases);
        }
    }
    configs
}

/// Refuses options for a driver that there is not: most likely its name is misspelled.
fn refuse_unknown<'a, K: PartialEq + fmt::Display + 'a>(
    table: &str,
    told: impl IntoIterator<Item = &'a K>,
    known: &[K],
) -> netkeep_controller::Result<()> {
    match told.into_iter().find(|kind| !known.contains(kind)) {
        None => Ok(()),
        Some(unknown) => {
            let known: Vec<_> = known.iter().map(ToString::to_string).collect();
            Err(netkeep_controller::Error::invalid(format!(
                "configuration {table}.{unknown}: there is no such driver; known: {}",
                known.join(", ")
            )))
        }
    }
}
