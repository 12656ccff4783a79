//! What has changed below a prefix.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::FutureExt;
use netkeep_store::remote::{Room, Upstream};
use netkeep_store::{Batch, Change, Error, Key, Kind, Prefix, Result, Revision, Snapshot, WatchItem};
use zookeeper_client::{AddWatchMode, Client, EventType, PersistentWatcher, SessionState, WatchedEvent};

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
        self.ready = Some(if resume && now.revision >= self.through {
            self.difference(now, &session)
        } else {
            self.delivered = now.entries.iter().map(|entry| (entry.key.clone(), entry.revision)).collect();
            self.through = now.revision;
            WatchItem::Reset(now)
        });
        self.session = Some(session);
        Ok(())
    }

    /// What is different from what was delivered.
    fn difference(&mut self, now: Snapshot, session: &Session) -> WatchItem {
        let through = now.revision;
        let changes = catch_up(&mut self.delivered, now, session.touched.values());
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
            match node {
                Some((data, stat)) => {
                    let at = revision(stat.mzxid);
                    if self.delivered.insert(key.clone(), at) != Some(at) {
                        changes.push(Change::Put(entry(key, data, &stat)));
                    }
                }
                None => {
                    if self.delivered.remove(&key).is_some() {
                        changes.push(Change::Delete { key, revision: last });
                    }
                }
            }
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

/// What leads from what was delivered to what is there now, where these nodes were touched since a watch was set.
///
/// The servers of a session may be behind those of the one before: what was delivered beyond what is there now is not
/// judged by it, its events are still to come.
fn catch_up<'a>(
    delivered: &mut BTreeMap<Key, Revision>,
    now: Snapshot,
    touched: impl Iterator<Item = &'a Touched>,
) -> Vec<Change> {
    let through = now.revision;
    let present: BTreeSet<&Key> = now.entries.iter().map(|entry| &entry.key).collect();
    let touched: BTreeMap<&Key, Revision> = touched.map(|touched| (&touched.key, touched.first)).collect();
    let gone = delivered.extract_if(.., |key, at| *at <= through && !present.contains(key));
    let mut changes: Vec<_> = gone
        .map(|(key, at)| {
            // What went while the list was made went with the first thing that was heard of it, or before that; but
            // after what was delivered, which servers that were behind may have told anew.
            let heard = touched.get(&key).copied().unwrap_or(through);
            Change::Delete { key, revision: heard.max(at.next()) }
        })
        .collect();
    for entry in now.entries {
        if delivered.get(&entry.key).is_none_or(|at| *at < entry.revision) {
            delivered.insert(entry.key.clone(), entry.revision);
            changes.push(Change::Put(entry));
        }
    }
    changes
}

fn cut() -> Error {
    Error::new(Kind::Unavailable, "the connection of the watch was lost")
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use netkeep_store::Entry;

    use super::*;

    fn key() -> Key {
        Key::parse("a/k").unwrap()
    }

    fn at(revision: u64) -> Revision {
        Revision::new(revision)
    }

    fn list(entries: &[u64], revision: u64) -> Snapshot {
        let entry = |put: &u64| Entry { key: key(), value: Bytes::new(), revision: at(*put), lease: None };
        Snapshot { entries: entries.iter().map(entry).collect(), revision: at(revision) }
    }

    /// What is told after the entry was delivered at revision 7, and was touched by these transactions since.
    fn after_seven(now: Snapshot, touched: Option<(u64, u64)>) -> (Vec<Change>, Option<Revision>) {
        let mut delivered = BTreeMap::from([(key(), at(7))]);
        let touched = touched.map(|(first, last)| Touched { key: key(), first: at(first), last: at(last) });
        let changes = catch_up(&mut delivered, now, touched.iter());
        (changes, delivered.get(&key()).copied())
    }

    fn gone(revision: u64) -> (Vec<Change>, Option<Revision>) {
        (vec![Change::Delete { key: key(), revision: at(revision) }], None)
    }

    #[test]
    fn what_is_gone_went_after_it_was_delivered() {
        assert_eq!(after_seven(list(&[], 12), None), gone(12));
        assert_eq!(after_seven(list(&[], 12), Some((9, 11))), gone(9));
        // Told by servers that were behind.
        assert_eq!(after_seven(list(&[], 12), Some((5, 9))), gone(8));
    }

    #[test]
    fn what_was_delivered_beyond_a_list_is_not_judged_by_it() {
        assert_eq!(after_seven(list(&[], 6), None), (vec![], Some(at(7))));
        assert_eq!(after_seven(list(&[5], 6), None), (vec![], Some(at(7))));
    }

    #[test]
    fn what_is_newer_is_told() {
        assert_eq!(after_seven(list(&[7], 12), None), (vec![], Some(at(7))));
        let now = list(&[9], 12);
        let put = Change::Put(now.entries[0].clone());
        assert_eq!(after_seven(now, None), (vec![put], Some(at(9))));
    }
}
