//! The namespace: nothing outside shows, and everything inside is named without the prefix.

use std::sync::Arc;
use std::time::Duration;

use super::super::Namespace;
use super::super::fault::{Fault, FaultStore};
use super::{key, prefix};
use crate::{
    Applied, Change, Guard, Kind, LeasedDirectories, Limits, Prefix, Revision, Store, StoreExt, Txn,
    WatchFrom, WatchItem,
};

fn stores() -> (Arc<FaultStore>, Namespace) {
    let below = FaultStore::new([]);
    let namespace = Namespace::new(Arc::<FaultStore>::clone(&below), prefix("ns"));
    (below, namespace)
}

#[tokio::test]
async fn keys_are_joined_below_and_stripped_above() {
    let (below, store) = stores();
    below.create(key("nsx/a"), "outside").await.unwrap();
    let made = store.create(key("a/b"), "1").await.unwrap();
    assert_eq!(below.get(&key("ns/a/b")).await.unwrap().unwrap().revision, made);
    let entry = store.get(&key("a/b")).await.unwrap().unwrap();
    assert_eq!((entry.key, entry.revision), (key("a/b"), made));

    for within in [Prefix::root(), prefix("a")] {
        let snapshot = store.list(&within).await.unwrap();
        let keys: Vec<_> = snapshot.entries.into_iter().map(|entry| entry.key).collect();
        assert_eq!(keys, [key("a/b")]);
        assert_eq!(snapshot.revision, made);
    }
    store.remove(key("a/b"), made).await.unwrap();
    assert_eq!(below.get(&key("ns/a/b")).await.unwrap(), None);
}

#[tokio::test]
async fn a_watch_shows_what_is_inside_and_the_revision_of_everything() {
    let (below, store) = stores();
    let mut watch = store.watch(&Prefix::root(), WatchFrom::Snapshot).await.unwrap();
    assert!(matches!(watch.next().await.unwrap(), WatchItem::Reset(snapshot) if snapshot.entries.is_empty()));
    let made = store.create(key("a"), "1").await.unwrap();
    below.create(key("a"), "outside").await.unwrap();
    let gone = store.remove(key("a"), made).await.unwrap();

    let WatchItem::Changes(batch) = watch.next().await.unwrap() else { panic!("a reset") };
    assert_eq!(batch.through, gone);
    assert_eq!(batch.changes.iter().map(Change::key).collect::<Vec<_>>(), [&key("a"), &key("a")]);
    assert_eq!(batch.changes[1], Change::Delete { key: key("a"), revision: gone });

    let mut again = store.watch(&Prefix::root(), WatchFrom::Snapshot).await.unwrap();
    assert!(matches!(again.next().await.unwrap(), WatchItem::Reset(snapshot) if snapshot.entries.is_empty()));
}

#[tokio::test]
async fn a_failed_guard_is_named_as_it_was_given() {
    let (_, store) = stores();
    store.create(key("a"), "1").await.unwrap();
    let stale = Guard::Unchanged(key("a"), Revision::new(99));
    let error = store.commit(&Txn::new().guard(stale.clone())).await.unwrap_err();
    assert_eq!((error.kind(), error.failed_guard()), (Kind::Conflict, Some(&stale)));
    assert!(!error.to_string().contains("ns/"), "{error}");
}

#[tokio::test]
async fn messages_name_the_keys_of_the_caller() {
    let (_, store) = stores();
    let lease = store.grant(Duration::from_secs(10)).await.unwrap().id;
    let other = store.grant(Duration::from_secs(10)).await.unwrap().id;
    let put = |name, lease| Txn::new().put_leased(key(name), "", lease);
    store.commit(&put("alive/h", &lease)).await.unwrap();
    for (txn, named) in [
        (put("alive/h", &other), "key alive/h is held"),
        (put("b", &lease), "key b is put with a lease"),
        (Txn::new().put(key("alive/h/x"), ""), "key alive/h/x lies below"),
    ] {
        let error = store.commit(&txn).await.unwrap_err();
        assert_eq!((error.kind(), error.applied()), (Kind::Invalid, Applied::No));
        assert!(error.to_string().contains(named) && !error.to_string().contains("ns/"), "{error}");
        assert!(error.to_string().starts_with("memory commit: "), "{error}");
    }
}

#[tokio::test]
async fn limits_leave_room_for_the_prefix() {
    let (_, store) = stores();
    let limits = store.info().limits;
    assert_eq!(limits.key_bytes, Limits::PORTABLE.key_bytes - 3);
    store.create(key(&"k".repeat(limits.key_bytes)), "").await.unwrap();
    let long = key(&"k".repeat(limits.key_bytes + 1));
    for error in [
        store.get(&long).await.unwrap_err(),
        store.commit(&Txn::new().put(long.clone(), "")).await.unwrap_err(),
        store.commit(&Txn::new().absent(long.clone())).await.unwrap_err(),
        store.list(&Prefix::parse(&"p".repeat(510)).unwrap()).await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), Kind::Invalid, "{error}");
    }

    // As large as the limits say, and still within those of the store beneath.
    let filler = limits.txn_bytes - 2 - limits.value_bytes;
    let full = Txn::new().put(key("a"), vec![0; limits.value_bytes]).put(key("b"), vec![0; filler]);
    store.commit(&full).await.unwrap();
    let error = store.commit(&full.absent(key("c"))).await.unwrap_err();
    assert_eq!(error.kind(), Kind::TooLarge);
}

#[test]
fn leased_directories_are_those_below() {
    let (below, store) = stores();
    let of = |directories: &[&str]| LeasedDirectories::new(directories.iter().map(|text| prefix(text)));
    assert_eq!(store.info().leased, of(&["alive"]));
    let at = |at: &str| Namespace::new(Arc::<FaultStore>::clone(&below), prefix(at));
    assert_eq!(at("ns/alive").info().leased, of(&[""]));
    assert_eq!(at("n").info().leased, of(&[]));
    assert_eq!(at("").info().leased, below.info().leased);
}

#[tokio::test]
async fn leases_work_below_and_faults_pass() {
    let gone = Fault::Lost(Kind::Unavailable);
    let below = FaultStore::new([gone]);
    let store = Namespace::new(Arc::<FaultStore>::clone(&below), prefix("ns"));
    let error = store.create(key("a"), "").await.unwrap_err();
    assert_eq!((error.kind(), error.applied()), (Kind::Unavailable, Applied::Unknown));

    let lease = store.grant(Duration::from_secs(10)).await.unwrap().id;
    store.commit(&Txn::new().put_leased(key("alive/h"), "", &lease)).await.unwrap();
    store.keep_alive(&lease).await.unwrap();
    assert_eq!(below.get(&key("ns/alive/h")).await.unwrap().unwrap().lease.as_ref(), Some(&lease));
    store.revoke(&lease).await.unwrap();
    assert_eq!(store.get(&key("alive/h")).await.unwrap(), None);
    assert_eq!(store.status().await.unwrap(), below.status().await.unwrap());
    store.close().await.unwrap();
    assert_eq!(below.get(&key("a")).await.unwrap_err().kind(), Kind::Closed);
}
