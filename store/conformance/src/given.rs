//! The words that cases are written in.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use netkeep_store::{Entry, Key, Lease, Prefix, Revision, Snapshot, Store, Txn};

use crate::LEASED;

/// A key in its written form.
pub(crate) fn key(text: &str) -> Key {
    Key::parse(text).unwrap_or_else(|error| panic!("the suite wrote a key wrongly: {error}"))
}

/// A prefix in its written form.
pub(crate) fn prefix(text: &str) -> Prefix {
    Prefix::parse(text).unwrap_or_else(|error| panic!("the suite wrote a prefix wrongly: {error}"))
}

/// A key in the directory of leased keys.
pub(crate) fn leased_key(name: &str) -> Key {
    key(&format!("{LEASED}/{name}"))
}

/// A transaction that puts one entry.
pub(crate) fn put(text: &str, value: impl Into<Bytes>) -> Txn {
    Txn::new().put(key(text), value)
}

/// A transaction that deletes one entry.
pub(crate) fn delete(text: &str) -> Txn {
    Txn::new().delete(key(text))
}

/// Commits, and expects that it succeeds.
pub(crate) async fn commit(store: &Arc<dyn Store>, txn: &Txn) -> Revision {
    store.commit(txn).await.unwrap_or_else(|error| panic!("the commit of {txn:.200?} failed: {error:?}"))
}

/// Reads one key, and expects that the read succeeds.
pub(crate) async fn get(store: &Arc<dyn Store>, text: &str) -> Option<Entry> {
    read(store, &key(text)).await
}

/// Reads one key, and expects that the read succeeds.
pub(crate) async fn read(store: &Arc<dyn Store>, key: &Key) -> Option<Entry> {
    let found = store.get(key).await.unwrap_or_else(|error| panic!("get {key} failed: {error:?}"));
    if let Some(entry) = &found {
        assert_eq!(&entry.key, key, "get answered with the entry of another key");
    }
    found
}

/// Reads one key that must be there.
pub(crate) async fn present(store: &Arc<dyn Store>, text: &str) -> Entry {
    get(store, text).await.unwrap_or_else(|| panic!("{text} is absent, though it was put"))
}

/// Lists below a prefix, and expects that it succeeds.
pub(crate) async fn list(store: &Arc<dyn Store>, text: &str) -> Snapshot {
    let snapshot = store.list(&prefix(text)).await;
    snapshot.unwrap_or_else(|error| panic!("list {text:?} failed: {error:?}"))
}

/// The keys below a prefix, as texts.
pub(crate) async fn keys_below(store: &Arc<dyn Store>, text: &str) -> Vec<String> {
    list(store, text).await.entries.iter().map(|entry| entry.key.to_string()).collect()
}

/// Grants a lease, and expects that it succeeds.
pub(crate) async fn grant(store: &Arc<dyn Store>, ttl: Duration) -> Lease {
    let lease = store.grant(ttl).await.unwrap_or_else(|error| panic!("grant {ttl:?} failed: {error:?}"));
    assert_eq!(lease.ttl, ttl, "the lease has another ttl than was asked for");
    lease
}

/// A `ttl` that is short, but not so short that a busy machine loses the lease while a case still works with it.
pub(crate) fn short_ttl(store: &Arc<dyn Store>) -> Duration {
    store.info().limits.lease_min.max(Duration::from_millis(600))
}

/// A `ttl` that does not end while a case runs.
pub(crate) fn long_ttl(store: &Arc<dyn Store>) -> Duration {
    let limits = &store.info().limits;
    limits.lease_max.min(limits.lease_min.max(Duration::from_secs(600)))
}
