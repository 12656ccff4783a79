//! Watches that share one watch of the servers.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::FutureExt;
use tokio::time::{Instant, sleep};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::engine::Engine;
use super::own::identity_key;
use super::{Backoff, Room, Upstream};
use crate::feed::Follower;
use crate::jitter;
use crate::{Batch, Error, Feed, Kind, Prefix, Result, Snapshot, Watch, WatchFrom, WatchItem, WatchSource};

/// How long a watch waits at first until it connects again, and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
/// After an outage of this length or more, those who watch come back spread over so long a time, so that two hundred of
/// them do not keep the servers from everything else. After a shorter one it is about the length of the outage.
const LONGEST_PAUSE: Duration = Duration::from_secs(20);

/// The prefixes that somebody watches.
#[derive(Debug, Default)]
pub(super) struct Hubs {
    hubs: Mutex<HashMap<Prefix, Weak<Hub>>>,
    /// One is made at a time, so that two who watch one prefix at once share one.
    making: tokio::sync::Mutex<()>,
}

/// One watch of the servers; ends with the last watch that shares it.
#[derive(Debug)]
struct Hub {
    feed: Arc<Feed>,
    _ends: DropGuard,
}

impl Hubs {
    /// Ends every watch with an error of this kind.
    pub(super) fn fail(&self, kind: Kind, message: &str) {
        for (_, hub) in self.lock().drain() {
            if let Some(hub) = hub.upgrade() {
                hub.feed.fail(kind, message);
            }
        }
    }

    /// Makes every watch begin anew.
    pub(super) fn reset(&self) {
        for hub in self.lock().values().filter_map(Weak::upgrade) {
            hub.feed.begin_anew();
        }
    }

    fn of(&self, prefix: &Prefix) -> Option<Arc<Hub>> {
        self.lock().get(prefix)?.upgrade()
    }

    fn add(&self, prefix: &Prefix, hub: &Arc<Hub>) {
        let mut hubs = self.lock();
        hubs.retain(|_, hub| hub.strong_count() > 0);
        hubs.insert(prefix.clone(), Arc::downgrade(hub));
    }

    /// Lets the next watch of `prefix` begin a watch of the servers.
    fn remove(&self, prefix: &Prefix) {
        self.lock().remove(prefix);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Prefix, Weak<Hub>>> {
        self.hubs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine {
    /// A watch below `prefix`, which ends when `closed` is cancelled.
    pub(super) async fn watch(
        self: &Arc<Self>,
        prefix: &Prefix,
        from: WatchFrom,
        closed: CancellationToken,
    ) -> Result<Watch> {
        self.session().await?;
        let _one = self.hubs.making.lock().await;
        if let Some(hub) = self.hubs.of(prefix) {
            // Of what its caller has seen something may be gone of which the others were never told.
            let from = if self.server.tells_every_commit() { from } else { WatchFrom::Snapshot };
            let follower = self.follower(&hub.feed, prefix, from, closed);
            return Ok(Watch::new(Sharer { _hub: hub, follower, first: None }));
        }
        let after = match from {
            WatchFrom::Snapshot => None,
            WatchFrom::After(revision) => Some(revision),
        };
        let mut upstream = self.server.follow(prefix, after).await?;
        let (feed, first) = match after {
            Some(revision) => (Feed::new(revision), None),
            None => match upstream.next().await? {
                WatchItem::Reset(snapshot) => (Feed::new(snapshot.revision), Some(snapshot)),
                WatchItem::Changes(_) => {
                    return Err(Error::new(
                        Kind::Unexpected,
                        "the watch of the servers did not begin with a reset",
                    ));
                }
            },
        };
        let feed = Arc::new(feed);
        let ended = CancellationToken::new();
        let hub = Arc::new(Hub { feed: Arc::clone(&feed), _ends: ended.clone().drop_guard() });
        self.hubs.add(prefix, &hub);
        let pump =
            Pump { engine: Arc::downgrade(self), prefix: prefix.clone(), feed: Arc::clone(&feed), upstream };
        let over = self.over.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = pump.run() => {}
                () = ended.cancelled() => {}
                () = over.cancelled() => {}
            }
        });
        let follower = self.follower(&feed, prefix, from, closed);
        Ok(Watch::new(Sharer { _hub: hub, follower, first }))
    }

    fn follower(
        self: &Arc<Self>,
        feed: &Arc<Feed>,
        prefix: &Prefix,
        from: WatchFrom,
        closed: CancellationToken,
    ) -> Follower {
        let engine = Arc::downgrade(self);
        feed.follow(prefix, from, closed, move |prefix| snapshot(engine.clone(), prefix).boxed())
    }
}

/// The state below `prefix`, however long the servers are away.
async fn snapshot(engine: Weak<Engine>, prefix: Prefix) -> Result<Snapshot> {
    let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
    loop {
        let Some(engine) = engine.upgrade() else { return Err(Error::closed("the store was closed")) };
        match engine.server.list(Room::Entries, &prefix).await {
            Err(error) if error.kind() == Kind::Unavailable => drop(engine),
            settled => return settled,
        }
        sleep(backoff.pause()).await;
    }
}

