//! Drivers that live in other processes.

use std::fmt;

use async_trait::async_trait;

use super::Registrar;
use crate::Result;

/// What a plugin is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PluginRole {
    /// A network driver.
    Network,
    /// An IPAM driver.
    Ipam,
}

/// Finds plugins and makes drivers of them.
#[async_trait]
pub trait PluginGetter: fmt::Debug + Send + Sync + 'static {
    /// Finds the plugin of this name, and registers its driver, under its name, with `registrar`. Answers false
    /// if there is no such plugin.
    ///
    /// Cancel safe: a registration that was begun is given up.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) if the plugin does not answer; what stands
    /// against its registration.
    async fn activate(&self, name: &str, role: PluginRole, registrar: &Registrar) -> Result<bool>;
}

/// Finds no plugin.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoPlugins;

#[async_trait]
impl PluginGetter for NoPlugins {
    async fn activate(&self, _name: &str, _role: PluginRole, _registrar: &Registrar) -> Result<bool> {
        Ok(false)
    }
}

impl PluginRole {
    /// `network` or `IPAM`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Ipam => "IPAM",
        }
    }

    /// The root of the keys of drivers in this role.
    pub(super) const fn root(self) -> &'static str {
        match self {
            Self::Network => "driver-data",
            Self::Ipam => "ipam-data",
        }
    }
}

impl fmt::Display for PluginRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
