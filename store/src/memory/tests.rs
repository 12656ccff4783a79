//! What the conformance suite cannot see, or only slowly.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::{
    Change, Key, Kind, LeaseId, LeasedDirectories, MemoryServer, MemoryStore, Prefix, Revision, Store,
    StoreExt, Txn, Watch, WatchFrom, WatchItem,
};

const TTL: Duration = Duration::from_secs(10);

fn key(text: &str) -> Key {
    Key::parse(text).unwrap()
}

fn server() -> MemoryServer {
    MemoryServer::new(LeasedDirectories::new([Prefix::parse("alive").unwrap()]))
}

async fn watch(store: &MemoryStore, from: WatchFrom) -> Watch {
    store.watch(&Prefix::root(), from).await.unwrap()
}

async fn changes(watch: &mut Watch) -> Vec<Change> {
    match watch.next().await.unwrap() {
        WatchItem::Changes(batch) => batch.changes,
        WatchItem::Reset(snapshot) => panic!("a reset to {snapshot:?}"),
    }
}

async fn leased(store: &MemoryStore, name: &str) -> (LeaseId, Revision) {
    let lease = store.grant(TTL).await.unwrap();
    let txn = Txn::new().absent(key(name)).put_leased(key(name), "", &lease.id);
    let revision = store.commit(&txn).await.unwrap();
    (lease.id, revision)
}

#[tokio::test]
async fn every_commit_has_a_revision_and_shows_in_through() {
    let store = server().connect();
    let mut watch = watch(&store, WatchFrom::After(Revision::ZERO)).await;
    let made = store.create(key("a"), "1").await.unwrap();
    let guarded = store.commit(&Txn::new().unchanged(key("a"), made)).await.unwrap();
    let absent = store.commit(&Txn::new().delete(key("b"))).await.unwrap();
    assert_eq!([made, guarded, absent], [1, 2, 3].map(Revision::new));

    let WatchItem::Changes(batch) = watch.next().await.unwrap() else { panic!("a reset") };
    assert_eq!(batch.through, absent);
    assert_eq!(batch.changes.len(), 1, "only the put shows");
}

#[tokio::test]
async fn a_refused_commit_changes_nothing() {
    let store = server().connect();
    store.create(key("a"), "1").await.unwrap();
    let txn = Txn::new().put(key("b"), "2").absent(key("a"));
    let error = store.commit(&txn).await.unwrap_err();
    assert_eq!(error.failed_guard(), txn.guards().first());
    assert_eq!(store.get(&key("b")).await.unwrap(), None);
    assert_eq!(store.status().await.unwrap().revision, Revision::new(1));
}

#[tokio::test]
async fn a_list_holds_what_is_below_its_prefix() {
    let store = server().connect();
    for name in ["a", "a/1", "a/2/3", "a.b", "a0", "b/1"] {
        store.create(key(name), "").await.unwrap();
    }
    let snapshot = store.list(&Prefix::parse("a").unwrap()).await.unwrap();
    let names: Vec<_> = snapshot.entries.iter().map(|entry| entry.key.as_str()).collect();
    assert_eq!(names, ["a/1", "a/2/3"]);
    assert_eq!(store.list(&Prefix::root()).await.unwrap().entries.len(), 6);
}

#[tokio::test(start_paused = true)]
async fn a_lease_ends_on_time_and_a_watch_sees_it_in_one_commit() {
    let server = server();
    let (store, other) = (server.connect(), server.connect());
    let (id, first) = leased(&store, "alive/a").await;
    store.commit(&Txn::new().put_leased(key("alive/b"), "", &id)).await.unwrap();
    let mut watch = watch(&other, WatchFrom::Snapshot).await;
    watch.next().await.unwrap();

    sleep(TTL / 2).await;
    store.keep_alive(&id).await.unwrap();
    let renewed = Instant::now();
    sleep(TTL - Duration::from_millis(1)).await;
    assert!(other.get(&key("alive/a")).await.unwrap().is_some(), "it lives for its ttl");

    let gone = changes(&mut watch).await;
    assert!(renewed.elapsed() >= TTL && renewed.elapsed() < TTL + store.info().limits.lease_slack);
    let at = first.next().next();
    assert_eq!(gone, ["alive/a", "alive/b"].map(|name| Change::Delete { key: key(name), revision: at }));
    assert_eq!(store.keep_alive(&id).await.unwrap_err().kind(), Kind::LeaseLost);
    let late = Txn::new().put_leased(key("alive/a"), "", &id);
    assert_eq!(store.commit(&late).await.unwrap_err().kind(), Kind::LeaseLost);
}