/// Fills a feed from the servers.
struct Pump {
    engine: Weak<Engine>,
    prefix: Prefix,
    feed: Arc<Feed>,
    upstream: Box<dyn Upstream>,
}

impl Pump {
    /// Runs until it is dropped, or until something permanent has ended the watch.
    async fn run(mut self) {
        let error = loop {
            match self.upstream.next().await {
                Ok(WatchItem::Changes(batch)) => self.publish(batch),
                Ok(WatchItem::Reset(snapshot)) => self.feed.reset(snapshot.revision),
                Err(error) if error.kind() == Kind::Unavailable => {
                    tracing::debug!(prefix = %self.prefix, %error, "a watch was cut; connecting again");
                    if let Err(error) = self.connect_again().await {
                        break error;
                    }
                }
                Err(error) => break error,
            }
        };
        if let Some(engine) = self.engine.upgrade() {
            engine.hubs.remove(&self.prefix);
        }
        self.feed.fail(error.kind(), error.message());
    }

    /// Tells of a batch. Nobody would be told of a change that comes after an item that was to contain it, so then every
    /// watch begins anew.
    fn publish(&self, batch: Batch) {
        let latest = self.feed.latest();
        let (known, through) = (batch.through <= latest, latest.max(batch.through));
        if batch.changes.iter().any(|change| known || change.revision() <= latest) {
            tracing::warn!(prefix = %self.prefix, %latest, "a watch told of a change too late; it begins anew");
            self.feed.reset(through);
        } else if !known {
            self.feed.publish([(through, batch.changes)]);
        }
    }

    /// Connects again, however long that takes. Servers that come back after an outage answer those first who only ask
    /// whether they are there; what costs more comes later, spread over as long a time as the outage has lasted, since
    /// all who were cut off ask at once when a server that was slow to begin serves.
    async fn connect_again(&mut self) -> Result<()> {
        let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
        let lost = Instant::now();
        let mut was_away = false;
        loop {
            sleep(backoff.pause()).await;
            if was_away {
                let asked = self.engine()?.server.get(Room::Own, &identity_key()).await;
                if asked.is_err_and(|error| error.kind() == Kind::Unavailable) {
                    continue;
                }
                sleep(jitter::full(lost.elapsed().min(LONGEST_PAUSE))).await;
            }
            let engine = self.engine()?;
            let connected = match engine.verify(self.feed.latest()).await {
                Ok(resume) => {
                    drop(engine);
                    self.upstream.reconnect(resume).await
                }
                Err(error) => Err(error),
            };
            match connected {
                Err(error) if error.kind() == Kind::Unavailable => was_away = true,
                settled => return settled,
            }
        }
    }

    fn engine(&self) -> Result<Arc<Engine>> {
        self.engine.upgrade().ok_or_else(|| Error::closed("the store was closed"))
    }
}

/// A watch that keeps the one that it shares.
struct Sharer {
    _hub: Arc<Hub>,
    follower: Follower,
    /// What the servers began with, for the watch that made them begin.
    first: Option<Snapshot>,
}

#[async_trait]
impl WatchSource for Sharer {
    async fn next(&mut self) -> Result<WatchItem> {
        match self.first.take() {
            Some(snapshot) => {
                let told = snapshot.revision;
                Ok(self.follower.begin(snapshot, told))
            }
            None => self.follower.next().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Change, Key, Revision};

    struct Silent;

    #[async_trait]
    impl Upstream for Silent {
        async fn next(&mut self) -> Result<WatchItem> {
            std::future::pending().await
        }

        async fn reconnect(&mut self, _resume: bool) -> Result<()> {
            Ok(())
        }
    }

    /// Whether a watch that was told everything up to 5 begins anew when the servers tell of this.
    async fn begins_anew(through: u64, changes: &[u64]) -> bool {
        let feed = Arc::new(Feed::new(Revision::new(5)));
        let mut watch =
            feed.watch(&Prefix::root(), WatchFrom::After(Revision::new(5)), CancellationToken::new(), |_| {
                Ok(Snapshot { entries: Vec::new(), revision: Revision::new(9) })
            });
        let pump = Pump { engine: Weak::new(), prefix: Prefix::root(), feed, upstream: Box::new(Silent) };
        let deletion =
            |at: &u64| Change::Delete { key: Key::parse("d/k").unwrap(), revision: Revision::new(*at) };
        let changes: Vec<Change> = changes.iter().map(deletion).collect();
        pump.publish(Batch { changes: changes.clone(), through: Revision::new(through) });
        match watch.next().now_or_never() {
            Some(Ok(WatchItem::Reset(_))) => true,
            Some(Ok(WatchItem::Changes(batch))) => {
                assert_eq!(batch.changes, changes, "nothing is left out");
                false
            }
            Some(Err(error)) => panic!("{error}"),
            None => {
                assert!(changes.is_empty(), "left out: {changes:?}");
                false
            }
        }
    }

    #[tokio::test]
    async fn what_is_told_too_late_begins_the_watch_anew() {
        assert!(!begins_anew(8, &[6, 8, 9]).await);
        assert!(!begins_anew(5, &[]).await);
        assert!(begins_anew(8, &[5, 7]).await, "no watch that is through 5 would tell it");
        assert!(begins_anew(5, &[7]).await, "a batch that moves nothing would not be told");
    }
}
