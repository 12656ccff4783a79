//! What the overlay model does after a start.

use netkeep_drivers::{DriverRecovery, HostNotes, HostState, Remains};

use super::Overlay;
use crate::models::recovery::agree;

pub(super) async fn recover(
    driver: &Overlay,
    notes: &dyn HostNotes,
    wanted: &HostState,
    noted: Vec<Remains>,
) -> DriverRecovery {
    agree(driver, &driver.kernel, notes, wanted, noted).await
}
