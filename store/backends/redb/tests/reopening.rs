//! What a file keeps, and how fast it opens after a crash.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use netkeep_store::{Key, Kind, LeasedDirectories, Prefix, Store, StoreExt, Txn};
use netkeep_store_redb::{RedbConfig, RedbStore};
use redb::Database;

fn key(text: &str) -> Key {
    Key::parse(text).unwrap()
}

fn config(path: &Path) -> RedbConfig {
    RedbConfig::new(path, LeasedDirectories::new([Prefix::parse("alive").unwrap()]))
}

/// Waits for a condition, and fails after ten seconds.
async fn until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !condition() {
        assert!(Instant::now() < deadline, "{what} did not come");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// True if opening the file, as it would be after a crash now, searches through it.
fn needs_repair(path: &Path) -> bool {
    let copy = path.with_extension("copy");
    fs::copy(path, &copy).unwrap();
    let mut builder = Database::builder();
    let opened = builder.set_repair_callback(redb::RepairSession::abort).open(&copy);
    match opened {
        Ok(_) => false,
        Err(redb::DatabaseError::RepairAborted) => true,
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn an_idle_file_is_prepared_for_a_crash_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.redb");
    let mut eager = config(&path);
    eager.quick_repair_after = Some(Duration::from_millis(20));
    let store = RedbStore::open(eager).await.unwrap();
    for round in 1..=3 {
        store.create(key(&format!("k/{round}")), vec![1; 100]).await.unwrap();
        until("the preparation", || store.stats().quick_repairs == round).await;
        assert!(!needs_repair(&path), "round {round}");
    }
    let revision = store.status().await.unwrap().revision;
    // Nothing more comes of being idle for longer.
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(store.stats().quick_repairs, 3);
    assert_eq!(store.stats().durable_transactions, 3, "preparing is no commit");
    assert_eq!(store.status().await.unwrap().revision, revision);
}

#[tokio::test]
async fn without_preparation_a_crash_is_repaired_and_then_prepared_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.redb");
    let mut lazy = config(&path);
    lazy.quick_repair_after = None;
    let store = RedbStore::open(lazy).await.unwrap();
    store.create(key("k"), "1").await.unwrap();
    assert!(needs_repair(&path), "else the test above shows nothing");
    let crashed = folder.path().join("crashed.redb");
    fs::copy(&path, &crashed).unwrap();

    let repaired = RedbStore::open(config(&crashed)).await.unwrap();
    assert!(repaired.get(&key("k")).await.unwrap().is_some());
    until("the preparation", || repaired.stats().quick_repairs == 1).await;
    assert!(!needs_repair(&crashed));
}

#[tokio::test]
async fn identity_revision_and_lease_numbers_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.redb");
    let store = RedbStore::open(config(&path)).await.unwrap();
    let before = store.status().await.unwrap();
    let first = store.grant(Duration::from_secs(60)).await.unwrap().id;
    store.revoke(&first).await.unwrap();
    let at = store.create(key("a"), "1").await.unwrap();
    store.close().await.unwrap();

    let store = RedbStore::open(config(&path)).await.unwrap();
    let after = store.status().await.unwrap();
    assert_eq!(after.identity, before.identity);
    assert_eq!(after.revision, at);
    assert!(after.server_version.starts_with("format 1, redb "), "{}", after.server_version);
    assert_eq!(store.create(key("b"), "").await.unwrap(), at.next());
    assert_ne!(
        store.grant(Duration::from_secs(60)).await.unwrap().id,
        first,
        "a number is never given again"
    );
}

#[tokio::test]
async fn a_lease_from_before_lives_its_whole_time_again_and_is_nobodys() {
    const TTL: Duration = Duration::from_millis(400);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.redb");
    let store = RedbStore::open(config(&path)).await.unwrap();
    let lease = store.grant(TTL).await.unwrap();
    let keys = ["alive/a", "alive/b"].map(key);
    let put = keys.iter().fold(Txn::new(), |txn, key| txn.put_leased(key.clone(), "", &lease.id));
    store.commit(&put).await.unwrap();
    store.close().await.unwrap();
    // Longer than its time, while the file is closed.
    tokio::time::sleep(TTL + Duration::from_millis(100)).await;

    let begun = Instant::now();
    let store = RedbStore::open(config(&path)).await.unwrap();
    assert_eq!(store.keep_alive(&lease.id).await.unwrap_err().kind(), Kind::LeaseLost);
    assert_eq!(store.revoke(&lease.id).await.unwrap_err().kind(), Kind::LeaseLost);
    let mut last_seen = begun;
    loop {
        let asked = Instant::now();
        let entries = store.list(&Prefix::parse("alive").unwrap()).await.unwrap().entries;
        if entries.is_empty() {
            break;
        }
        assert_eq!(entries.len(), 2, "they go together");
        assert_eq!(entries[0].lease.as_ref(), Some(&lease.id));
        last_seen = asked;
        assert!(begun.elapsed() < TTL + store.info().limits.lease_slack, "it does not end");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(begun.elapsed() >= TTL, "it ended after {:?}", last_seen - begun);
}

#[tokio::test]
async fn what_was_opened_for_nobody_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.redb");
    for _ in 0..20 {
        // Dropped while the file is being opened.
        drop(tokio::time::timeout(Duration::ZERO, RedbStore::open(config(&path))).await);
    }
    // The last of them may still be at it, and is in the way until it notices.
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        match RedbStore::open(config(&path)).await {
            Ok(_) => break,
            Err(error) => assert!(Instant::now() < deadline, "{error}"),
        }
    }
}
