//! A consumer of a watch that believes nothing.

use std::collections::BTreeMap;

use netkeep_store::{Change, Entry, Key, Prefix, Revision, Snapshot, Watch, WatchItem};

use crate::wait;

/// A map that is kept by a watch as the contract says, and that checks each item on the way: order, prefix,
/// revisions that do not go back.
#[derive(Debug)]
pub struct Mirror {
    prefix: Prefix,
    entries: BTreeMap<Key, Entry>,
    /// The latest revision that was seen of each key, deleted ones included.
    seen: BTreeMap<Key, Revision>,
    through: Revision,
    began: bool,
    resets: usize,
}

impl Mirror {
    /// A mirror that knows nothing yet: the first item must be a reset.
    pub fn new(prefix: &Prefix) -> Self {
        Self {
            prefix: prefix.clone(),
            entries: BTreeMap::new(),
            seen: BTreeMap::new(),
            through: Revision::ZERO,
            began: false,
            resets: 0,
        }
    }

    /// A mirror that knows what a list has shown: the watch begins after the list's revision.
    pub fn of(prefix: &Prefix, snapshot: &Snapshot) -> Self {
        let mut mirror = Self::new(prefix);
        mirror.replace(snapshot.clone());
        mirror
    }

    /// Takes an item in.
    ///
    /// # Panics
    ///
    /// If the item breaks a clause: if the first one is no reset, if a key lies outside the prefix or goes back,
    /// if the keys of a reset or the changes of a batch are out of order, or if `through` goes back.
    pub fn apply(&mut self, item: WatchItem) {
        match item {
            WatchItem::Reset(snapshot) => {
                self.resets += 1;
                self.replace(snapshot);
            }
            WatchItem::Changes(batch) => {
                assert!(self.began, "changes came before the first reset: {batch:?}");
                let mut last = Revision::ZERO;
                for change in batch.changes {
                    assert!(change.revision() >= last, "changes are out of order at {change:?}");
                    last = change.revision();
                    self.change(change);
                }
                self.pass(batch.through);
            }
        }
    }

    /// Takes items in until all commits up to `until` are contained.
    ///
    /// Cancel safe.
    ///
    /// # Panics
    ///
    /// As [`Mirror::apply`]; if the watch ends; if it gives no item within 30 s.
    pub async fn follow(&mut self, watch: &mut Watch, until: Revision) {
        while self.through < until || !self.began {
            self.apply(wait::item(watch).await);
        }
    }

    /// The entry under a key, as far as the watch has told.
    pub fn entry(&self, key: &Key) -> Option<&Entry> {
        self.entries.get(key)
    }

    /// The latest revision of a key that was seen, be it a put or a deletion.
    pub fn seen(&self, key: &Key) -> Option<Revision> {
        self.seen.get(key).copied()
    }

    /// All commits up to this one are contained.
    pub fn through(&self) -> Revision {
        self.through
    }

    /// How many resets came.
    pub fn resets(&self) -> usize {
        self.resets
    }

    /// Compares with a list that was made when the store was quiet.
    ///
    /// # Panics
    ///
    /// If they differ.
    pub fn assert_equals(&self, snapshot: &Snapshot) {
        let kept: Vec<&Entry> = self.entries.values().collect();
        let listed: Vec<&Entry> = snapshot.entries.iter().collect();
        assert_eq!(kept, listed, "the watch's consumer (left) and the store (right) differ");
    }

    fn replace(&mut self, snapshot: Snapshot) {
        self.began = true;
        let before = std::mem::take(&mut self.entries);
        let mut last = None;
        for entry in snapshot.entries {
            assert!(last.as_ref() < Some(&entry.key), "a reset is out of order at {}", entry.key);
            last = Some(entry.key.clone());
            self.put(entry);
        }
        for (key, entry) in before {
            if !self.entries.contains_key(&key) {
                let gone = self.seen.entry(key).or_default();
                *gone = (*gone).max(entry.revision);
            }
        }
        self.pass(snapshot.revision);
    }

    fn change(&mut self, change: Change) {
        match change {
            Change::Put(entry) => self.put(entry),
            Change::Delete { key, revision } => {
                self.see(&key, revision);
                if let Some(entry) = self.entries.remove(&key) {
                    assert!(
                        revision > entry.revision,
                        "{key} was deleted at {revision}, but was put at {}",
                        entry.revision
                    );
                }
            }
        }
    }

    fn put(&mut self, entry: Entry) {
        self.see(&entry.key, entry.revision);
        self.entries.insert(entry.key.clone(), entry);
    }

    fn see(&mut self, key: &Key, revision: Revision) {
        assert!(self.prefix.contains(key), "{key} does not lie below {:?}", self.prefix);
        let seen = self.seen.entry(key.clone()).or_default();
        assert!(revision >= *seen, "{key} went back from revision {seen} to {revision}");
        *seen = revision;
    }

    fn pass(&mut self, through: Revision) {
        assert!(through >= self.through, "through went back from {} to {through}", self.through);
        self.through = through;
    }
}
