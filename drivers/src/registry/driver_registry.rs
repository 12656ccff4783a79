//! The registry of drivers.

use std::fmt;
use std::sync::{Arc, Mutex};

use netkeep_model::{DriverKind, IpamKind, Options};
use netkeep_store::datastore::{GlobalDatastore, LocalDatastore};

use super::shared::{Shared, Turns};
use super::table::Table;
use super::{DriverContext, Fence, PluginGetter, PluginRole, Registrar, RegistryHook};
use crate::{Error, ErrorKind, IpamDriver, NetworkDriver, Result};

/// The drivers of networks and of IPAM, by kind.
///
/// Clones share the drivers.
#[derive(Clone)]
pub struct DriverRegistry {
    shared: Arc<Shared>,
}

impl DriverRegistry {
    /// A registry without drivers, whose drivers keep their own data in these datastores. `plugins` is asked for
    /// kinds that nobody has registered, `hook` hears of every driver before it is published.
    pub fn new(
        local: &dyn LocalDatastore,
        global: Option<&dyn GlobalDatastore>,
        plugins: Arc<dyn PluginGetter>,
        hook: Arc<dyn RegistryHook>,
    ) -> Self {
        Self {
            shared: Arc::new(Shared {
                local: local.store().clone(),
                global: global.map(|global| global.store().clone()),
                local_fence: Fence::new(),
                global_fence: Fence::new(),
                plugins,
                hook,
                networks: Table::new(PluginRole::Network),
                ipams: Table::new(PluginRole::Ipam),
                turns: Mutex::new(Turns::new()),
            }),
        }
    }

    /// What every commit of a driver to its local store depends on.
    pub fn local_fence(&self) -> &Fence {
        &self.shared.local_fence
    }

    /// What every commit of a driver to its global store depends on.
    pub fn global_fence(&self) -> &Fence {
        &self.shared.global_fence
    }

    /// Registers drivers that nobody asked for yet, such as plugins that appear.
    pub fn registrar(&self) -> Registrar {
        Registrar::new(&self.shared, Options::new())
    }

    /// Adds a network driver: calls `init`, which registers it with the registrar of its context.
    ///
    /// Cancel safe: the driver is registered or not.
    ///
    /// # Errors
    ///
    /// What `init` answers, such as a refusal of the [`Registrar`]; [`ErrorKind::Internal`] if it succeeds
    /// without having registered `kind`.
    pub async fn add_driver<F, R>(&self, kind: DriverKind, init: F, config: Options) -> Result<()>
    where
        F: FnOnce(DriverContext) -> R + Send,
        R: Future<Output = Result<()>> + Send,
    {
        let registrar = Registrar::new(&self.shared, config);
        init(self.shared.context(PluginRole::Network, &kind.segment(), &registrar)?).await?;
        registrar.check_registered(PluginRole::Network, kind.as_str())
    }

    /// Adds an IPAM driver. As [`DriverRegistry::add_driver`].
    ///
    /// Cancel safe: the driver is registered or not.
    ///
    /// # Errors
    ///
    /// As [`DriverRegistry::add_driver`].
    pub async fn add_ipam<F, R>(&self, kind: IpamKind, init: F, config: Options) -> Result<()>
    where
        F: FnOnce(DriverContext) -> R + Send,
        R: Future<Output = Result<()>> + Send,
    {
        let registrar = Registrar::new(&self.shared, config);
        init(self.shared.context(PluginRole::Ipam, &kind.segment(), &registrar)?).await?;
        registrar.check_registered(PluginRole::Ipam, kind.as_str())
    }

    /// The network driver of this kind.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] lists those that are registered.
    pub fn network(&self, kind: &DriverKind) -> Result<Arc<dyn NetworkDriver>> {
        self.shared.networks.get(kind).ok_or_else(|| self.shared.networks.unknown(kind))
    }

    /// The IPAM driver of this kind.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] lists those that are registered.
    pub fn ipam(&self, kind: &IpamKind) -> Result<Arc<dyn IpamDriver>> {
        self.shared.ipams.get(kind).ok_or_else(|| self.shared.ipams.unknown(kind))
    }

    /// The network driver of this kind; if nobody has registered it, the plugin of this name is activated.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// As [`DriverRegistry::network`] if there is no such plugin either; [`ErrorKind::Unavailable`] if it
    /// registers nothing; what its activation answers.
    pub async fn resolve_network(&self, kind: &DriverKind) -> Result<Arc<dyn NetworkDriver>> {
        if let Some(driver) = self.shared.networks.get(kind) {
            return Ok(driver);
        }
        let turn = self.shared.turn(PluginRole::Network, kind.as_str());
        let _alone = turn.lock().await;
        if let Some(driver) = self.shared.networks.get(kind) {
            return Ok(driver);
        }
        if !self.activate(kind.as_str(), PluginRole::Network).await? {
            return self.network(kind);
        }
        self.network(kind).map_err(|_| silent(PluginRole::Network, kind.as_str()))
    }

    /// The IPAM driver of this kind; if nobody has registered it, the plugin of this name is activated.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// As [`DriverRegistry::resolve_network`].
    pub async fn resolve_ipam(&self, kind: &IpamKind) -> Result<Arc<dyn IpamDriver>> {
        if let Some(driver) = self.shared.ipams.get(kind) {
            return Ok(driver);
        }
        let turn = self.shared.turn(PluginRole::Ipam, kind.as_str());
        let _alone = turn.lock().await;
        if let Some(driver) = self.shared.ipams.get(kind) {
            return Ok(driver);
        }
        if !self.activate(kind.as_str(), PluginRole::Ipam).await? {
            return self.ipam(kind);
        }
        self.ipam(kind).map_err(|_| silent(PluginRole::Ipam, kind.as_str()))
    }

    /// The kinds of network drivers, in order.
    pub fn kinds(&self) -> Vec<DriverKind> {
        self.shared.networks.kinds()
    }

    /// The kinds of IPAM drivers, in order.
    pub fn ipam_kinds(&self) -> Vec<IpamKind> {
        self.shared.ipams.kinds()
    }

    /// The network drivers as they are now, in the order of their kinds.
    pub fn networks(&self) -> Vec<Arc<dyn NetworkDriver>> {
        self.shared.networks.drivers()
    }

    /// The IPAM drivers as they are now, in the order of their kinds.
    pub fn ipams(&self) -> Vec<Arc<dyn IpamDriver>> {
        self.shared.ipams.drivers()
    }

    async fn activate(&self, name: &str, role: PluginRole) -> Result<bool> {
        self.shared.plugins.activate(name, role, &self.registrar().of_plugin(name)).await
    }
}

fn silent(role: PluginRole, name: &str) -> Error {
    Error::new(
        ErrorKind::Unavailable,
        format!("driver: plugin \"{name}\" was activated and did not register a {role} driver of that name"),
    )
}

impl fmt::Debug for DriverRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DriverRegistry")
            .field("networks", &self.kinds())
            .field("ipams", &self.ipam_kinds())
            .finish_non_exhaustive()
    }
}
