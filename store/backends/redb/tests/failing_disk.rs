//! A disk that fails makes the store useless, and the store says so.

mod faulty_disk;

use std::io::ErrorKind;
use std::sync::Arc;

use faulty_disk::{Call, FaultyDisk};
use netkeep_store::{
    Applied, Error, Key, Kind, LeasedDirectories, Prefix, Store, StoreExt, WatchFrom, WatchItem,
};
use netkeep_store_redb::{RedbConfig, RedbStore};

fn key(text: &str) -> Key {
    Key::parse(text).unwrap()
}

async fn open(disk: &FaultyDisk) -> RedbStore {
    let mut config = RedbConfig::new("/in/memory", LeasedDirectories::default());
    config.quick_repair_after = None;
    config.cache_bytes = 64 * 1024;
    RedbStore::open_with_backend(config, Arc::new(disk.clone())).await.unwrap()
}

/// Everything after the failure is refused, with the reason.
async fn is_useless(store: &RedbStore, reason: &str) {
    let refused = |error: Error| {
        assert_eq!(error.kind(), Kind::Closed, "{error}");
        assert_eq!(error.applied(), Applied::No, "{error}");
        let text = error.to_string();
        assert!(text.contains("opened again") && text.contains(reason), "{text}");
    };
    refused(store.create(key("later"), "").await.unwrap_err());
    refused(store.get(&key("before")).await.unwrap_err());
    refused(store.list(&Prefix::root()).await.unwrap_err());
    refused(store.status().await.unwrap_err());
    refused(store.close().await.unwrap_err());
}

async fn a_failing(call: Call, reason: &str) {
    let disk = FaultyDisk::new();
    let store = open(&disk).await;
    let other = store.connect();
    let before = store.create(key("before"), "1").await.unwrap();
    let mut watch = store.watch(&Prefix::root(), WatchFrom::After(before)).await.unwrap();

    disk.fail(call, ErrorKind::Other);
    let error = store.create(key("during"), "2").await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unavailable, "{error}");
    assert_eq!(error.applied(), Applied::Unknown, "{error}");
    assert!(error.to_string().contains(reason), "{error}");

    let ended = watch.next().await.unwrap_err();
    assert!(ended.kind() == Kind::Closed && ended.to_string().contains(reason), "{ended}");
    is_useless(&other, reason).await;
    is_useless(&store, reason).await;

    disk.heal();
    let again = open(&disk).await;
    let entry = again.get(&key("before")).await.unwrap().unwrap();
    assert_eq!((entry.revision, &*entry.value), (before, &b"1"[..]));
    let next = again.create(key("after"), "3").await.unwrap();
    assert!(next > before);
}

#[tokio::test]
async fn a_write_error_ends_the_store() {
    a_failing(Call::Write, "writing").await;
}

#[tokio::test]
async fn a_sync_error_ends_the_store() {
    a_failing(Call::Sync, "syncing").await;
}

#[tokio::test]
async fn a_sync_that_has_no_space_is_a_sync_error() {
    let disk = FaultyDisk::new();
    let store = open(&disk).await;
    disk.fail(Call::Sync, ErrorKind::StorageFull);
    let error = store.create(key("a"), "1").await.unwrap_err();
    assert_eq!((error.kind(), error.applied()), (Kind::Unavailable, Applied::Unknown), "{error}");
    assert_eq!(
        disk.openings(),
        2,
        "what a failed sync left cannot be known, so the file is not opened again"
    );
    assert_eq!(store.get(&key("a")).await.unwrap_err().kind(), Kind::Closed);
}

#[tokio::test]
async fn a_read_error_ends_the_store_when_it_is_met() {
    let disk = FaultyDisk::new();
    let store = open(&disk).await;
    for index in 0..200 {
        store.create(key(&format!("d/{index}")), vec![1; 8 * 1024]).await.unwrap();
    }
    store.close().await.unwrap();

    let store = open(&disk).await;
    let mut watch = store.watch(&Prefix::root(), WatchFrom::Snapshot).await.unwrap();
    disk.fail(Call::Read, ErrorKind::Other);
    let listed = store.list(&Prefix::root()).await.map(|snapshot| snapshot.entries.len());
    let error = listed.unwrap_err();
    assert!(error.kind() == Kind::Closed && error.to_string().contains("reading"), "{error}");
    assert_eq!(watch.next().await.unwrap_err().kind(), Kind::Closed);
    is_useless(&store, "reading").await;
}

#[tokio::test]
async fn a_failed_store_can_be_opened_again_beside_its_old_handles() {
    let disk = FaultyDisk::new();
    let store = open(&disk).await;
    disk.fail(Call::Sync, ErrorKind::Other);
    store.create(key("a"), "1").await.unwrap_err();
    disk.heal();
    let again = open(&disk).await;
    again.create(key("b"), "2").await.unwrap();
    assert_eq!(store.get(&key("b")).await.unwrap_err().kind(), Kind::Closed);
    let mut watch = again.watch(&Prefix::root(), WatchFrom::Snapshot).await.unwrap();
    let WatchItem::Reset(snapshot) = watch.next().await.unwrap() else { panic!("no reset") };
    assert!(snapshot.entries.iter().any(|entry| entry.key == key("b")));
}
