//! Many commits share one sync, and are told apart all the same.

mod faulty_disk;

use std::io::ErrorKind;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use faulty_disk::{Call, FaultyDisk};
use netkeep_store::{Applied, Guard, Key, Kind, LeasedDirectories, Prefix, Revision, Store, StoreExt, Txn};
use netkeep_store_redb::{RedbConfig, RedbStore};

fn key(text: &str) -> Key {
    Key::parse(text).unwrap()
}

async fn open(disk: &FaultyDisk) -> RedbStore {
    let mut config = RedbConfig::new("/in/memory", LeasedDirectories::default());
    config.quick_repair_after = None;
    RedbStore::open_with_backend(config, Arc::new(disk.clone())).await.unwrap()
}

/// Begins a commit that the disk holds up, so that everything after it waits for the next batch.
async fn held_up(store: &Arc<RedbStore>, disk: &FaultyDisk) -> tokio::task::JoinHandle<Revision> {
    disk.hold_syncs();
    let first = Arc::clone(store);
    let commit = tokio::spawn(async move { first.create(key("first"), "").await.unwrap() });
    wait_for_sync(disk).await;
    commit
}

async fn wait_for_sync(disk: &FaultyDisk) {
    let disk = disk.clone();
    tokio::task::spawn_blocking(move || disk.wait_for_sync()).await.unwrap();
}

/// Polls once, so that the commit is begun.
fn begin<F: Future>(mut commit: std::pin::Pin<Box<F>>) -> std::pin::Pin<Box<F>> {
    let polled = commit.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(polled, Poll::Pending), "it was answered before it was durable");
    commit
}

#[tokio::test]
async fn what_waits_becomes_one_durable_transaction() {
    let disk = FaultyDisk::new();
    let store = Arc::new(open(&disk).await);
    let first = held_up(&store, &disk).await;
    let commits: Vec<_> =
        (0..64).map(|index| begin(Box::pin(store.create(key(&format!("k/{index:02}")), "")))).collect();
    let before = store.durable_transactions();
    disk.release_syncs();

    let mut last = first.await.unwrap();
    for commit in commits {
        let revision = commit.await.unwrap();
        assert_eq!(revision, last.next(), "one revision each, in the order of the queue");
        last = revision;
    }
    assert_eq!(before, 0, "the first was not durable then");
    assert_eq!(store.durable_transactions(), 2, "the first, and all the others");
    assert_eq!(store.stats().commits, 65);
    assert_eq!(store.list(&Prefix::parse("k").unwrap()).await.unwrap().entries.len(), 64);
}

#[tokio::test]
async fn guards_hold_in_the_order_of_the_queue_and_conflicts_wait_for_the_disk() {
    let disk = FaultyDisk::new();
    let store = Arc::new(open(&disk).await);
    let first = held_up(&store, &disk).await;
    let commit = |txn: Txn| {
        let store = Arc::clone(&store);
        begin(Box::pin(async move { store.commit(&txn).await }))
    };
    let at = Revision::new(2);
    let made = commit(Txn::new().absent(key("a")).put(key("a"), "1"));
    let again = commit(Txn::new().absent(key("a")).put(key("a"), "2").put(key("half"), ""));
    let guessed = commit(Txn::new().unchanged(key("a"), at).put(key("a"), "3"));
    let stale = commit(Txn::new().unchanged(key("a"), at).delete(key("a")));
    let deleted = commit(Txn::new().delete(key("a")));
    let anew = commit(Txn::new().absent(key("a")).put(key("a"), "4"));
    disk.release_syncs();
    first.await.unwrap();

    assert_eq!(made.await.unwrap(), at);
    let conflict = again.await.unwrap_err();
    assert_eq!(conflict.kind(), Kind::Conflict);
    assert_eq!(conflict.failed_guard(), Some(&Guard::Absent(key("a"))));
    assert_eq!(guessed.await.unwrap(), Revision::new(3));
    assert_eq!(stale.await.unwrap_err().failed_guard(), Some(&Guard::Unchanged(key("a"), at)));
    assert_eq!(deleted.await.unwrap(), Revision::new(4));
    assert_eq!(anew.await.unwrap(), Revision::new(5));
    assert_eq!(&*store.get(&key("a")).await.unwrap().unwrap().value, b"4");
    assert_eq!(store.get(&key("half")).await.unwrap(), None);
    assert_eq!(store.durable_transactions(), 2);
}

#[tokio::test]
async fn a_conflict_that_rests_on_the_batch_is_answered_after_it() {
    let disk = FaultyDisk::new();
    let store = Arc::new(open(&disk).await);
    let first = held_up(&store, &disk).await;
    let made = begin(Box::pin(store.create(key("a"), "1")));
    let conflict = begin(Box::pin(store.create(key("a"), "2")));
    disk.release_one_sync();
    first.await.unwrap();
    wait_for_sync(&disk).await;
    let (made, conflict) = (begin(made), begin(conflict));

    // The sync of the batch fails, so "a" is not known to exist, and nobody may be told that it does.
    disk.fail(Call::Sync, ErrorKind::Other);
    disk.release_syncs();
    for commit in [made.await, conflict.await] {
        let error = commit.unwrap_err();
        assert_eq!((error.kind(), error.applied()), (Kind::Unavailable, Applied::Unknown), "{error}");
    }
}

#[tokio::test]
async fn a_commit_whose_caller_goes_away_is_made() {
    let disk = FaultyDisk::new();
    let store = Arc::new(open(&disk).await);
    let first = held_up(&store, &disk).await;
    drop(begin(Box::pin(store.create(key("orphan"), ""))));
    let last = begin(Box::pin(store.create(key("last"), "")));
    disk.release_syncs();
    first.await.unwrap();
    last.await.unwrap();
    assert!(store.get(&key("orphan")).await.unwrap().is_some());
}

#[tokio::test]
async fn closing_waits_for_commits_that_were_begun() {
    let disk = FaultyDisk::new();
    let store = Arc::new(open(&disk).await);
    let first = held_up(&store, &disk).await;
    let other = store.connect();
    let begun = begin(Box::pin(other.create(key("begun"), "")));
    let mut closing = begin(Box::pin(other.close()));
    assert_eq!(other.get(&key("first")).await.unwrap_err().kind(), Kind::Closed);
    disk.release_syncs();
    closing.as_mut().await.unwrap();
    first.await.unwrap();
    begun.await.unwrap();
    assert!(store.get(&key("begun")).await.unwrap().is_some());
}

#[tokio::test]
async fn pain_13_reads_do_not_wait_for_the_writer() {
    let disk = FaultyDisk::new();
    let store = Arc::new(open(&disk).await);
    store.create(key("there"), "1").await.unwrap();
    let first = held_up(&store, &disk).await;
    assert!(store.get(&key("there")).await.unwrap().is_some());
    assert_eq!(store.get(&key("first")).await.unwrap(), None, "it is not durable");
    assert_eq!(store.list(&Prefix::root()).await.unwrap().entries.len(), 1);
    assert_eq!(store.status().await.unwrap().revision, Revision::new(1));
    disk.release_syncs();
    first.await.unwrap();
    assert!(store.get(&key("first")).await.unwrap().is_some());
}
