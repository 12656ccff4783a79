//! What a controller is made of.

use std::sync::Arc;

use netkeep_drivers::registry::{DriverConfigs, DriverRegistry, NoHook, NoPlugins, register_builtin};
use netkeep_model::BootId;
use netkeep_store::datastore::{GlobalDatastore, LocalDatastore};

use crate::{HostsConfig, Result, SnapshotFile};

/// What a controller is made of.
#[derive(Clone, Debug)]
pub struct ControllerConfig {
    /// The store of this host.
    pub local: Arc<dyn LocalDatastore>,
    /// The store that all hosts share, if there is one. Its directory `alive` holds leased keys only.
    pub global: Option<Arc<dyn GlobalDatastore>>,
    /// The drivers, which were given handles of the same stores.
    pub registry: DriverRegistry,
    /// Where the last-known state of the global store is kept; if it is absent, nothing of it is known after a start
    /// until the store is reached.
    pub snapshot: Option<SnapshotFile>,
    /// This boot of the host; asked of the kernel if it is absent.
    pub boot: Option<BootId>,
    /// How this host lives among those that share the global store.
    pub hosts: HostsConfig,
}

impl ControllerConfig {
    /// A controller over `local` alone with these drivers.
    pub fn new(local: Arc<dyn LocalDatastore>, registry: DriverRegistry) -> Self {
        Self { local, global: None, registry, snapshot: None, boot: None, hosts: HostsConfig::default() }
    }

    /// A controller over `local` alone with the built-in drivers, configured by `configs`.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) names the driver and the option that is wrong.
    pub async fn builtin(local: Arc<dyn LocalDatastore>, configs: &DriverConfigs) -> Result<Self> {
        Self::builtin_over(local, None, configs).await
    }

    /// A controller over `local`, and over `global` if there is one, with the built-in drivers, configured by
    /// `configs`.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// As [`ControllerConfig::builtin`].
    pub async fn builtin_over(
        local: Arc<dyn LocalDatastore>,
        global: Option<Arc<dyn GlobalDatastore>>,
        configs: &DriverConfigs,
    ) -> Result<Self> {
        let registry = DriverRegistry::new(&*local, global.as_deref(), Arc::new(NoPlugins), Arc::new(NoHook));
        register_builtin(&registry, configs).await?;
        Ok(Self { global, ..Self::new(local, registry) })
    }
}
