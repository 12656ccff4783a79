//! Random transactions, reads, watches and restarts, beside a model.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use netkeep_store::{Guard, Key, Prefix, Revision, Snapshot, Store, Txn, Watch, WatchFrom};

use crate::expect::conflict;
use crate::given::{commit, key};
use crate::workload::Workload;
use crate::{Harness, Mirror};

/// How many watches are followed at once.
const WATCHES: usize = 3;

/// Walks `steps` random steps through a fresh store: transactions with guards that hold and guards that do not,
/// reads, watches, and restarts, over two handles. Each step's answer is compared with a `BTreeMap`.
///
/// The same seed walks the same way. A walk that fails prints its seed and step, with which it can be walked
/// again.
///
/// Cancel safe.
///
/// # Panics
///
/// If the store answers otherwise than the model.
pub async fn walk(h: &dyn Harness, seed: u64, steps: usize) {
    let mut walk = Walk {
        place: Place { seed, step: 0 },
        chance: Workload::new(seed),
        model: BTreeMap::new(),
        latest: Revision::ZERO,
        handles: [h.connect().await, h.connect().await],
        watches: Vec::new(),
    };
    for step in 0..steps {
        walk.place.step = step;
        match walk.chance.below(100) {
            0..=59 => walk.transact().await,
            60..=74 => walk.read().await,
            75..=84 => walk.open_watch().await,
            85..=96 => walk.follow().await,
            _ => walk.restart(h).await,
        }
    }
    for _ in 0..walk.watches.len() {
        walk.follow().await;
    }
}

struct Walk {
    place: Place,
    chance: Workload,
    model: BTreeMap<Key, (Revision, Bytes)>,
    latest: Revision,
    handles: [Arc<dyn Store>; 2],
    watches: Vec<(Prefix, Watch, Mirror)>,
}

/// Where the walk is, printed if it fails there.
struct Place {
    seed: u64,
    step: usize,
}

impl Drop for Place {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the walk of seed {} failed at step {}", self.seed, self.step);
        }
    }
}

impl Walk {
    fn handle(&mut self) -> Arc<dyn Store> {
        let n = usize::from(self.chance.below(2) == 1);
        Arc::clone(&self.handles[n])
    }

    fn key(&mut self) -> Key {
        let (directory, name) = (self.chance.below(3), self.chance.below(5));
        key(&format!("walk/{directory}/{name}"))
    }

    fn prefix(&mut self) -> Prefix {
        let text = match self.chance.below(4) {
            0 => String::new(),
            n => format!("walk/{}", n - 1),
        };
        Prefix::parse(&text).expect("the walk's prefixes are well-formed")
    }

    async fn transact(&mut self) {
        let mut txn = Txn::new();
        let mut written: BTreeMap<Key, Option<Bytes>> = BTreeMap::new();
        for _ in 0..=self.chance.below(3) {
            let key = self.key();
            let value = (self.chance.below(3) > 0).then(|| {
                let size = self.chance.below(40) as usize;
                Bytes::from(vec![self.place.step as u8; size])
            });
            written.entry(key).or_insert(value);
        }
        for (key, value) in &written {
            txn = match value {
                Some(value) => txn.put(key.clone(), value.clone()),
                None => txn.delete(key.clone()),
            };
        }
        let mut guarded = BTreeMap::new();
        for _ in 0..self.chance.below(4) {
            let key = self.key();
            let guard = self.guard(&key);
            guarded.entry(key).or_insert(guard);
        }
        txn = guarded.into_values().fold(txn, Txn::guard);
        let failing: Vec<Guard> = txn
            .guards()
            .iter()
            .filter(|guard| !guard.holds(self.model.get(guard.key()).map(|(revision, _)| *revision)))
            .cloned()
            .collect();
        let store = self.handle();
        if failing.is_empty() {
            let revision = commit(&store, &txn).await;
            assert!(revision > self.latest, "revision {revision} follows {}", self.latest);
            self.latest = revision;
            for (key, value) in written {
                match value {
                    Some(value) => self.model.insert(key, (revision, value)),
                    None => self.model.remove(&key),
                };
            }
        } else {
            conflict(store.commit(&txn).await, &failing);
        }
    }

