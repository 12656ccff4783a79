//! Putting the daemon together: the one place that names the backends.

use std::fmt;
use std::sync::Arc;

use netkeep_controller::{Controller, ControllerConfig, HostsConfig, KeptClient, SnapshotFile};
use netkeep_drivers::ipam::builtin::{self, GLOBAL_POOLS, LOCAL_POOLS};
use netkeep_drivers::registry::DriverConfigs;
use netkeep_model::{IpamKind, Scope, leased_directories};
use netkeep_store::datastore::{GlobalDatastore, GlobalStore, LocalDatastore, LocalStore};
use netkeep_store::layers::{LayerConfig, StoreMetrics, stack};
use netkeep_store::{Backends, LeasedDirectories, Maintenance, MemoryBackend, OpenOptions, Store, StoreUrl};
use netkeep_store_consul::ConsulBackend;
use netkeep_store_etcd::EtcdBackend;
use netkeep_store_redb::RedbBackend;
use netkeep_store_zookeeper::ZooKeeperBackend;
use serde_json::json;

use crate::config::{Config, Span};
use crate::exit::Exit;

/// A controller over opened stores.
#[derive(Clone, Debug)]
pub struct Composition {
    /// The controller.
    pub controller: Controller,
    /// The store of this host.
    pub local: Layered,
    /// The store that this host shares with others, if there is one.
    pub global: Option<Layered>,
}

/// A store within all layers.
#[derive(Clone, Debug)]
pub struct Layered {
    /// The store.
    pub store: Arc<dyn Store>,
    /// What it was asked, and how long that took.
    pub metrics: Arc<StoreMetrics>,
}

/// Why the daemon could not be put together.
#[derive(Debug)]
pub enum ComposeError {
    /// The store of this scope could not be opened.
    Store(Scope, StoreUrl, netkeep_store::Error),
    /// The controller could not be opened.
    Controller(netkeep_controller::Error),
}

/// The backends of this program: `memory`, `redb`, `etcd`, `consul` and `zookeeper`.
///
/// # Errors
///
/// If two of them have one scheme, which is a defect.
pub fn backends() -> netkeep_store::Result<Backends> {
    let mut backends = Backends::new();
    backends.register(Arc::new(MemoryBackend))?;
    backends.register(Arc::new(RedbBackend))?;
    backends.register(Arc::new(EtcdBackend))?;
    backends.register(Arc::new(ConsulBackend))?;
    backends.register(Arc::new(ZooKeeperBackend))?;
    Ok(backends)
}

/// The variables of the environment that hold what a backend proves itself with. A backend reads its own when it is
/// opened; the daemon neither keeps nor shows them.
pub(crate) const CREDENTIALS: [[&str; 2]; 2] =
    [netkeep_store_etcd::Credentials::ENVIRONMENT, netkeep_store_zookeeper::Credentials::ENVIRONMENT];

impl Composition {
    /// Opens the stores, puts the layers around them, and opens the controller, which recovers. Servers of a global
    /// store are not spoken to yet: what they hold is served once they were reached.
    ///
    /// Cancel safe: what was opened by then is closed.
    ///
    /// # Errors
    ///
    /// [`ComposeError`]: a store's scheme is unknown, its file is another's, foreign or damaged, or in use by a
    /// process that the message names; a driver refuses its options.
    pub async fn open(config: &Config) -> Result<Self, ComposeError> {
        let backends =
            backends().map_err(|error| ComposeError::Store(Scope::Local, config.local.clone(), error))?;
        // Nothing in a local store is leased: it has one client, which is alive as long as the store is open.
        let options = OpenOptions::new(LeasedDirectories::default());
        let (local, maintenance) = layered(&backends, Scope::Local, &config.local, &options).await?;
        let records: Arc<dyn LocalDatastore> =
            Arc::new(LocalStore::new(Arc::clone(&local.store), maintenance));
        let global = match &config.global {
            None => Ok(None),
            Some(url) => Self::open_global(&backends, url, &records).await.map(Some),
        };
        let global = match global {
            Ok(global) => global,
            Err(error) => {
                local.close_quietly().await;
                return Err(error);
            }
        };
        match Self::controller(config, records, global.as_ref()).await {
            Ok(controller) => Ok(Self { controller, local, global }),
            Err(error) => {
                if let Some(global) = &global {
                    global.close_quietly().await;
                }
                local.close_quietly().await;
                Err(ComposeError::Controller(error))
            }
        }
    }

