//! The latest commits of a store that lives in this process, and the watches that follow them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{
    Batch, Change, Error, Prefix, Result, Revision, Snapshot, Watch, WatchFrom, WatchItem, WatchSource,
};

/// How many commits a [`Feed`] remembers at most, so that a consumer that is slower gets a reset.
const MAX_COMMITS: usize = 8_192;
/// How many bytes of values a [`Feed`] remembers at most.
const MAX_BYTES: usize = 16 * 1024 * 1024;
/// How many changes one item holds at most, unless one commit has more.
const MAX_BATCH: usize = 1_024;

/// What a store in one process has committed lately: a ring in memory that watches read at their own pace.
///
/// A watch whose place has left the ring, or that comes from before the store was opened, begins again with a
/// [`WatchItem::Reset`]. So no consumer is waited for, and none misses a change without being told.
#[derive(Debug)]
pub struct Feed {
    ring: Mutex<Ring>,
    latest: watch::Sender<Revision>,
    ended: CancellationToken,
}

#[derive(Debug)]
struct Ring {
    commits: VecDeque<(Revision, Arc<[Change]>)>,
    /// The ring holds every commit after this one.
    floor: Revision,
    latest: Revision,
    bytes: usize,
}

impl Feed {
    /// A feed of a store whose last commit was `latest`.
    pub fn new(latest: Revision) -> Self {
        Self {
            ring: Mutex::new(Ring { commits: VecDeque::new(), floor: latest, latest, bytes: 0 }),
            latest: watch::Sender::new(latest),
            ended: CancellationToken::new(),
        }
    }

    /// Tells of commits, in order. Call it once they are durable and visible to readers.
    pub fn publish(&self, commits: impl IntoIterator<Item = (Revision, Vec<Change>)>) {
        let latest = {
            let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
            for (revision, changes) in commits {
                ring.push(revision, changes);
            }
            ring.latest
        };
        self.latest.send_replace(latest);
    }

    /// Ends every watch, as a store that has failed for good must.
    pub fn end(&self) {
        self.ended.cancel();
    }

    /// A watch over the changes below `prefix`.
    ///
    /// `snapshot` reads the present state; it may already show commits that were not yet published. The watch
    /// ends when `closed` is cancelled or the feed [ends](Feed::end).
    pub fn watch(
        self: &Arc<Self>,
        prefix: &Prefix,
        from: WatchFrom,
        closed: CancellationToken,
        snapshot: impl Fn(&Prefix) -> Result<Snapshot> + Send + Sync + 'static,
    ) -> Watch {
        let position = match from {
            WatchFrom::Snapshot => None,
            WatchFrom::After(revision) => Some(revision),
        };
        Watch::new(Follower {
            latest: self.latest.subscribe(),
            feed: Arc::clone(self),
            prefix: prefix.clone(),
            position,
            ahead: false,
            closed,
            snapshot: Box::new(snapshot),
        })
    }
}

impl Ring {
    fn push(&mut self, revision: Revision, changes: Vec<Change>) {
        debug_assert!(revision > self.latest, "commits are published in order");
        self.bytes += weight(&changes);
        self.commits.push_back((revision, changes.into()));
        self.latest = revision;
        while self.commits.len() > MAX_COMMITS || self.bytes > MAX_BYTES {
            let Some((revision, changes)) = self.commits.pop_front() else { break };
            self.bytes -= weight(&changes);
            self.floor = revision;
        }
    }

    /// What has happened below `prefix` since `position`; `None` if that is no longer, or not yet, known.
    fn since(&self, position: Revision, prefix: &Prefix) -> Option<Batch> {
        if position < self.floor || position > self.latest {
            return None;
        }
        let start = self.commits.partition_point(|(revision, _)| *revision <= position);
        let mut batch = Batch { changes: Vec::new(), through: position };
        for (revision, changes) in self.commits.range(start..) {
            batch.changes.extend(changes.iter().filter(|change| prefix.contains(change.key())).cloned());
            batch.through = *revision;
            if batch.changes.len() >= MAX_BATCH {
                break;
            }
        }
        Some(batch)
    }
}

fn weight(changes: &[Change]) -> usize {
    changes
        .iter()
        .map(|change| match change {
            Change::Put(entry) => entry.value.len() + entry.key.as_str().len(),
            Change::Delete { key, .. } => key.as_str().len(),
        })
        .sum()
}

