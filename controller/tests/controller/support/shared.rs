//! Hosts that share a store.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::{Duration, Instant};

use netkeep_controller::{Controller, ControllerConfig, GlobalState, HostsConfig};
use netkeep_drivers::registry::{DriverConfigs, DriverRegistry, NoHook, NoPlugins};
use netkeep_model::{Alive, HostId, leased_directories};
use netkeep_store::datastore::{GlobalDatastore, GlobalStore, LocalDatastore, LocalStore, Record};
use netkeep_store::layers::{Deadlines, LayerConfig, stack};
use netkeep_store::{MemoryServer, Prefix, Store, Txn};
use netkeep_store_conformance::fault::{Faults, Faulty};

use super::{Lasting, Site};

/// How long anything may take that happens by itself.
const PATIENCE: Duration = Duration::from_secs(30);

/// The store that hosts share.
pub(crate) struct Shared {
    server: MemoryServer,
}

/// A host: its own store, and the way to the shared one, which may be faulty.
pub(crate) struct Host {
    pub(crate) site: Site,
    pub(crate) faults: Arc<Faults>,
    pub(crate) hosts: HostsConfig,
    /// How many commits it has begun.
    pub(crate) begun: Arc<AtomicUsize>,
    global: Arc<dyn Store>,
}

impl Shared {
    /// An empty one.
    pub(crate) fn new() -> Self {
        Self { server: MemoryServer::new(leased_directories()) }
    }

    /// A new host.
    pub(crate) fn host(&self) -> Host {
        self.host_over(Site::new())
    }

    /// A host with this store of its own: the same one after a crash, if it had that before.
    pub(crate) fn host_over(&self, site: Site) -> Host {
        let faults = Arc::new(Faults::new());
        let faulty = Faulty::new(self.connect(), Arc::clone(&faults));
        let begun = Arc::<AtomicUsize>::default();
        let lasting = Lasting { inner: Arc::new(faulty), begun: Arc::clone(&begun) };
        let layers = LayerConfig {
            deadlines: Deadlines { commit: Duration::from_millis(300), ..Deadlines::default() },
            ..LayerConfig::default()
        };
        let global = stack(Arc::new(lasting), &layers).0;
        Host { site, faults, hosts: HostsConfig::default(), begun, global }
    }

    /// A new host whose signs of life live so long.
    pub(crate) fn host_with(&self, lease: Duration) -> Host {
        Host { hosts: HostsConfig { lease, ..HostsConfig::default() }, ..self.host() }
    }

    /// Takes away the sign of life of a host, as the end of its lease does.
    pub(crate) async fn miss(&self, host: HostId) {
        let key = Alive::key(&host).unwrap();
        self.connect().commit(&Txn::new().delete(key)).await.unwrap();
    }

    /// The store, as it is.
    pub(crate) fn connect(&self) -> Arc<dyn Store> {
        Arc::new(self.server.connect())
    }

    /// The keys of everything in it.
    pub(crate) async fn keys(&self) -> Vec<String> {
        let snapshot = self.connect().list(&Prefix::root()).await.unwrap();
        snapshot.entries.iter().map(|entry| entry.key.to_string()).collect()
    }

    /// Fails unless nothing is left but what stays for ever.
    pub(crate) async fn nothing_left(&self) {
        let mut left = self.keys().await;
        left.retain(|key| {
            !["alive/", "gone/", "hosts/", "marks/", "spaces/"].iter().any(|root| key.starts_with(root))
        });
        assert!(left.is_empty(), "{left:?}");
    }
}

impl Host {
    /// What a controller of this host is made of, with the built-in drivers.
    pub(crate) async fn config(&self) -> ControllerConfig {
        let local = Arc::new(LocalStore::new(Arc::clone(&self.site.store), None));
        let global: Arc<dyn GlobalDatastore> = Arc::new(GlobalStore::new(Arc::clone(&self.global)));
        let config = ControllerConfig::builtin_over(local, Some(global), &DriverConfigs::default()).await;
        ControllerConfig { hosts: self.hosts, ..config.unwrap() }
    }

    /// As [`Host::config`], without any driver.
    pub(crate) fn bare_config(&self) -> ControllerConfig {
        let local: Arc<dyn LocalDatastore> = Arc::new(LocalStore::new(Arc::clone(&self.site.store), None));
        let global: Arc<dyn GlobalDatastore> = Arc::new(GlobalStore::new(Arc::clone(&self.global)));
        let registry = DriverRegistry::new(&*local, Some(&*global), Arc::new(NoPlugins), Arc::new(NoHook));
        ControllerConfig { global: Some(global), hosts: self.hosts, ..ControllerConfig::new(local, registry) }
    }

    /// Begins a controller, which may not have reached the shared store yet.
    pub(crate) async fn begin(&self) -> Controller {
        Controller::open(self.config().await).await.unwrap()
    }

    /// A controller that has.
    pub(crate) async fn open(&self) -> Controller {
        let controller = self.begin().await;
        opened(&controller).await;
        controller
    }
}

/// Waits until networks of global scope are served.
pub(crate) async fn opened(controller: &Controller) {
    tokio::time::timeout(PATIENCE, controller.global_opened()).await.expect("the store is reached");
}

/// Waits until the global store is in this state.
pub(crate) async fn stands(controller: &Controller, state: GlobalState) {
    let what = format!("the global store is {state:?}");
    eventually(&what, || (controller.status().global.unwrap().state == state).then_some(())).await;
}

/// Waits until `done` answers something.
pub(crate) async fn eventually<T>(what: &str, mut done: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if let Some(found) = done() {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("{what}: not within {PATIENCE:?}");
}
