//! The latest commits of a store as this process knows them, and the watches that follow them.

mod untold;

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use async_trait::async_trait;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use self::untold::Untold;
use crate::{
    Batch, Change, Error, Key, Kind, Prefix, Result, Revision, Snapshot, Watch, WatchFrom, WatchItem,
    WatchSource,
};

/// How many commits a [`Feed`] remembers at most, so that a consumer that is slower gets a reset.
const MAX_COMMITS: usize = 8_192;
/// How many bytes of values a [`Feed`] remembers at most.
const MAX_BYTES: usize = 16 * 1024 * 1024;
/// How many changes one item holds at most, unless one commit has more.
const MAX_BATCH: usize = 1_024;

/// What a store has committed lately, as far as this process knows: a ring in memory that watches read at their
/// own pace.
///
/// A watch whose place has left the ring, or that comes from before the store was opened, begins again with a
/// [`WatchItem::Reset`]. So no consumer is waited for, and none misses a change without being told.
#[derive(Debug)]
pub struct Feed {
    ring: Mutex<Ring>,
    latest: watch::Sender<Revision>,
    ended: CancellationToken,
    /// Why the watches have ended, if not because the store was closed.
    reason: OnceLock<(Kind, String)>,
}

#[derive(Debug)]
struct Ring {
    commits: VecDeque<(Revision, Arc<[Change]>)>,
    /// How often the thread was lost: what was known before says nothing of what comes after.
    breaks: u64,
    /// The ring holds every commit after this one.
    floor: Revision,
    latest: Revision,
    bytes: usize,
}

impl Feed {
    /// A feed of a store whose last commit was `latest`.
    pub fn new(latest: Revision) -> Self {
        Self {
            ring: Mutex::new(Ring { commits: VecDeque::new(), breaks: 0, floor: latest, latest, bytes: 0 }),
            latest: watch::Sender::new(latest),
            ended: CancellationToken::new(),
            reason: OnceLock::new(),
        }
    }

    /// The last commit that was told of.
    pub fn latest(&self) -> Revision {
        self.lock().latest
    }

    /// Says that what comes now does not follow what was before: every watch begins anew with a
    /// [`WatchItem::Reset`], of a state that contains the commits up to `latest`.
    pub fn reset(&self, latest: Revision) {
        self.lock().reset(latest);
        self.latest.send_replace(latest);
    }

    /// As [`reset`](Feed::reset), of a state that contains what was told.
    pub(crate) fn begin_anew(&self) {
        let latest = {
            let mut ring = self.lock();
            let latest = ring.latest;
            ring.reset(latest);
            latest
        };
        self.latest.send_replace(latest);
    }

    /// Ends every watch with an error of this kind.
    pub fn fail(&self, kind: Kind, message: impl Into<String>) {
        // Whoever was first has said why.
        let _ = self.reason.set((kind, message.into()));
        self.ended.cancel();
    }

