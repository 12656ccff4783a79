//! Watches over an open file.

use std::sync::Arc;

use async_trait::async_trait;
use netkeep_store::{Kind, Prefix, Result, Watch, WatchFrom, WatchItem, WatchSource};
use tokio_util::sync::CancellationToken;

use crate::shared::Shared;

/// Follows the feed. Where that cannot read a snapshot for the moment, it waits; where it has ended, it says why.
struct Follower {
    shared: Arc<Shared>,
    watch: Watch,
    closed: CancellationToken,
}

/// The changes below `prefix`, until `closed` is cancelled.
pub(crate) fn watch(
    shared: &Arc<Shared>,
    prefix: &Prefix,
    from: WatchFrom,
    closed: CancellationToken,
) -> Watch {
    let reader = Arc::clone(shared);
    let snapshot = move |prefix: &Prefix| reader.snapshot(prefix);
    let watch = shared.feed.watch(prefix, from, closed.clone(), snapshot);
    Watch::new(Follower { shared: Arc::clone(shared), watch, closed })
}

#[async_trait]
impl WatchSource for Follower {
    async fn next(&mut self) -> Result<WatchItem> {
        loop {
            match self.watch.next().await {
                // Either the writer is busy with the file, or the disk fails, which the writer is to find out.
                Err(error) if error.kind() == Kind::Unavailable => tokio::select! {
                    inspected = self.shared.inspect() => inspected?,
                    () = self.closed.cancelled() => {}
                },
                Err(error) if error.kind() == Kind::Closed => return Err(self.shared.closed()),
                item => return item,
            }
        }
    }
}
