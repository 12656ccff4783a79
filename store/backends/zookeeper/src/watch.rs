//! What has changed below a prefix.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::FutureExt;
use netkeep_store::remote::{Room, Upstream};
use netkeep_store::{Batch, Change, Error, Key, Kind, Prefix, Result, Revision, Snapshot, WatchItem};
use zookeeper_client::{AddWatchMode, Client, EventType, PersistentWatcher, SessionState, WatchedEvent};

use crate::catch_up::catch_up;
use crate::link::Link;
use crate::read::{entry, nodes, revision, snapshot};

/// How often an item is looked at again because another event of its last transaction came in between. All of them
/// have come once the servers have answered after the first.
const LOOKS: usize = 4;

/// A watch on a session of its own. A session that was cut is given up, and its watch with it.
///
/// Events say that a node was touched, not what it holds; so each is followed by a read. On one session the servers
/// answer a read after the events of everything that it shows, and they tell a transaction as a whole; so when the
/// answer is there, all events of the transactions that were heard of before are there too.
pub(crate) struct ZooKeeperWatch {
    link: Arc<Link>,
    prefix: Prefix,
    session: Option<Session>,
    /// What was delivered: each key with its revision.
    delivered: BTreeMap<Key, Revision>,
    /// Keys of which something was told that lies beyond `through`. It is told again by an item that reaches it, for
    /// those who join the watch between the two.
    owed: BTreeSet<Key>,
    through: Revision,
    /// To be delivered next.
    ready: Option<WatchItem>,
}

struct Session {
    // Dropped before the client, whose session closes then.
    watcher: PersistentWatcher,
    client: Client,
    /// The nodes that were touched and not yet read since.
    touched: BTreeMap<String, Touched>,
    /// The latest transaction that was heard of.
    heard: Revision,
}

/// A node that was touched.
struct Touched {
    key: Key,
    /// The first transaction that has done it since the node was read.
    first: Revision,
    /// The last one that was heard of.
    last: Revision,
}

impl ZooKeeperWatch {
    pub(crate) async fn begin(link: Arc<Link>, prefix: &Prefix) -> Result<Self> {
        let mut watch = Self {
            link,
            prefix: prefix.clone(),
            session: None,
            delivered: BTreeMap::new(),
            owed: BTreeSet::new(),
            through: Revision::ZERO,
            ready: None,
        };
        watch.connect(false).await?;
        Ok(watch)
    }

    async fn connect(&mut self, resume: bool) -> Result<()> {
        self.session = None;
        let client = self.link.another().await?;
        let room = self.link.layout.room(Room::Entries);
        let watcher = self.link.door.read(client.watch(&room, AddWatchMode::PersistentRecursive)).await?;
        let mut session = Session { watcher, client, touched: BTreeMap::new(), heard: Revision::ZERO };
        let now = snapshot(&self.link.door, &self.link.layout, &session.client, Room::Entries, &self.prefix)
            .await?;
        // What was touched while the list was made is told by its events.
        session.drain(&self.link, &self.prefix)?;
        session.told(now.revision);
        self.ready = Some(if resume && now.revision > self.through {
            self.difference(now, &session)
        } else {
            self.delivered = now.entries.iter().map(|entry| (entry.key.clone(), entry.revision)).collect();
            let beyond = now.entries.iter().filter(|entry| entry.revision > now.revision);
            self.owed = beyond.map(|entry| entry.key.clone()).collect();
            self.through = now.revision;
            WatchItem::Reset(now)
        });
        self.session = Some(session);
        Ok(())
    }

    /// What is different from what was delivered.
    fn difference(&mut self, now: Snapshot, session: &Session) -> WatchItem {
        let through = now.revision;
        let later = session.touched.values().filter(|touched| touched.last > through);
        let later: BTreeSet<&Key> = later.map(|touched| &touched.key).collect();
        let changes = catch_up(&mut self.delivered, &mut self.owed, now, &later);
        self.item(changes, through)
    }

