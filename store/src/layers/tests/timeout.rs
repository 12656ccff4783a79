//! Deadlines: what is slow fails, and what was begun goes on.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::super::fault::{Fault, FaultStore};
use super::super::{Deadlines, Timeout};
use super::key;
use crate::{Applied, Error, Kind, Prefix, Store, StoreExt, WatchFrom};

fn gated() -> (Arc<Semaphore>, Arc<FaultStore>, Arc<Timeout>) {
    let gate = Arc::new(Semaphore::new(0));
    let below = FaultStore::new([Fault::Gate(Arc::clone(&gate))]);
    let store = Arc::new(Timeout::new(Arc::<FaultStore>::clone(&below), Deadlines::default()));
    (gate, below, store)
}

#[tokio::test(start_paused = true)]
async fn each_operation_has_its_deadline() {
    let Deadlines { read, list, commit, lease, close } = Deadlines::default();
    let ttl = Duration::from_secs(10);
    let id = crate::LeaseId::new("some");
    let check = |begun: Instant, error: Error, deadline, applied| {
        assert_eq!((error.kind(), error.applied()), (Kind::Unavailable, applied), "{error}");
        assert_eq!(begun.elapsed().as_secs(), Duration::as_secs(&deadline), "{error}");
        assert!(error.to_string().contains(&format!("after: {deadline:?}")), "{error}");
    };
    let now = Instant::now;
    check(now(), gated().2.get(&key("a")).await.unwrap_err(), read, Applied::No);
    check(now(), gated().2.status().await.unwrap_err(), read, Applied::No);
    check(now(), gated().2.list(&Prefix::root()).await.unwrap_err(), list, Applied::No);
    let from = WatchFrom::Snapshot;
    check(now(), gated().2.watch(&Prefix::root(), from).await.unwrap_err(), list, Applied::No);
    check(now(), gated().2.create(key("a"), "").await.unwrap_err(), commit, Applied::Unknown);
    check(now(), gated().2.grant(ttl).await.unwrap_err(), lease, Applied::Unknown);
    check(now(), gated().2.keep_alive(&id).await.unwrap_err(), lease, Applied::Unknown);
    check(now(), gated().2.revoke(&id).await.unwrap_err(), lease, Applied::Unknown);
    check(now(), gated().2.close().await.unwrap_err(), close, Applied::No);
}

#[tokio::test(start_paused = true)]
async fn a_commit_goes_on_after_its_deadline() {
    let (gate, below, store) = gated();
    assert_eq!(store.create(key("a"), "1").await.unwrap_err().applied(), Applied::Unknown);
    assert_eq!(below.get(&key("a")).await.unwrap(), None);
    gate.add_permits(1);
    store.close().await.unwrap();
    // The commit, the read above, the close: the commit was not tried again, and came before the close.
    assert_eq!(below.calls(), 3);
    assert_eq!(below.server().connect().get(&key("a")).await.unwrap().unwrap().value, "1");
}

#[tokio::test(start_paused = true)]
async fn a_commit_goes_on_without_its_caller_and_close_waits_for_it() {
    let (gate, below, store) = gated();
    let caller = tokio::spawn({
        let store = Arc::clone(&store);
        async move { store.create(key("a"), "1").await }
    });
    below.called(1).await;
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());

    let closing = tokio::spawn({
        let store = Arc::clone(&store);
        async move { store.close().await }
    });
    tokio::time::sleep(Deadlines::default().close / 2).await;
    assert!(!closing.is_finished(), "the commit still runs");
    assert!(below.get(&key("a")).await.unwrap().is_none());
    gate.add_permits(1);
    closing.await.unwrap().unwrap();
    assert!(below.server().connect().get(&key("a")).await.unwrap().is_some());
    assert_eq!(store.get(&key("a")).await.unwrap_err().kind(), Kind::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_fast_answer_is_passed_on() {
    let store = Timeout::new(FaultStore::new([Fault::Refused(Kind::Denied)]), Deadlines::default());
    assert_eq!(store.create(key("a"), "").await.unwrap_err().kind(), Kind::Denied);
    store.create(key("a"), "").await.unwrap();
    assert_eq!(store.create(key("a"), "").await.unwrap_err().kind(), Kind::Conflict);
    let mut watch = store.watch(&Prefix::root(), WatchFrom::Snapshot).await.unwrap();
    watch.next().await.unwrap();
    let quiet = tokio::time::timeout(Duration::from_secs(3600), watch.next()).await;
    assert!(quiet.is_err(), "the items of a watch have no deadline");
}

#[tokio::test]
async fn a_panic_beneath_is_an_error_of_unknown_outcome() {
    let store = Timeout::new(FaultStore::new([Fault::Panic]), Deadlines::default());
    let error = store.create(key("a"), "").await.unwrap_err();
    assert_eq!((error.kind(), error.applied()), (Kind::Unexpected, Applied::Unknown));
}
