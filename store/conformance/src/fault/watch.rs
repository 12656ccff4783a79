//! A watch that can be cut, and can hold back.

use std::sync::Arc;

use async_trait::async_trait;
use netkeep_store::{
    Batch, Change, Error, Prefix, Result, Revision, Store, Watch, WatchFrom, WatchItem, WatchSource,
};
use tokio::sync::watch;

use super::Faults;

/// A watch that begins anew or holds back whenever the faults say so, and ends with the store.
pub(super) struct Cuttable {
    watch: Watch,
    inner: Arc<dyn Store>,
    prefix: Prefix,
    cuts: watch::Receiver<u64>,
    gone: watch::Receiver<bool>,
    held: watch::Receiver<Held>,
    /// What was delivered contains every commit up to this one.
    through: Revision,
    /// What is held back.
    rest: Option<Batch>,
}

/// Whether watches hold something back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Held {
    #[default]
    Nothing,
    Everything,
    /// Everything but what lies below this.
    AllBut(Prefix),
}

impl Cuttable {
    pub(super) fn new(watch: Watch, inner: Arc<dyn Store>, prefix: Prefix, faults: &Faults) -> Self {
        let (cuts, gone, held) = (faults.cuts(), faults.gone(), faults.held());
        Self { watch, inner, prefix, cuts, gone, held, through: Revision::ZERO, rest: None }
    }

    /// What is to be delivered of an item, which is nothing if all of it is held back.
    fn deliver(&mut self, item: WatchItem) -> Option<WatchItem> {
        let first = match &*self.held.borrow() {
            Held::Nothing => None,
            Held::Everything => Some(None),
            Held::AllBut(first) => Some(Some(first.clone())),
        };
        let (Some(first), WatchItem::Changes(batch)) = (first, &item) else {
            self.through = item.through();
            return Some(item);
        };
        let shown = |change: &Change| first.as_ref().is_some_and(|first| first.contains(change.key()));
        let (now, later): (Vec<_>, Vec<_>) = batch.changes.iter().cloned().partition(shown);
        let rest = self.rest.get_or_insert_with(|| Batch { changes: Vec::new(), through: batch.through });
        rest.changes.extend(later);
        rest.through = batch.through;
        (!now.is_empty()).then(|| WatchItem::Changes(Batch { changes: now, through: self.through }))
    }
}

#[async_trait]
impl WatchSource for Cuttable {
    async fn next(&mut self) -> Result<WatchItem> {
        loop {
            if *self.gone.borrow_and_update() {
                return Err(Error::closed("a fault has stopped the store"));
            }
            if *self.held.borrow_and_update() == Held::Nothing
                && let Some(rest) = self.rest.take()
            {
                self.through = rest.through;
                return Ok(WatchItem::Changes(rest));
            }
            tokio::select! {
                biased;
                Ok(()) = self.gone.changed() => {}
                Ok(()) = self.cuts.changed() => {
                    self.watch = self.inner.watch(&self.prefix, WatchFrom::Snapshot).await?;
                    self.rest = None;
                }
                Ok(()) = self.held.changed() => {}
                item = self.watch.next() => {
                    if let Some(item) = self.deliver(item?) {
                        return Ok(item);
                    }
                }
            }
        }
    }
}
