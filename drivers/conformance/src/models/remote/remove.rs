//! What the remote model lets its plugin delete.

use netkeep_drivers::{Remains, RemoveError};

use super::Remote;

pub(super) async fn remove(driver: &Remote, left: &Remains) -> Result<(), RemoveError> {
    driver.plugin.delete(&left.on).await.map_err(|error| RemoveError::Retry(error.into()))
}
