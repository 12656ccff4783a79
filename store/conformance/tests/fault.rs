//! The fault layer does what it is told, and nothing else.

use std::sync::Arc;
use std::time::Duration;

use netkeep_store::layers::Operation;
use netkeep_store::{
    Applied, Key, Kind, LeasedDirectories, MemoryServer, Prefix, Store, StoreExt, WatchFrom, WatchItem,
};
use netkeep_store_conformance::fault::{Fault, Faults, Faulty, Step};

fn faulty() -> (Faulty, Arc<Faults>, Arc<dyn Store>) {
    let server = MemoryServer::new(LeasedDirectories::default());
    let faults = Arc::new(Faults::new());
    let beneath: Arc<dyn Store> = Arc::new(server.connect());
    (Faulty::new(Arc::new(server.connect()), Arc::clone(&faults)), faults, beneath)
}

fn key(text: &str) -> Key {
    Key::parse(text).unwrap()
}

#[tokio::test]
async fn a_fault_before_does_nothing_and_one_after_does_it() {
    let (store, faults, beneath) = faulty();
    faults.set(Step::of(Operation::Commit, 1), Fault::FailBefore(Kind::Unavailable));
    faults.set(Step::of(Operation::Commit, 2), Fault::FailAfter);
    store.create(key("a"), "").await.unwrap();
    let before = store.create(key("b"), "").await.unwrap_err();
    let after = store.create(key("c"), "").await.unwrap_err();
    assert_eq!((before.kind(), before.applied()), (Kind::Unavailable, Applied::No));
    assert_eq!((after.kind(), after.applied()), (Kind::Unavailable, Applied::Unknown));
    let keys = beneath.list(&Prefix::root()).await.unwrap().entries;
    assert_eq!(keys.iter().map(|entry| entry.key.as_str()).collect::<Vec<_>>(), ["a", "c"]);
    assert_eq!(faults.made(Operation::Commit), 3);
}

#[tokio::test]
async fn a_stop_ends_every_call_and_every_watch() {
    for (fault, there) in [(Fault::StopBefore, false), (Fault::StopAfter, true)] {
        let (store, faults, beneath) = faulty();
        let mut watch = store.watch(&Prefix::root(), WatchFrom::Snapshot).await.unwrap();
        watch.next().await.unwrap();
        faults.set(Step::of(Operation::Commit, 0), fault);
        let error = store.create(key("a"), "").await.unwrap_err();
        assert_eq!((error.kind(), error.applied() == Applied::Unknown), (Kind::Closed, there));
        assert!(faults.is_gone());
        assert_eq!(store.get(&key("a")).await.unwrap_err().kind(), Kind::Closed);
        assert_eq!(watch.next().await.unwrap_err().kind(), Kind::Closed);
        assert_eq!(beneath.get(&key("a")).await.unwrap().is_some(), there);
    }
}

#[tokio::test]
async fn a_dropped_answer_never_comes_though_the_commit_is_made() {
    let (store, faults, beneath) = faulty();
    faults.set(Step::of(Operation::Commit, 0), Fault::DropAnswer);
    let waited = tokio::time::timeout(Duration::from_millis(50), store.create(key("a"), "")).await;
    assert!(waited.is_err());
    assert!(beneath.get(&key("a")).await.unwrap().is_some());
}

#[tokio::test]
async fn a_freeze_holds_calls_until_the_thaw() {
    let (store, faults, beneath) = faulty();
    faults.set(Step::of(Operation::Commit, 0), Fault::Freeze);
    let waiting = tokio::spawn(async move { store.create(key("a"), "").await });
    while !faults.is_frozen() {
        tokio::task::yield_now().await;
    }
    assert!(beneath.get(&key("a")).await.unwrap().is_none());
    faults.thaw();
    waiting.await.unwrap().unwrap();
    assert!(beneath.get(&key("a")).await.unwrap().is_some());
}

#[tokio::test]
async fn a_cut_watch_begins_anew_with_a_reset() {
    let (store, faults, _) = faulty();
    let mut watch = store.watch(&Prefix::root(), WatchFrom::Snapshot).await.unwrap();
    watch.next().await.unwrap();
    store.create(key("a"), "").await.unwrap();
    faults.cut_watches();
    let WatchItem::Reset(snapshot) = watch.next().await.unwrap() else { panic!("a reset is due") };
    assert_eq!(snapshot.entries.len(), 1);
}
