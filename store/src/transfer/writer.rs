//! Making a store hold a content.

use std::collections::BTreeSet;

use futures_util::{StreamExt, TryStreamExt, stream};

use super::content::Seen;
use super::marker::{self, Marker};
use super::{Content, Progress, Stage};
use crate::{Error, Kind, Limits, Prefix, Result, Revision, Store, Txn};

/// How many transactions are under way at once.
const AT_ONCE: usize = 8;
/// How many keys one transaction writes; one more is the mark.
const KEYS: usize = 40;
/// How many bytes of keys and values one transaction writes, unless one value has more.
const BYTES: usize = 128 * 1024;

/// The target of a transfer, marked as such.
pub(super) struct Writer<'a> {
    store: &'a dyn Store,
    marked: Revision,
}

impl<'a> Writer<'a> {
    /// Takes a store that is empty, or that an earlier transfer from the same source has left unfinished.
    pub(super) async fn begin(store: &'a dyn Store, from: &str, excluded: &[Prefix]) -> Result<Self> {
        if let Some(entry) = store.get(&marker::key()).await? {
            let found = Marker::read(&entry)?;
            if found.from != from {
                return Err(Error::new(
                    Kind::Conflict,
                    format!(
                        "the target holds a part of a transfer from {}, and this one is from {from}; finish that \
                         one, or name a target that is empty",
                        found.from
                    ),
                ));
            }
            return Ok(Self { store, marked: entry.revision });
        }
        let present = Seen::of(store, excluded).await?;
        if let Some((key, _)) = present.values.first_key_value() {
            return Err(Error::new(
                Kind::Conflict,
                format!(
                    "the target is not empty: it holds {} keys, the first is {key}; name one that is empty",
                    present.values.len()
                ),
            ));
        }
        let mark = Marker { from: from.to_owned() };
        let txn = Txn::new().absent(marker::key()).put(marker::key(), mark.to_bytes());
        Ok(Self { store, marked: store.commit(&txn).await? })
    }

    /// Writes and deletes what differs. Says how many keys that were.
    pub(super) async fn write(
        &self,
        wanted: &Content,
        excluded: &[Prefix],
        progress: &dyn Progress,
    ) -> Result<usize> {
        let present = Seen::of(self.store, excluded).await?;
        let mut txns = Vec::new();
        let mut open = Open::new(self.marked);
        for (key, value) in wanted.iter() {
            let found = present.values.get(key);
            if found.is_some_and(|(present, _)| present == value) {
                continue;
            }
            if !open.has_room(key, value.len()) {
                txns.push(std::mem::replace(&mut open, Open::new(self.marked)));
            }
            let guarded = |txn: Txn| match found {
                Some((_, revision)) => txn.unchanged(key.clone(), *revision),
                None => txn.absent(key.clone()),
            };
            open.add(key, value.len(), |txn| guarded(txn).put(key.clone(), value.clone()));
        }
        for (key, (_, revision)) in &present.values {
            if wanted.0.contains_key(key) {
                continue;
            }
            if !open.has_room(key, 0) {
                txns.push(std::mem::replace(&mut open, Open::new(self.marked)));
            }
            open.add(key, 0, |txn| txn.unchanged(key.clone(), *revision).delete(key.clone()));
        }
        txns.push(open);
        txns.retain(|open| open.keys > 0);
        let keys = txns.iter().map(|open| open.keys).sum();
        progress.began(Stage::Writing, keys);
        let written = stream::iter(txns).map(|open| async move {
            self.store.commit(&open.txn).await.map_err(written_by_others)?;
            progress.passed(open.keys);
            Ok::<_, Error>(())
        });
        written.buffer_unordered(AT_ONCE).try_collect::<()>().await?;
        Ok(keys)
    }

    /// Takes the mark away: the target holds what it is to hold.
    pub(super) async fn finish(self) -> Result<()> {
        let txn = Txn::new().unchanged(marker::key(), self.marked).delete(marker::key());
        self.store.commit(&txn).await.map(|_| ())
    }
}

fn written_by_others(error: Error) -> Error {
    if error.kind() == Kind::Conflict {
        error.with_context("because", "somebody else writes to the target")
    } else {
        error
    }
}

/// A transaction that is being filled.
struct Open {
    txn: Txn,
    keys: usize,
    bytes: usize,
    directories: BTreeSet<Prefix>,
}

impl Open {
    fn new(marked: Revision) -> Self {
        let directories = BTreeSet::from([marker::key().directory()]);
        Self { txn: Txn::new().unchanged(marker::key(), marked), keys: 0, bytes: 0, directories }
    }

    fn has_room(&self, key: &crate::Key, value: usize) -> bool {
        let directory = key.directory();
        let directories = self.directories.len() + usize::from(!self.directories.contains(&directory));
        self.keys == 0
            || (self.keys < KEYS
                && self.bytes + key.as_str().len() + value <= BYTES
                && directories <= Limits::PORTABLE.txn_directories)
    }

    fn add(&mut self, key: &crate::Key, value: usize, add: impl FnOnce(Txn) -> Txn) {
        self.txn = add(std::mem::take(&mut self.txn));
        self.keys += 1;
        self.bytes += key.as_str().len() + value;
        self.directories.insert(key.directory());
    }
}
