//! What a controller is made of.

use std::sync::Arc;

use netkeep_drivers::registry::{DriverConfigs, DriverRegistry, NoHook, NoPlugins, register_builtin};
use netkeep_model::BootId;
use netkeep_store::datastore::LocalDatastore;

use crate::Result;

/// What a controller is made of.
#[derive(Clone, Debug)]
pub struct ControllerConfig {
    /// The store of this host.
    pub local: Arc<dyn LocalDatastore>,
    /// The drivers, which were given handles of the same store.
    pub registry: DriverRegistry,
    /// This boot of the host; asked of the kernel if it is absent.
    pub boot: Option<BootId>,
}

impl ControllerConfig {
    /// A controller over `local` with these drivers.
    pub fn new(local: Arc<dyn LocalDatastore>, registry: DriverRegistry) -> Self {
        Self { local, registry, boot: None }
    }

    /// A controller over `local` with the built-in drivers, configured by `configs`.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) names the driver and the option that is wrong.
    pub async fn builtin(local: Arc<dyn LocalDatastore>, configs: &DriverConfigs) -> Result<Self> {
        let registry = DriverRegistry::new(&*local, None, Arc::new(NoPlugins), Arc::new(NoHook));
        register_builtin(&registry, configs).await?;
        Ok(Self::new(local, registry))
    }
}
