//! Watches that keep something back, or tell something else.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use netkeep_store::{
    Batch, Change, Error, Kind, Prefix, Result, Revision, Watch, WatchFrom, WatchItem, WatchSource,
};
use tokio_util::sync::CancellationToken;

use super::notes::lock;
use super::{Broken, Defect};

/// How long an item is on its way in a watch that is not cancel safe: longer than anybody waits who gives up.
const ON_ITS_WAY: Duration = Duration::from_millis(50);

impl Broken {
    /// Watches with the defect of this store.
    pub(super) async fn watch_badly(&self, prefix: &Prefix, from: WatchFrom) -> Result<Watch> {
        let present = self.inner.status().await?.revision;
        let mut first = None;
        let from = match (self.defect, from) {
            (Defect::ResumesWithAGap, WatchFrom::After(_)) => {
                first = Some(nothing(present));
                WatchFrom::After(present)
            }
            (Defect::BelievesTheFuture, WatchFrom::After(revision)) if revision > present => {
                first = Some(nothing(present));
                WatchFrom::After(present)
            }
            (_, from) => from,
        };
        let watch = match self.defect {
            Defect::TellsWhatIsOutside => self.inner.watch(&Prefix::root(), from).await?,
            _ => self.inner.watch(prefix, from).await?,
        };
        let end = {
            let mut watches = lock(&self.notes.watches);
            if self.defect == Defect::EndsTheWatchBefore {
                watches.cancel();
            }
            if watches.is_cancelled() {
                *watches = CancellationToken::new();
            }
            watches.clone()
        };
        Ok(Watch::new(Altered { watch, defect: self.defect, first, end, began: false, ended: false }))
    }
}

/// A watch of which something is left out or changed.
#[derive(Debug)]
struct Altered {
    watch: Watch,
    defect: Defect,
    /// What is told before the watch is asked.
    first: Option<WatchItem>,
    end: CancellationToken,
    began: bool,
    ended: bool,
}

#[async_trait]
impl WatchSource for Altered {
    async fn next(&mut self) -> Result<WatchItem> {
        if let Some(first) = self.first.take() {
            return Ok(first);
        }
        if self.ended && self.defect == Defect::EndedWatchesGoOn {
            return Ok(nothing(Revision::ZERO));
        }
        let answer = tokio::select! {
            biased;
            () = self.end.cancelled() => Err(Error::closed("another watch has ended this one")),
            answer = self.watch.next() => answer,
        };
        if self.defect == Defect::LosesWhatWasGivenUp {
            tokio::time::sleep(ON_ITS_WAY).await;
        }
        match answer {
            Ok(item) => Ok(self.alter(item)),
            Err(error) => {
                self.ended = true;
                match self.defect {
                    Defect::OutagesEndWatches => {
                        Err(Error::new(Kind::Unavailable, error.message().to_owned()))
                    }
                    _ => Err(error),
                }
            }
        }
    }
}

impl Altered {
    fn alter(&mut self, mut item: WatchItem) -> WatchItem {
        let began = std::mem::replace(&mut self.began, true);
        match (&mut item, self.defect) {
            (WatchItem::Changes(batch), Defect::LosesDeletions) => {
                batch.changes.retain(|change| matches!(change, Change::Put(_)));
            }
            (WatchItem::Reset(snapshot), Defect::ResetMissesKeys) => {
                snapshot.entries.pop();
            }
            (WatchItem::Changes(batch), Defect::TellsOutOfOrder) => {
                let old = batch
                    .changes
                    .first()
                    .map(|change| Change::Delete { key: change.key().clone(), revision: Revision::ZERO });
                batch.changes.extend(old);
            }
            (WatchItem::Changes(batch), Defect::PromisesTooMuch) => batch.through = batch.through.next(),
            (WatchItem::Reset(snapshot), Defect::PromisesTooMuch) => {
                snapshot.revision = snapshot.revision.next();
            }
            (WatchItem::Changes(batch), Defect::TellsOtherValues) => {
                for change in &mut batch.changes {
                    if let Change::Put(entry) = change {
                        entry.value = Bytes::from_static(b"something else");
                    }
                }
            }
            (WatchItem::Reset(snapshot), Defect::ForgetsSlowConsumers) if began => {
                return nothing(snapshot.revision);
            }
            _ => {}
        }
        item
    }
}

impl Drop for Altered {
    fn drop(&mut self) {
        if self.defect == Defect::DroppedWatchesEndOthers {
            self.end.cancel();
        }
    }
}

/// An item that tells of nothing.
fn nothing(through: Revision) -> WatchItem {
    WatchItem::Changes(Batch { changes: Vec::new(), through })
}
