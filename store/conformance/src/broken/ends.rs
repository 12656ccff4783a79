//! Handles and futures that end in another way.

use std::sync::atomic::{AtomicBool, Ordering};

use netkeep_store::{Error, Prefix, Result, Snapshot};
use tokio::task::yield_now;

use super::notes::lock;
use super::{Broken, Defect};

impl Broken {
    /// Closes with the defect of this store.
    pub(super) async fn close_badly(&self) -> Result<()> {
        let again = self.notes.closed.swap(true, Ordering::SeqCst);
        match self.defect {
            Defect::WorksAfterClose | Defect::ClosesTooEarly => Ok(()),
            Defect::ClosesOnlyOnce if again => Err(Error::closed("it is closed already")),
            Defect::ClosesAllHandles => {
                let handles = lock(&self.siblings.handles).clone();
                for handle in handles {
                    handle.close().await?;
                }
                self.inner.close().await
            }
            Defect::LeasesOutliveHandles => {
                for lease in lock(&self.notes.granted).drain(..) {
                    self.keepers.keep(&self.inner, &lease);
                }
                Ok(())
            }
            _ => self.inner.close().await,
        }
    }

    /// Begins a commit, if that takes a while in this store.
    pub(super) async fn begin(&self) -> Result<()> {
        match self.defect {
            Defect::ClosesTooEarly if self.notes.closed.load(Ordering::SeqCst) => {
                Err(Error::closed("the store was closed"))
            }
            Defect::ClosesTooEarly | Defect::DroppedCommitsEnd => {
                yield_now().await;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Lists, and makes the handle useless if nobody waits for the end.
    pub(super) async fn list_to_the_end(&self, prefix: &Prefix) -> Result<Snapshot> {
        let mut listing = Listing { spoilt: &self.notes.spoilt, done: false };
        yield_now().await;
        listing.done = true;
        self.inner.list(prefix).await
    }
}

/// A list under way.
struct Listing<'a> {
    spoilt: &'a AtomicBool,
    done: bool,
}

impl Drop for Listing<'_> {
    fn drop(&mut self) {
        if !self.done {
            self.spoilt.store(true, Ordering::SeqCst);
        }
    }
}
