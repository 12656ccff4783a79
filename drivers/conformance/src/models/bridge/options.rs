//! What the bridge model is told.

use netkeep_drivers::Result;
use netkeep_model::{LinkName, NetworkId, Options};

use crate::models::interfaces::refuse_unknown;

/// Begins the names of all its options.
pub(super) const NAMESPACE: &str = "model.bridge.";
/// Of a network: the bridge; one of its own unless it is given.
pub(super) const NAME: &str = "model.bridge.name";
/// Of a network: whether others may use the bridge too, all with this flag.
pub(super) const SHARED: &str = "model.bridge.shared";
/// Of a network: whether it cannot be removed.
pub(super) const KEEP: &str = "model.bridge.keep";
/// Of a network: whether ports are published as soon as an endpoint is there, rather than while it is the way
/// out of its sandbox.
pub(super) const EARLY: &str = "model.bridge.early-ports";

/// The options of a network.
#[derive(Debug)]
pub(super) struct Config {
    pub(super) bridge: LinkName,
    pub(super) shared: bool,
    pub(super) keep: bool,
    pub(super) early: bool,
}

impl Config {
    pub(super) fn read(id: NetworkId, options: &Options) -> Result<Self> {
        refuse_unknown(options, NAMESPACE, &[NAME, SHARED, KEEP, EARLY])?;
        let bridge = match options.parsed(NAME)? {
            Some(name) => name,
            None => LinkName::new(&format!("br-{}", id.short()))?,
        };
        Ok(Self {
            bridge,
            shared: options.flag(SHARED)?.unwrap_or(false),
            keep: options.flag(KEEP)?.unwrap_or(false),
            early: options.flag(EARLY)?.unwrap_or(false),
        })
    }
}

/// Endpoints and sandboxes have no options.
pub(super) fn check_none(options: &Options) -> Result<()> {
    refuse_unknown(options, NAMESPACE, &[])
}