    /// Tells of commits, in order. Call it once they are durable and visible to readers.
    pub fn publish(&self, commits: impl IntoIterator<Item = (Revision, Vec<Change>)>) {
        let latest = {
            let mut ring = self.lock();
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
        let read = move |prefix: Prefix| std::future::ready(snapshot(&prefix)).boxed();
        Watch::new(self.follow(prefix, from, closed, read))
    }

    /// As [`watch`](Feed::watch), for a store whose present state must be asked for.
    pub(crate) fn follow(
        self: &Arc<Self>,
        prefix: &Prefix,
        from: WatchFrom,
        closed: CancellationToken,
        snapshot: impl Fn(Prefix) -> BoxFuture<'static, Result<Snapshot>> + Send + Sync + 'static,
    ) -> Follower {
        let position = match from {
            WatchFrom::Snapshot => None,
            WatchFrom::After(revision) => Some(revision),
        };
        Follower {
            latest: self.latest.subscribe(),
            breaks: self.lock().breaks,
            feed: Arc::clone(self),
            prefix: prefix.clone(),
            position,
            ahead: false,
            shown: HashMap::new(),
            untold: Untold::default(),
            closed,
            snapshot: Box::new(snapshot),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn why_ended(&self) -> Error {
        match self.reason.get() {
            Some((kind, message)) if self.ended.is_cancelled() => Error::new(*kind, message.clone()),
            _ => Error::closed("the store was closed"),
        }
    }
}

impl Ring {
    fn reset(&mut self, latest: Revision) {
        self.commits.clear();
        self.bytes = 0;
        self.breaks += 1;
        self.floor = latest;
        self.latest = latest;
    }

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
            let new = |change: &&Change| prefix.contains(change.key()) && change.revision() > position;
            batch.changes.extend(changes.iter().filter(new).cloned());
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

type ReadSnapshot = dyn Fn(Prefix) -> BoxFuture<'static, Result<Snapshot>> + Send + Sync;

/// One watch over a [`Feed`].
pub(crate) struct Follower {
    feed: Arc<Feed>,
    latest: watch::Receiver<Revision>,
    prefix: Prefix,
    /// What was delivered last; `None` before the first item of a watch that begins with a snapshot.
    position: Option<Revision>,
    /// True if `position` came from a snapshot, which may run ahead of what is published; a position from the
    /// caller that lies ahead is another store's and means a reset.
    ahead: bool,
    /// The break of the feed that `position` belongs to.
    breaks: u64,
    /// Entries that a snapshot showed in a later state than its own revision: older changes of them are no news.
    shown: HashMap<Key, Revision>,
    untold: Untold,
    closed: CancellationToken,
    snapshot: Box<ReadSnapshot>,
}

impl Follower {
    /// Takes `snapshot` as delivered, and gives it back as the first item. The feed had told all up to `told` before it
    /// was read, or is filled beginning with it.
    pub(crate) fn begin(&mut self, snapshot: Snapshot, told: Revision) -> WatchItem {
        self.untold = Untold::of(&snapshot, told);
        self.position = Some(snapshot.revision);
        self.ahead = true;
        let later = snapshot.entries.iter().filter(|entry| entry.revision > snapshot.revision);
        self.shown = later.map(|entry| (entry.key.clone(), entry.revision)).collect();
        WatchItem::Reset(snapshot)
    }

    fn take(&mut self, mut batch: Batch) -> WatchItem {
        self.position = Some(batch.through);
        self.ahead = false;
        if !self.shown.is_empty() {
            let shown = &self.shown;
            batch.changes.retain(|change| {
                shown.get(change.key()).is_none_or(|revision| change.revision() > *revision)
            });
            self.shown.retain(|_, revision| *revision > batch.through);
        }
        WatchItem::Changes(batch)
    }

    /// What there is now: a batch, or nothing, the break to reset to, and what was told until now.
    fn since(&mut self) -> Result<Batch, (u64, Revision)> {
        let ring = self.feed.lock();
        let anew = (ring.breaks, ring.latest);
        let Some(position) = self.position.filter(|_| ring.breaks == self.breaks) else {
            return Err(anew);
        };
        if self.untold.has_missed(ring.floor) {
            return Err(anew);
        }
        self.untold.look(ring.commits.iter().map(|(revision, changes)| (*revision, &changes[..])));
        if self.ahead && ring.latest < position {
            return Ok(Batch { changes: Vec::new(), through: position });
        }
        let mut batch = ring.since(position, &self.prefix).ok_or(anew)?;
        if batch.through > position {
            batch.changes.extend(self.untold.gone());
            // One item may show a part of commits that lie beyond it, and the next one tells what lies between.
            batch.changes.sort_by_key(Change::revision);
        }
        Ok(batch)
    }
}

#[async_trait]
impl WatchSource for Follower {
    async fn next(&mut self) -> Result<WatchItem> {
        loop {
            if self.closed.is_cancelled() || self.feed.ended.is_cancelled() {
                return Err(self.feed.why_ended().with_operation("watch"));
            }
            // Marked as seen before the ring is read, so that a commit between the two wakes us again.
            self.latest.borrow_and_update();
            match self.since() {
                Err((breaks, told)) => {
                    let ended = self.feed.ended.clone();
                    let snapshot = tokio::select! {
                        snapshot = (self.snapshot)(self.prefix.clone()) => snapshot?,
                        () = self.closed.cancelled() => continue,
                        () = ended.cancelled() => continue,
                    };
                    // A break after the state was read is seen at the next call.
                    self.breaks = breaks;
                    return Ok(self.begin(snapshot, told));
                }
                Ok(batch) if Some(batch.through) > self.position => return Ok(self.take(batch)),
                Ok(_) => tokio::select! {
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
    use crate::Entry;

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
    async fn what_was_told_ahead_of_its_item_comes_in_its_order() {
        let feed = Arc::new(Feed::new(Revision::ZERO));
        let mut watch = follow(&feed, WatchFrom::After(Revision::ZERO), 0);
        let [(first, mut ahead), (_, later), (last, again)] =
            [deletion("a", 1), deletion("c", 3), deletion("b", 2)];
        ahead.extend(later.clone());
        feed.publish([(first, ahead), (last.next(), [again, later].concat())]);
        let WatchItem::Changes(batch) = watch.next().await.unwrap() else { panic!("a reset") };
        let revisions: Vec<u64> = batch.changes.iter().map(|change| change.revision().get()).collect();
        assert_eq!((revisions, batch.through.get()), (vec![1, 2, 3, 3], 3));
    }

    #[tokio::test]
    async fn who_joins_hears_that_what_it_saw_is_gone() {
        let feed = Arc::new(Feed::new(Revision::new(5)));
        let k = Key::parse("d/k").unwrap();
        let shown =
            Entry { key: k.clone(), value: Vec::new().into(), revision: Revision::new(7), lease: None };
        let mut watch =
            feed.watch(&Prefix::root(), WatchFrom::Snapshot, CancellationToken::new(), move |_| {
                Ok(Snapshot { entries: vec![shown.clone()], revision: Revision::new(9) })
            });
        assert!(matches!(watch.next().await.unwrap(), WatchItem::Reset(_)));
        // Between the two states that the feed was filled from it was made and deleted.
        feed.publish([(Revision::new(12), Vec::new())]);
        let WatchItem::Changes(batch) = watch.next().await.unwrap() else { panic!("a second reset") };
        assert_eq!(batch.changes, [Change::Delete { key: k, revision: Revision::new(10) }]);
        feed.publish([(Revision::new(13), Vec::new())]);
        let WatchItem::Changes(batch) = watch.next().await.unwrap() else { panic!("a second reset") };
        assert_eq!(batch.changes, []);
    }

    #[tokio::test]
    async fn who_joins_begins_anew_if_what_it_saw_may_have_been_mentioned() {
        let feed = Arc::new(Feed::new(Revision::new(5)));
        let k = Key::parse("d/k").unwrap();
        let shown =
            Entry { key: k, value: vec![0; MAX_BYTES + 1].into(), revision: Revision::new(7), lease: None };
        let there = shown.clone();
        let mut watch =
            feed.watch(&Prefix::root(), WatchFrom::Snapshot, CancellationToken::new(), move |_| {
                Ok(Snapshot { entries: vec![shown.clone()], revision: Revision::new(9) })
            });
        assert!(matches!(watch.next().await.unwrap(), WatchItem::Reset(_)));
        // More than the ring holds.
        feed.publish([(Revision::new(8), vec![Change::Put(there)]), (Revision::new(12), Vec::new())]);
        assert!(matches!(watch.next().await.unwrap(), WatchItem::Reset(_)));
    }

    #[tokio::test]
    async fn closing_wakes_a_waiting_watch() {
        let feed = Arc::new(Feed::new(Revision::ZERO));
        let mut watch = follow(&feed, WatchFrom::After(Revision::ZERO), 0);
        let waiting = tokio::spawn(async move { watch.next().await });
        feed.end();
        assert_eq!(waiting.await.unwrap().unwrap_err().kind(), Kind::Closed);
    }
}
