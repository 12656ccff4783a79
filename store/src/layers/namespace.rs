//! A part of the tree as if it were the whole.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::Operation;
use crate::{
    Batch, Change, Entry, Error, Guard, Key, Lease, LeaseId, LeasedDirectories, Limits, Prefix, Result,
    Revision, Snapshot, Status, Store, StoreInfo, Txn, Watch, WatchFrom, WatchItem, WatchSource, Write,
};

/// The keys below a prefix of another store, without that prefix.
///
/// Keys outside never show. A key that is too long together with the prefix is
/// [`Kind::Invalid`](crate::Kind::Invalid). [`StoreInfo::limits`] leave room for the prefix: a key may be shorter
/// by it, and a transaction by one prefix for each key that it may have. [`StoreInfo::leased`] are the leased
/// directories below the prefix; where the prefix itself lies below a leased key, nothing can be put. Revisions,
/// leases, status and identity are those of the store beneath, and closing this closes that.
#[derive(Debug)]
pub struct Namespace {
    inner: Arc<dyn Store>,
    prefix: Prefix,
    info: StoreInfo,
}

impl Namespace {
    /// What lies below `prefix` in `inner`.
    pub fn new(inner: Arc<dyn Store>, prefix: Prefix) -> Self {
        let info = StoreInfo {
            limits: room_below(&prefix, inner.info().limits),
            leased: leased_below(&prefix, &inner.info().leased),
            ..inner.info().clone()
        };
        Self { inner, prefix, info }
    }

    /// Where in the store beneath the keys lie.
    pub fn prefix(&self) -> &Prefix {
        &self.prefix
    }

    fn join(&self, txn: &Txn) -> Result<Txn> {
        let mut joined = Txn::new();
        for guard in txn.guards() {
            let key = self.prefix.join(guard.key())?;
            joined = joined.guard(rekeyed(guard, key));
        }
        for write in txn.writes() {
            let key = self.prefix.join(write.key())?;
            joined = joined.write(match write {
                Write::Put { value, lease, .. } => {
                    Write::Put { key, value: value.clone(), lease: lease.clone() }
                }
                Write::Delete(_) => Write::Delete(key),
            });
        }
        Ok(joined)
    }

    /// Says where a refusal of our own comes from.
    fn refusal(&self, operation: Operation, error: Error) -> Error {
        error
            .with_backend(self.info.name)
            .with_operation(operation.name())
            .with_context("below", &self.prefix)
    }

    /// An error from beneath, in the words of those above.
    fn stripped(&self, operation: Operation, error: Error) -> Error {
        if let Some(guard) = error.failed_guard() {
            return match self.prefix.strip(guard.key()) {
                Some(key) => {
                    let guard = rekeyed(guard, key);
                    error.with_guard(guard)
                }
                None => error,
            };
        }
        let Some(message) = strip_message(&self.prefix, error.message()) else { return error };
        let stripped =
            Error::new(error.kind(), message).with_backend(self.info.name).with_operation(operation.name());
        match error.applied() {
            crate::Applied::No => stripped.with_source(error),
            crate::Applied::Unknown => stripped.with_unknown_outcome().with_source(error),
        }
    }
}

fn rekeyed(guard: &Guard, key: Key) -> Guard {
    match guard {
        Guard::Absent(_) => Guard::Absent(key),
        Guard::Unchanged(_, revision) => Guard::Unchanged(key, *revision),
    }
}

fn room_below(prefix: &Prefix, limits: Limits) -> Limits {
    if prefix.is_root() {
        return limits;
    }
    let longer = prefix.as_str().len() + 1;
    Limits {
        key_bytes: limits.key_bytes.saturating_sub(longer),
        txn_bytes: limits.txn_bytes.saturating_sub(longer * limits.txn_keys),
        ..limits
    }
}

fn leased_below(prefix: &Prefix, leased: &LeasedDirectories) -> LeasedDirectories {
    LeasedDirectories::new(leased.iter().filter_map(|directory| {
        if directory == prefix {
            return Some(Prefix::root());
        }
        if prefix.is_root() {
            return Some(directory.clone());
        }
        let below = directory.as_str().strip_prefix(prefix.as_str())?.strip_prefix('/')?;
        Prefix::parse(below).ok()
    }))
}

