//! The network driver `null`: its sandboxes have no network but their own loopback interface.
//!
//! - A host has one such network. It gives no addresses and publishes no ports: a request for any is refused.
//! - The network cannot be deleted, as with Docker, unless the driver is configured with `removable` = `true`.
//! - It makes nothing and keeps nothing.

use std::sync::Arc;

use netkeep_model::{DriverKind, Options};

use super::unaddressed::Unaddressed;
use crate::{DriverContext, NetworkDriver, Result};

/// What the driver is called.
pub const KIND: &str = "null";

/// Registers the driver.
///
/// Cancel safe: it is registered or not.
///
/// # Errors
///
/// As [`driver`] and [`Registrar::network`](crate::Registrar::network).
pub async fn init(context: DriverContext) -> Result<()> {
    let build = async |context: DriverContext| driver(&context.config);
    context.registrar.network(DriverKind::new(KIND)?, build).await
}

/// The driver with this configuration.
///
/// # Errors
///
/// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) names the entry of the configuration that is wrong.
pub fn driver(config: &Options) -> Result<Arc<dyn NetworkDriver>> {
    Ok(Arc::new(Unaddressed::new(KIND, config)?))
}
