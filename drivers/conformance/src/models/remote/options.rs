//! What the remote model is told: nothing.

use netkeep_drivers::Result;
use netkeep_model::Options;

use crate::models::interfaces::refuse_unknown;

/// Begins the names of all its options, of which there are none.
pub(super) const NAMESPACE: &str = "model.remote.";

pub(super) fn check_none(options: &Options) -> Result<()> {
    refuse_unknown(options, NAMESPACE, &[])
}