/// The message without the prefix before its keys; `None` if it names none.
fn strip_message(prefix: &Prefix, message: &str) -> Option<String> {
    let start = format!("{prefix}/");
    if prefix.is_root() || !message.contains(&start) {
        return None;
    }
    let mut stripped = String::with_capacity(message.len());
    let mut rest = message;
    while let Some(at) = rest.find(&start) {
        let (before, from) = rest.split_at(at);
        stripped.push_str(before);
        // In the middle of a longer key the same letters mean something else.
        if stripped.ends_with(|c: char| c.is_alphanumeric() || "/-_.:@+~=,%".contains(c)) {
            stripped.push_str(&start);
        }
        rest = &from[start.len()..];
    }
    stripped.push_str(rest);
    (stripped != message).then_some(stripped)
}

fn strip_entry(prefix: &Prefix, entry: Entry) -> Option<Entry> {
    Some(Entry { key: prefix.strip(&entry.key)?, ..entry })
}

fn strip_snapshot(prefix: &Prefix, snapshot: Snapshot) -> Snapshot {
    let entries = snapshot.entries.into_iter().filter_map(|entry| strip_entry(prefix, entry)).collect();
    Snapshot { entries, revision: snapshot.revision }
}

fn strip_item(prefix: &Prefix, item: WatchItem) -> WatchItem {
    match item {
        WatchItem::Reset(snapshot) => WatchItem::Reset(strip_snapshot(prefix, snapshot)),
        WatchItem::Changes(batch) => {
            let strip = |change| match change {
                Change::Put(entry) => strip_entry(prefix, entry).map(Change::Put),
                Change::Delete { key, revision } => {
                    prefix.strip(&key).map(|key| Change::Delete { key, revision })
                }
            };
            let changes = batch.changes.into_iter().filter_map(strip).collect();
            WatchItem::Changes(Batch { changes, through: batch.through })
        }
    }
}

struct Stripped {
    inner: Watch,
    prefix: Prefix,
}

#[async_trait]
impl WatchSource for Stripped {
    async fn next(&mut self) -> Result<WatchItem> {
        Ok(strip_item(&self.prefix, self.inner.next().await?))
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl Store for Namespace {
    fn info(&self) -> &StoreInfo {
        &self.info
    }

    async fn get(&self, key: &Key) -> Result<Option<Entry>> {
        let joined = self.prefix.join(key).map_err(|error| self.refusal(Operation::Get, error))?;
        let found = self.inner.get(&joined).await.map_err(|error| self.stripped(Operation::Get, error))?;
        Ok(found.map(|entry| Entry { key: key.clone(), ..entry }))
    }

    async fn list(&self, prefix: &Prefix) -> Result<Snapshot> {
        let joined = self.prefix.join_prefix(prefix).map_err(|error| self.refusal(Operation::List, error))?;
        let found = self.inner.list(&joined).await.map_err(|error| self.stripped(Operation::List, error))?;
        Ok(strip_snapshot(&self.prefix, found))
    }

    async fn commit(&self, txn: &Txn) -> Result<Revision> {
        // Checked before the keys are joined, so that a refusal names the keys of the caller.
        let joined = self
            .info
            .limits
            .check(txn, &self.info.leased)
            .and_then(|()| self.join(txn))
            .map_err(|error| self.refusal(Operation::Commit, error))?;
        self.inner.commit(&joined).await.map_err(|error| self.stripped(Operation::Commit, error))
    }

    async fn watch(&self, prefix: &Prefix, from: WatchFrom) -> Result<Watch> {
        let joined =
            self.prefix.join_prefix(prefix).map_err(|error| self.refusal(Operation::Watch, error))?;
        let inner =
            self.inner.watch(&joined, from).await.map_err(|error| self.stripped(Operation::Watch, error))?;
        Ok(Watch::new(Stripped { inner, prefix: self.prefix.clone() }))
    }

    async fn grant(&self, ttl: Duration) -> Result<Lease> {
        self.inner.grant(ttl).await
    }

    async fn keep_alive(&self, id: &LeaseId) -> Result<()> {
        self.inner.keep_alive(id).await
    }

    async fn revoke(&self, id: &LeaseId) -> Result<()> {
        self.inner.revoke(id).await
    }

    async fn status(&self) -> Result<Status> {
        self.inner.status().await
    }

    async fn close(&self) -> Result<()> {
        self.inner.close().await
    }
}