#[tokio::test(start_paused = true)]
async fn only_the_handle_that_granted_a_lease_has_it() {
    let server = server();
    let (store, other) = (server.connect(), server.connect());
    let (id, _) = leased(&store, "alive/a").await;
    let put = Txn::new().put_leased(key("alive/b"), "", &id);
    for error in [
        other.keep_alive(&id).await.unwrap_err(),
        other.revoke(&id).await.unwrap_err(),
        other.commit(&put).await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), Kind::LeaseLost, "{error}");
    }
    store.revoke(&id).await.unwrap();
    assert_eq!(other.get(&key("alive/a")).await.unwrap(), None);
    assert_eq!(store.revoke(&id).await.unwrap_err().kind(), Kind::LeaseLost);
}

#[tokio::test(start_paused = true)]
async fn the_lease_of_a_key_never_changes() {
    let store = server().connect();
    let (first, at) = leased(&store, "alive/a").await;
    let second = store.grant(TTL).await.unwrap().id;
    assert_ne!(first, second);
    let take = |id| Txn::new().put_leased(key("alive/a"), "2", id);
    assert_eq!(store.commit(&take(&second)).await.unwrap_err().kind(), Kind::Invalid);
    assert_eq!(store.commit(&take(&second).absent(key("alive/a"))).await.unwrap_err().kind(), Kind::Conflict);

    let again = store.commit(&take(&first).unchanged(key("alive/a"), at)).await.unwrap();
    store.remove(key("alive/a"), again).await.unwrap();
    store.commit(&take(&second).absent(key("alive/a"))).await.unwrap();
    store.revoke(&first).await.unwrap();
    assert!(store.get(&key("alive/a")).await.unwrap().is_some(), "the first lease let go of it");
}

#[tokio::test(start_paused = true)]
async fn closing_a_handle_ends_it_alone() {
    let server = server();
    let (store, other) = (server.connect(), server.connect());
    leased(&store, "alive/a").await;
    let (mut own, mut others) =
        (watch(&store, WatchFrom::Snapshot).await, watch(&other, WatchFrom::Snapshot).await);
    others.next().await.unwrap();

    store.close().await.unwrap();
    store.close().await.unwrap();
    assert_eq!(own.next().await.unwrap_err().kind(), Kind::Closed);
    assert_eq!(store.status().await.unwrap_err().kind(), Kind::Closed);
    assert!(other.get(&key("alive/a")).await.unwrap().is_some(), "its leases end by themselves");
    assert_eq!(changes(&mut others).await.len(), 1);
    assert_eq!(other.get(&key("alive/a")).await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_restart_keeps_data_and_identity_and_closes_the_handles() {
    let server = server();
    let store = server.connect();
    let before = store.status().await.unwrap();
    let (_, at) = leased(&store, "alive/a").await;
    let mut old = watch(&store, WatchFrom::After(at)).await;
    sleep(TTL / 2).await;

    server.restart();
    assert_eq!(store.get(&key("a")).await.unwrap_err().kind(), Kind::Closed);
    assert_eq!(old.next().await.unwrap_err().kind(), Kind::Closed);

    let store = server.connect();
    assert_eq!(store.status().await.unwrap().identity, before.identity);
    let mut earlier = watch(&store, WatchFrom::After(Revision::ZERO)).await;
    assert!(matches!(earlier.next().await.unwrap(), WatchItem::Reset(_)));
    let mut present = watch(&store, WatchFrom::After(at)).await;
    sleep(TTL - Duration::from_millis(1)).await;
    assert!(store.get(&key("alive/a")).await.unwrap().is_some(), "the whole time again");
    assert_eq!(changes(&mut present).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn lease_bounds_are_kept_and_names_never_repeat() {
    let server = server();
    let store = server.connect();
    let limits = store.info().limits;
    for ttl in [limits.lease_min - Duration::from_millis(1), limits.lease_max + Duration::from_secs(1)] {
        assert_eq!(store.grant(ttl).await.unwrap_err().kind(), Kind::Invalid);
    }
    let mut seen = std::collections::HashSet::new();
    for _ in 0..3 {
        let id = store.grant(limits.lease_min).await.unwrap().id;
        store.revoke(&id).await.unwrap();
        assert!(seen.insert(id));
    }
    server.restart();
    assert!(seen.insert(server.connect().grant(TTL).await.unwrap().id));
}