type ReadSnapshot = dyn Fn(&Prefix) -> Result<Snapshot> + Send + Sync;

struct Follower {
    feed: Arc<Feed>,
    latest: watch::Receiver<Revision>,
    prefix: Prefix,
    /// What was delivered last; `None` before the first item of a watch that begins with a snapshot.
    position: Option<Revision>,
    /// True if `position` came from a snapshot, which may run ahead of what is published; a position from the
    /// caller that lies ahead is another store's and means a reset.
    ahead: bool,
    closed: CancellationToken,
    snapshot: Box<ReadSnapshot>,
}

#[async_trait]
impl WatchSource for Follower {
    async fn next(&mut self) -> Result<WatchItem> {
        loop {
            if self.closed.is_cancelled() || self.feed.ended.is_cancelled() {
                return Err(Error::closed("the store was closed").with_operation("watch"));
            }
            // Marked as seen before the ring is read, so that a commit between the two wakes us again.
            self.latest.borrow_and_update();
            let since = self.position.and_then(|position| {
                let ring = self.feed.ring.lock().unwrap_or_else(PoisonError::into_inner);
                if self.ahead && ring.latest < position {
                    return Some(Batch { changes: Vec::new(), through: position });
                }
                ring.since(position, &self.prefix)
            });
            match since {
                None => {
                    let snapshot = (self.snapshot)(&self.prefix)?;
                    self.position = Some(snapshot.revision);
                    self.ahead = true;
                    return Ok(WatchItem::Reset(snapshot));
                }
                Some(batch) if Some(batch.through) > self.position => {
                    self.position = Some(batch.through);
                    self.ahead = false;
                    return Ok(WatchItem::Changes(batch));
                }
                Some(_) => tokio::select! {
                    _ = self.latest.changed() => {}
                    () = self.closed.cancelled() => {}
                    () = self.feed.ended.cancelled() => {}
                },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Key;

    fn deletion(key: &str, revision: u64) -> (Revision, Vec<Change>) {
        let revision = Revision::new(revision);
        (revision, vec![Change::Delete { key: Key::parse(key).unwrap(), revision }])
    }

    fn follow(feed: &Arc<Feed>, from: WatchFrom, at: u64) -> Watch {
        feed.watch(&Prefix::root(), from, CancellationToken::new(), move |_| {
            Ok(Snapshot { entries: Vec::new(), revision: Revision::new(at) })
        })
    }

    #[tokio::test]
    async fn a_snapshot_ahead_of_the_feed_repeats_nothing() {
        let feed = Arc::new(Feed::new(Revision::ZERO));
        let mut watch = follow(&feed, WatchFrom::Snapshot, 2);
        assert!(matches!(watch.next().await.unwrap(), WatchItem::Reset(_)));
        feed.publish([deletion("a", 1), deletion("b", 2), deletion("c", 3)]);
        let WatchItem::Changes(batch) = watch.next().await.unwrap() else { panic!("a second reset") };
        assert_eq!(batch.changes.len(), 1);
        assert_eq!(batch.through, Revision::new(3));
    }

    #[tokio::test]
    async fn what_left_the_ring_or_lies_ahead_is_a_reset() {
        let feed = Arc::new(Feed::new(Revision::ZERO));
        let overflow = u64::try_from(MAX_COMMITS).unwrap() + 1;
        feed.publish((1..=overflow).map(|revision| deletion("a", revision)));
        for (after, reset) in [(0, true), (1, false), (overflow, false), (overflow + 1, true)] {
            if after == overflow {
                continue;
            }
            let mut watch = follow(&feed, WatchFrom::After(Revision::new(after)), overflow);
            assert_eq!(matches!(watch.next().await.unwrap(), WatchItem::Reset(_)), reset, "after {after}");
        }
    }

    #[tokio::test]
    async fn closing_wakes_a_waiting_watch() {
        let feed = Arc::new(Feed::new(Revision::ZERO));
        let mut watch = follow(&feed, WatchFrom::After(Revision::ZERO), 0);
        let waiting = tokio::spawn(async move { watch.next().await });
        feed.end();
        assert_eq!(waiting.await.unwrap().unwrap_err().kind(), crate::Kind::Closed);
    }
}
