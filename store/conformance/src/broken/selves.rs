//! Stores that say something else of themselves.

use netkeep_store::{Result, Revision, Status, StoreId, StoreInfo};

use super::{Broken, Defect};

/// What a store with this defect says of itself.
pub(super) fn info_of(info: &StoreInfo, defect: Defect) -> StoreInfo {
    let mut info = info.clone();
    match defect {
        Defect::HasItsOwnBounds => info.limits.txn_keys -= 1,
        Defect::ShowsCredentials => info.endpoints.push("memory://somebody:secret@localhost".to_owned()),
        _ => {}
    }
    info
}

impl Broken {
    /// Says how it is with the defect of this store.
    pub(super) async fn status_badly(&self) -> Result<Status> {
        let mut status = self.inner.status().await?;
        match self.defect {
            Defect::HasOneIdentityPerHandle => status.identity.id = self.notes.id,
            Defect::HasTheIdentityOfAll => status.identity.id = StoreId::try_from("0".repeat(32))?,
            Defect::StatusIsBehind => {
                status.revision = Revision::new(status.revision.get().saturating_sub(1));
            }
            _ => {}
        }
        Ok(status)
    }
}