    fn item(&mut self, mut changes: Vec<Change>, through: Revision) -> WatchItem {
        changes.sort_by_key(Change::revision);
        self.through = self.through.max(through);
        WatchItem::Changes(Batch { changes, through: self.through })
    }

    /// Waits until something below the prefix was touched, and reads it.
    async fn follow(&mut self) -> Result<WatchItem> {
        let (link, prefix) = (Arc::clone(&self.link), self.prefix.clone());
        let session = self.session.as_mut().ok_or_else(cut)?;
        while session.touched.is_empty() {
            let event = session.watcher.changed().await;
            session.note(&link, &prefix, event)?;
            session.drain(&link, &prefix)?;
        }
        let until = session.heard;
        let mut found = BTreeMap::new();
        for _ in 0..LOOKS {
            let wanted: Vec<(String, Key)> = session
                .touched
                .iter()
                .filter(|(path, touched)| touched.first <= until && !found.contains_key(*path))
                .map(|(path, touched)| (path.clone(), touched.key.clone()))
                .collect();
            if wanted.is_empty() {
                break;
            }
            for (path, key, node) in nodes(&link.door, &session.client, wanted).await? {
                found.insert(path, (key, node));
            }
            session.drain(&link, &prefix)?;
        }
        let mut changes = Vec::new();
        for (path, (key, node)) in found {
            let last = session.touched.get(&path).map_or(until, |touched| touched.last);
            let owed = self.owed.remove(&key);
            let change = match node {
                Some((data, stat)) => {
                    let at = revision(stat.mzxid);
                    let is_new = self.delivered.insert(key.clone(), at) != Some(at);
                    (is_new || owed).then(|| Change::Put(entry(key, data, &stat)))
                }
                None => {
                    let was_there = self.delivered.remove(&key).is_some();
                    (was_there || owed).then_some(Change::Delete { key, revision: last })
                }
            };
            if let Some(beyond) = change.as_ref().filter(|change| change.revision() > until) {
                self.owed.insert(beyond.key().clone());
            }
            changes.extend(change);
        }
        session.told(until);
        Ok(self.item(changes, until))
    }
}

impl Session {
    fn note(&mut self, link: &Link, prefix: &Prefix, event: WatchedEvent) -> Result<()> {
        if event.event_type == EventType::Session {
            return if event.session_state == SessionState::SyncConnected { Ok(()) } else { Err(cut()) };
        }
        let at = revision(event.zxid);
        if at == Revision::ZERO {
            return Err(Error::new(
                Kind::Invalid,
                "the server does not say which transaction an event is of; ZooKeeper 3.9 or newer is needed",
            ));
        }
        self.heard = self.heard.max(at);
        if let Some(key) = link.layout.entry_of(&event.path).filter(|key| prefix.contains(key)) {
            let touched = self.touched.entry(event.path).or_insert(Touched { key, first: at, last: at });
            touched.last = at;
        }
        Ok(())
    }

    /// Everything up to this transaction was told.
    fn told(&mut self, until: Revision) {
        self.touched.retain(|_, touched| touched.last > until);
        for touched in self.touched.values_mut().filter(|touched| touched.first <= until) {
            touched.first = touched.last;
        }
    }

    /// Takes in the events that have come.
    fn drain(&mut self, link: &Link, prefix: &Prefix) -> Result<()> {
        while let Some(event) = self.watcher.changed().now_or_never() {
            self.note(link, prefix, event)?;
        }
        Ok(())
    }
}

#[async_trait]
impl Upstream for ZooKeeperWatch {
    async fn next(&mut self) -> Result<WatchItem> {
        if let Some(item) = self.ready.take() {
            return Ok(item);
        }
        let followed = self.follow().await;
        if followed.is_err() {
            self.session = None;
        }
        followed
    }

    async fn reconnect(&mut self, resume: bool) -> Result<()> {
        // An item that was not delivered is in neither state; without it nothing follows from what was.
        let resume = resume && self.ready.is_none();
        self.connect(resume).await
    }
}

fn cut() -> Error {
    Error::new(Kind::Unavailable, "the connection of the watch was lost")
}
