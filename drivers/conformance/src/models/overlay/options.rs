//! What the overlay model is told.

use netkeep_drivers::Result;
use netkeep_model::Options;

use crate::models::interfaces::refuse_unknown;

/// Begins the names of all its options.
pub(super) const NAMESPACE: &str = "model.overlay.";
/// Of a network: its number; any free one unless it is given.
pub(super) const VNI: &str = "model.overlay.vni";

/// The number that a network asks for.
pub(super) fn vni(options: &Options) -> Result<Option<u64>> {
    refuse_unknown(options, NAMESPACE, &[VNI])?;
    Ok(options.number(VNI)?)
}

/// Endpoints and sandboxes have no options.
pub(super) fn check_none(options: &Options) -> Result<()> {
    refuse_unknown(options, NAMESPACE, &[])
}
