//! How drivers come into the registry.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use netkeep_model::{DriverKind, IpamKind, Options};

use super::shared::Shared;
use super::table::Active;
use super::{DriverContext, PluginRole};
use crate::{Error, ErrorKind, IpamDriver, NetworkDriver, Result};

/// Registers drivers, each in one step: the kind is reserved, the driver is built with its own stores, the
/// registry's [hook](super::RegistryHook) is told, and the driver is published. If any of it fails, or is
/// cancelled, the kind is free again.
///
/// It does not keep the registry alive, so a driver may keep it.
#[derive(Clone)]
pub struct Registrar {
    shared: Weak<Shared>,
    plugin: Option<Arc<str>>,
    config: Arc<Options>,
    registered: Arc<Mutex<BTreeSet<(PluginRole, String)>>>,
}

impl Registrar {
    pub(super) fn new(shared: &Arc<Shared>, config: Options) -> Self {
        Self {
            shared: Arc::downgrade(shared),
            plugin: None,
            config: Arc::new(config),
            registered: Arc::default(),
        }
    }

    /// The same, registering for this plugin: a driver that it registers may later be replaced by the same
    /// plugin, and by nobody else.
    #[must_use]
    pub fn of_plugin(&self, name: &str) -> Self {
        Self { plugin: Some(name.into()), ..self.clone() }
    }

    /// Registers a network driver.
    ///
    /// A driver that the same [plugin](Registrar::of_plugin) registered before is replaced; it lives on with
    /// those who hold it.
    ///
    /// Cancel safe: nothing is registered then.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Forbidden`] if the kind is taken, or being registered by another;
    /// [`ErrorKind::Unavailable`] if the registry is gone; [`ErrorKind::Internal`] if the driver says that it is
    /// of another kind, or that it is built in although a plugin registers it; what `build` and the hook answer.
    pub async fn network<F, R>(&self, kind: DriverKind, build: F) -> Result<()>
    where
        F: FnOnce(DriverContext) -> R + Send,
        R: Future<Output = Result<Arc<dyn NetworkDriver>>> + Send,
    {
        const ROLE: PluginRole = PluginRole::Network;
        let shared = self.shared()?;
        let reserved = shared.networks.reserve(kind.clone(), self.plugin.as_deref())?;
        let driver = build(shared.context(ROLE, &kind.segment(), self)?).await?;
        let built_in = driver.info().built_in;
        self.check(ROLE, kind.as_str(), driver.info().kind.as_str(), built_in)?;
        shared.hook.network(&driver).await?;
        reserved.publish(Active { driver, built_in, plugin: self.plugin.clone() });
        self.note(ROLE, kind.as_str());
        Ok(())
    }

    /// Registers an IPAM driver. As [`Registrar::network`].
    ///
    /// Cancel safe: nothing is registered then.
    ///
    /// # Errors
    ///
    /// As [`Registrar::network`].
    pub async fn ipam<F, R>(&self, kind: IpamKind, build: F) -> Result<()>
    where
        F: FnOnce(DriverContext) -> R + Send,
        R: Future<Output = Result<Arc<dyn IpamDriver>>> + Send,
    {
        const ROLE: PluginRole = PluginRole::Ipam;
        let shared = self.shared()?;
        let reserved = shared.ipams.reserve(kind.clone(), self.plugin.as_deref())?;
        let driver = build(shared.context(ROLE, &kind.segment(), self)?).await?;
        let built_in = driver.info().built_in;
        self.check(ROLE, kind.as_str(), driver.info().kind.as_str(), built_in)?;
        shared.hook.ipam(&driver).await?;
        reserved.publish(Active { driver, built_in, plugin: self.plugin.clone() });
        self.note(ROLE, kind.as_str());
        Ok(())
    }

    pub(super) fn config(&self) -> &Options {
        &self.config
    }

    /// Refuses to end an init function that did not register what it was called for.
    pub(super) fn check_registered(&self, role: PluginRole, kind: &str) -> Result<()> {
        let registered = self.registered.lock().unwrap_or_else(PoisonError::into_inner);
        if registered.iter().any(|(at, name)| *at == role && name == kind) {
            return Ok(());
        }
        let instead: Vec<String> = registered.iter().map(|(role, name)| format!("{role} {name}")).collect();
        let instead = if instead.is_empty() { "nothing".to_owned() } else { instead.join(", ") };
        Err(Error::new(
            ErrorKind::Internal,
            format!(
                "the init function of {role} driver \"{kind}\" did not register it; it registered {instead}"
            ),
        ))
    }

    fn shared(&self) -> Result<Arc<Shared>> {
        self.shared.upgrade().ok_or_else(|| {
            Error::new(ErrorKind::Unavailable, "the driver registry is gone; nothing more can be registered")
        })
    }

    fn check(&self, role: PluginRole, wanted: &str, is: &str, built_in: bool) -> Result<()> {
        if wanted != is {
            return Err(Error::new(
                ErrorKind::Internal,
                format!("{role} driver \"{wanted}\": the driver that was built says that it is \"{is}\""),
            ));
        }
        match &self.plugin {
            Some(plugin) if built_in => Err(Error::new(
                ErrorKind::Internal,
                format!("{role} driver \"{wanted}\" of plugin {plugin} says that it is built in"),
            )),
            _ => Ok(()),
        }
    }

    fn note(&self, role: PluginRole, kind: &str) {
        self.registered.lock().unwrap_or_else(PoisonError::into_inner).insert((role, kind.to_owned()));
    }
}

impl fmt::Debug for Registrar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registrar").field("plugin", &self.plugin).finish_non_exhaustive()
    }
}
