//! What the driver is told.

use netkeep_model::{Options, Pool};
use serde::Deserialize;

use super::predefined::{Predefined, PredefinedPools};
use crate::reserved::refuse_unknown;
use crate::{Order, Result};

/// The configuration of the predefined pools of space `LocalDefault`: a list of
/// `{"base": "172.20.0.0/14", "size": 16}`, each of which stands for all pools of length `size` in `base`.
///
/// Unless it is given: 172.17.0.0/16 to 172.31.0.0/16, then 192.168.0.0/20 to 192.168.240.0/20. There are no
/// predefined IPv6 pools unless some are given.
pub const LOCAL_POOLS: &str = "default-address-pools";

/// As [`LOCAL_POOLS`], for space `GlobalDefault`. Unless it is given: 10.0.0.0/24 to 10.255.255.0/24.
pub const GLOBAL_POOLS: &str = "global-address-pools";

/// The option of pools and addresses that says how a free address is chosen: `false` for the lowest, `true` for
/// the next after the last that was given. Unless it is given, the order of the space: the next in a local one.
/// Gateways do not heed it.
pub const SERIAL: &str = "com.docker.network.ipam.serial";

const NAMESPACES: [&str; 2] = ["com.docker.network.ipam.", "com.netkeep.ipam."];

/// The configuration of the driver.
#[derive(Debug)]
pub(super) struct IpamConfig {
    pub(super) local: Predefined,
    pub(super) global: Predefined,
}

/// One entry of the configuration, as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    base: Pool,
    size: u8,
}

impl IpamConfig {
    pub(super) fn read(config: &Options) -> Result<Self> {
        config.refuse_unknown(&[LOCAL_POOLS, GLOBAL_POOLS])?;
        Ok(Self {
            local: list(config, LOCAL_POOLS)?.unwrap_or_else(Predefined::local),
            global: list(config, GLOBAL_POOLS)?.unwrap_or_else(Predefined::global),
        })
    }
}

fn list(config: &Options, name: &str) -> Result<Option<Predefined>> {
    let Some(written) = config.typed::<Vec<Written>>(name)? else { return Ok(None) };
    let entries = written.into_iter().map(|written| PredefinedPools::new(name, written.base, written.size));
    Predefined::new(name, entries.collect::<Result<_>>()?).map(Some)
}

/// How free addresses are chosen; `None` for the order of the space.
pub(super) fn order(options: &Options) -> Result<Option<Order>> {
    for namespace in NAMESPACES {
        let known: &[&str] = if SERIAL.starts_with(namespace) { &[SERIAL] } else { &[] };
        refuse_unknown(options, namespace, known)?;
    }
    Ok(options.flag(SERIAL)?.map(|serial| if serial { Order::Next } else { Order::Lowest }))
}
