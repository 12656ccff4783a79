//! What the macvlan model does after a start.

use netkeep_drivers::{DriverRecovery, HostNotes, HostState, Remains};

use super::Macvlan;
use crate::models::recovery::agree;

pub(super) async fn recover(
    driver: &Macvlan,
    notes: &dyn HostNotes,
    wanted: &HostState,
    noted: Vec<Remains>,
) -> DriverRecovery {
    agree(driver, &driver.kernel, notes, wanted, noted).await
}
