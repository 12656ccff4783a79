//! What the remote model does after a start.

use netkeep_drivers::{DriverRecovery, HostNotes, HostState, Remains};

use super::Remote;
use crate::models::recovery::agree;

pub(super) async fn recover(
    driver: &Remote,
    notes: &dyn HostNotes,
    wanted: &HostState,
    noted: Vec<Remains>,
) -> DriverRecovery {
    agree(driver, &driver.plugin, notes, wanted, noted).await
}
