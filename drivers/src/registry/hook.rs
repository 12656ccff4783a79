//! Who hears of a new driver before anyone can use it.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use crate::{IpamDriver, NetworkDriver, Result};

/// Is asked between the building of a driver and its publication, so that it can be told what it needs to know
/// (other hosts, keys) before anyone else can find it.
#[async_trait]
pub trait RegistryHook: fmt::Debug + Send + Sync + 'static {
    /// A network driver was built.
    ///
    /// Cancellation: the registration is given up.
    ///
    /// # Errors
    ///
    /// Any error ends the registration.
    async fn network(&self, driver: &Arc<dyn NetworkDriver>) -> Result<()>;

    /// An IPAM driver was built.
    ///
    /// Cancellation: the registration is given up.
    ///
    /// # Errors
    ///
    /// Any error ends the registration.
    async fn ipam(&self, driver: &Arc<dyn IpamDriver>) -> Result<()>;
}

/// Lets every driver pass.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoHook;

#[async_trait]
impl RegistryHook for NoHook {
    async fn network(&self, _driver: &Arc<dyn NetworkDriver>) -> Result<()> {
        Ok(())
    }

    async fn ipam(&self, _driver: &Arc<dyn IpamDriver>) -> Result<()> {
        Ok(())
    }
}
