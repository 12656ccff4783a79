//! What the macvlan model is told.

use netkeep_drivers::{Error, Result};
use netkeep_model::{LinkName, NetworkId, Options};

use crate::models::interfaces::refuse_unknown;

/// Begins the names of all its options.
pub(super) const NAMESPACE: &str = "model.macvlan.";
/// Of a network: the parent of its interfaces; one of its own unless it is given.
pub(super) const PARENT: &str = "model.macvlan.parent";

/// The options of a network.
#[derive(Debug)]
pub(super) struct Config {
    pub(super) parent: LinkName,
    /// Whether other networks may have the parent too.
    pub(super) shared: bool,
}

impl Config {
    pub(super) fn read(id: NetworkId, options: &Options) -> Result<Self> {
        refuse_unknown(options, NAMESPACE, &[PARENT])?;
        match options.parsed::<LinkName>(PARENT)? {
            Some(parent) if parent.as_str() == "lo" => Err(Error::invalid(format!(
                "option {PARENT:?}: the loopback interface cannot be a parent; name another"
            ))),
            Some(parent) => Ok(Self { parent, shared: true }),
            None => Ok(Self { parent: LinkName::new(&format!("dm-{}", id.short()))?, shared: false }),
        }
    }
}

/// Endpoints and sandboxes have no options.
pub(super) fn check_none(options: &Options) -> Result<()> {
    refuse_unknown(options, NAMESPACE, &[])
}
