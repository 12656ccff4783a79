//! Watches that keep something back.

use async_trait::async_trait;
use netkeep_store::{Change, Result, Watch, WatchItem, WatchSource};

use super::Defect;

/// A watch of which something is left out.
#[derive(Debug)]
pub(super) struct Filtered {
    pub(super) watch: Watch,
    pub(super) defect: Defect,
}

#[async_trait]
impl WatchSource for Filtered {
    async fn next(&mut self) -> Result<WatchItem> {
        let mut item = self.watch.next().await?;
        match (&mut item, self.defect) {
            (WatchItem::Changes(batch), Defect::LosesDeletions) => {
                batch.changes.retain(|change| matches!(change, Change::Put(_)));
            }
            (WatchItem::Reset(snapshot), Defect::ResetMissesKeys) => {
                snapshot.entries.pop();
            }
            _ => {}
        }
        Ok(item)
    }
}
