//! A watch that can be cut.

use std::sync::Arc;

use async_trait::async_trait;
use netkeep_store::{Error, Prefix, Result, Store, Watch, WatchFrom, WatchItem, WatchSource};
use tokio::sync::watch;

use super::Faults;

/// A watch that begins anew whenever the faults say so, and ends with the store.
pub(super) struct Cuttable {
    watch: Watch,
    inner: Arc<dyn Store>,
    prefix: Prefix,
    cuts: watch::Receiver<u64>,
    gone: watch::Receiver<bool>,
}

impl Cuttable {
    pub(super) fn new(watch: Watch, inner: Arc<dyn Store>, prefix: Prefix, faults: &Faults) -> Self {
        Self { watch, inner, prefix, cuts: faults.cuts(), gone: faults.gone() }
    }
}

#[async_trait]
impl WatchSource for Cuttable {
    async fn next(&mut self) -> Result<WatchItem> {
        loop {
            if *self.gone.borrow_and_update() {
                return Err(Error::closed("a fault has stopped the store"));
            }
            tokio::select! {
                biased;
                Ok(()) = self.gone.changed() => {}
                Ok(()) = self.cuts.changed() => {
                    self.watch = self.inner.watch(&self.prefix, WatchFrom::Snapshot).await?;
                }
                item = self.watch.next() => return item,
            }
        }
    }
}