    /// A guard on `key` that holds three times out of four.
    fn guard(&mut self, key: &Key) -> Guard {
        let wrong = self.chance.below(4) == 0;
        match (self.model.get(key), wrong) {
            (None, false) | (Some(_), true) => Guard::Absent(key.clone()),
            (Some((revision, _)), false) => Guard::Unchanged(key.clone(), *revision),
            (None, true) => Guard::Unchanged(key.clone(), self.latest),
        }
    }

    async fn read(&mut self) {
        let store = self.handle();
        let key = self.key();
        let found = store.get(&key).await.unwrap_or_else(|error| panic!("get {key} failed: {error:?}"));
        let found = found.map(|entry| (entry.revision, entry.value));
        assert_eq!(found.as_ref(), self.model.get(&key), "{key}: the store (left) and the model (right)");
        let prefix = self.prefix();
        let listed = list(&store, &prefix).await;
        self.compare(&prefix, &listed);
        assert!(listed.revision >= self.latest, "the list is from before the last commit");
    }

    fn compare(&self, prefix: &Prefix, listed: &Snapshot) {
        let listed: Vec<_> = listed
            .entries
            .iter()
            .map(|entry| (entry.key.clone(), (entry.revision, entry.value.clone())))
            .collect();
        let expected: Vec<_> = self
            .model
            .iter()
            .filter(|(key, _)| prefix.contains(key))
            .map(|(key, held)| (key.clone(), held.clone()))
            .collect();
        assert_eq!(listed, expected, "below {prefix:?}: the store (left) and the model (right)");
    }

    async fn open_watch(&mut self) {
        if self.watches.len() == WATCHES {
            let n = self.chance.below(WATCHES as u64) as usize;
            self.watches.remove(n);
        }
        let (store, prefix) = (self.handle(), self.prefix());
        let (mirror, from) = if self.chance.below(2) == 0 {
            (Mirror::new(&prefix), WatchFrom::Snapshot)
        } else {
            let listed = list(&store, &prefix).await;
            (Mirror::of(&prefix, &listed), WatchFrom::After(listed.revision))
        };
        let watch = watch(&store, &prefix, from).await;
        self.watches.push((prefix, watch, mirror));
    }

    async fn follow(&mut self) {
        if self.watches.is_empty() {
            return;
        }
        let n = self.chance.below(self.watches.len() as u64) as usize;
        let (prefix, mut watch, mut mirror) = self.watches.swap_remove(n);
        mirror.follow(&mut watch, self.latest).await;
        let listed = list(&self.handle(), &prefix).await;
        mirror.assert_equals(&listed);
        self.compare(&prefix, &listed);
        self.watches.push((prefix, watch, mirror));
    }

    /// Restarts the store; the watches go on where their consumers were.
    async fn restart(&mut self, h: &dyn Harness) {
        h.restart().await;
        self.handles = [h.connect().await, h.connect().await];
        for (prefix, open, mirror) in &mut self.watches {
            let from = if mirror.through() == Revision::ZERO {
                WatchFrom::Snapshot
            } else {
                WatchFrom::After(mirror.through())
            };
            *open = watch(&self.handles[0], prefix, from).await;
        }
    }
}

async fn list(store: &Arc<dyn Store>, prefix: &Prefix) -> Snapshot {
    store.list(prefix).await.unwrap_or_else(|error| panic!("list {prefix:?} failed: {error:?}"))
}

async fn watch(store: &Arc<dyn Store>, prefix: &Prefix, from: WatchFrom) -> Watch {
    store.watch(prefix, from).await.unwrap_or_else(|error| panic!("watch {prefix:?} failed: {error:?}"))
}