    async fn open_global(
        backends: &Backends,
        url: &StoreUrl,
        local: &Arc<dyn LocalDatastore>,
    ) -> Result<Layered, ComposeError> {
        let client = KeptClient::open(Arc::clone(local)).await.map_err(ComposeError::Controller)?;
        let options = OpenOptions::new(leased_directories()).with_client_state(client);
        Ok(layered(backends, Scope::Global, url, &options).await?.0)
    }

    async fn controller(
        config: &Config,
        local: Arc<dyn LocalDatastore>,
        global: Option<&Layered>,
    ) -> netkeep_controller::Result<Controller> {
        let global = global.map(|global| -> Arc<dyn GlobalDatastore> {
            Arc::new(GlobalStore::new(Arc::clone(&global.store)))
        });
        let mut controller = ControllerConfig::builtin_over(local, global, &driver_configs(config)).await?;
        controller.hosts = hosts(config);
        controller.snapshot = snapshot(config);
        let (network, ipam) = (controller.registry.kinds(), controller.registry.ipam_kinds());
        refuse_unknown("driver", config.drivers.keys(), &network)?;
        refuse_unknown("ipam", config.ipam.keys(), &ipam)?;
        Controller::open(controller).await
    }

    /// Stops the controller and closes the stores. Cancel safe; call it again to wait again.
    ///
    /// # Errors
    ///
    /// If the last writes to the store of this host could not be made durable.
    pub async fn close(&self) -> netkeep_store::Result<()> {
        self.controller.close().await;
        // Before the other one, in which it keeps what this host knows of it.
        if let Some(global) = &self.global {
            global.close_quietly().await;
        }
        self.local.store.close().await
    }
}

impl Layered {
    async fn close_quietly(&self) {
        if let Err(error) = self.store.close().await {
            tracing::warn!(store = self.store.info().name, %error, "the store was not closed cleanly");
        }
    }
}

/// Opens a store and puts the layers around it.
async fn layered(
    backends: &Backends,
    scope: Scope,
    url: &StoreUrl,
    options: &OpenOptions,
) -> Result<(Layered, Option<Arc<dyn Maintenance>>), ComposeError> {
    let opened =
        backends.open(url, options).await.map_err(|error| ComposeError::Store(scope, url.clone(), error))?;
    let (store, metrics) = stack(opened.store, &LayerConfig::default());
    Ok((Layered { store, metrics }, opened.maintenance))
}

impl ComposeError {
    /// How a daemon exits that could not be put together.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Store(_, _, error) => error.kind().into(),
            Self::Controller(error) => error.kind().into(),
        }
    }
}

impl fmt::Display for ComposeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(scope, url, error) => {
                write!(f, "{scope} store {}: {error}", String::from(url.clone()))
            }
            Self::Controller(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ComposeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Store(_, _, error) => Some(error),
            Self::Controller(error) => Some(error),
        }
    }
}

/// How this host lives among those that share a store.
fn hosts(config: &Config) -> HostsConfig {
    let default = HostsConfig::default();
    HostsConfig {
        lease: config.host_lease.map_or(default.lease, Span::duration),
        evict_after: config.evict_after.map(Span::duration),
        address: config.advertise_address,
    }
}

/// Beside the file of the store of this host; a store without a file has no place for it.
fn snapshot(config: &Config) -> Option<SnapshotFile> {
    let mut name = config.local.file().ok()?.into_os_string();
    name.push(".last-known");
    Some(SnapshotFile::new(name))
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
