//! The drivers that are compiled in.

use std::collections::BTreeMap;

use netkeep_model::{DriverKind, IpamKind, Options};

use super::DriverRegistry;
use crate::{Error, Result, ipam, network};

/// The configurations of drivers, by kind. A driver that has none gets an empty one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DriverConfigs {
    /// Of network drivers.
    pub network: BTreeMap<DriverKind, Options>,
    /// Of IPAM drivers.
    pub ipam: BTreeMap<IpamKind, Options>,
}

/// Adds the drivers that are compiled in: the network drivers `null`, `host` and `manual`, the IPAM drivers
/// `default` and `null`. Configurations of other kinds are left alone.
///
/// Cancel safe: some of the drivers may be registered then.
///
/// # Errors
///
/// Those of [`DriverRegistry::add_driver`]; the message names the driver.
pub async fn register_builtin(registry: &DriverRegistry, configs: &DriverConfigs) -> Result<()> {
    use ipam::{builtin, null as null_ipam};
    use network::{host, manual, null};

    let network = |kind: &str| -> Result<_> {
        let kind = DriverKind::new(kind)?;
        let config = configs.network.get(&kind).cloned().unwrap_or_default();
        Ok((kind, config))
    };
    let (kind, config) = network(null::KIND)?;
    named("network", null::KIND, registry.add_driver(kind, null::init, config).await)?;
    let (kind, config) = network(host::KIND)?;
    named("network", host::KIND, registry.add_driver(kind, host::init, config).await)?;
    let (kind, config) = network(manual::KIND)?;
    named("network", manual::KIND, registry.add_driver(kind, manual::init, config).await)?;

    let ipam = |kind: &str| -> Result<_> {
        let kind = IpamKind::new(kind)?;
        let config = configs.ipam.get(&kind).cloned().unwrap_or_default();
        Ok((kind, config))
    };
    let (kind, config) = ipam(builtin::KIND)?;
    named("IPAM", builtin::KIND, registry.add_ipam(kind, builtin::init, config).await)?;
    let (kind, config) = ipam(null_ipam::KIND)?;
    named("IPAM", null_ipam::KIND, registry.add_ipam(kind, null_ipam::init, config).await)
}

fn named(role: &str, kind: &str, result: Result<()>) -> Result<()> {
    result.map_err(|error| {
        Error::new(error.kind(), format!("{role} driver \"{kind}\": {error}")).with_source(error)
    })
}
