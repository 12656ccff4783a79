//! Compaction and copies.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use netkeep_store::{
    Backend, Key, Kind, LeasedDirectories, Maintenance, OpenOptions, Prefix, Store, StoreExt, StoreUrl, Txn,
    WatchFrom, WatchItem,
};
use netkeep_store_redb::{RedbBackend, RedbConfig, RedbStore};

fn key(text: &str) -> Key {
    Key::parse(text).unwrap()
}

async fn open(path: &Path) -> RedbStore {
    RedbStore::open(RedbConfig::new(path, LeasedDirectories::default())).await.unwrap()
}

/// Fills the store and empties most of it again.
async fn fill_and_empty(store: &RedbStore) {
    for index in 0..40 {
        store.create(key(&format!("big/{index}")), vec![1; 100_000]).await.unwrap();
    }
    let all = (1..40).fold(Txn::new(), |txn, index| txn.delete(key(&format!("big/{index}"))));
    store.commit(&all).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn compaction_gives_space_back_while_the_store_is_in_use() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.redb");
    let store = Arc::new(open(&path).await);
    fill_and_empty(&store).await;

    let done = Arc::new(AtomicBool::new(false));
    let user = {
        let (store, done) = (Arc::clone(&store), Arc::clone(&done));
        tokio::spawn(async move {
            let mut made = 0;
            while !done.load(Ordering::Relaxed) {
                store.create(key(&format!("new/{made}")), "").await.unwrap();
                made += 1;
                let found = store.list(&Prefix::parse("new").unwrap()).await.unwrap().entries.len();
                assert_eq!(found, made);
                assert!(store.get(&key("big/0")).await.unwrap().is_some());
                // A watch that begins in the middle of it begins with a snapshot all the same.
                let mut watch = store.watch(&Prefix::root(), WatchFrom::Snapshot).await.unwrap();
                assert!(matches!(watch.next().await.unwrap(), WatchItem::Reset(_)));
            }
            made
        })
    };
    let before = path.metadata().unwrap().len();
    let compaction = store.compact().await.unwrap();
    done.store(true, Ordering::Relaxed);
    let made = user.await.unwrap();

    // Commits give some back too.
    assert!(compaction.before <= before && compaction.after < before / 4, "{compaction:?}");
    store.close().await.unwrap();
    let store = open(&path).await;
    assert_eq!(store.list(&Prefix::parse("new").unwrap()).await.unwrap().entries.len(), made);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_is_one_instant_and_complete() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(open(&folder.path().join("s.redb")).await);
    fill_and_empty(&store).await;
    let done = Arc::new(AtomicBool::new(false));
    let user = {
        let (store, done) = (Arc::clone(&store), Arc::clone(&done));
        tokio::spawn(async move {
            let mut index = 0;
            while !done.load(Ordering::Relaxed) {
                // Both or none are in a copy.
                let txn = Txn::new().put(key(&format!("a/{index}")), "").put(key(&format!("z/{index}")), "");
                store.commit(&txn).await.unwrap();
                index += 1;
            }
        })
    };
    let copy = folder.path().join("copy.redb");
    let earlier = store.status().await.unwrap();
    store.backup(&copy).await.unwrap();
    let later = store.status().await.unwrap();
    done.store(true, Ordering::Relaxed);
    user.await.unwrap();

    let again = store.backup(&copy).await.unwrap_err();
    assert_eq!(again.kind(), Kind::Invalid, "{again}");
    assert!(again.to_string().contains("copy.redb"), "{again}");
    let nowhere = store.backup(&folder.path().join("no/where/copy.redb")).await.unwrap_err();
    assert_eq!(nowhere.kind(), Kind::Unavailable, "{nowhere}");

    let copied = open(&copy).await;
    let status = copied.status().await.unwrap();
    assert_eq!(status.identity, later.identity);
    assert!(status.revision >= earlier.revision && status.revision <= later.revision);
    let list = async |prefix: &str| copied.list(&Prefix::parse(prefix).unwrap()).await.unwrap();
    let (a, z, big) = (list("a").await, list("z").await, list("big").await);
    assert_eq!(a.entries.len(), z.entries.len());
    assert_eq!(big.entries.len(), 1);
    assert!(a.entries.iter().all(|entry| entry.revision <= status.revision));
    copied.create(key("a/own"), "").await.unwrap();
    let names: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert!(!names.iter().any(|name| name.to_str().unwrap().ends_with(".new")), "{names:?}");
}

#[tokio::test]
async fn the_backend_opens_by_url_with_maintenance() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("redb://{}/s.redb?reserve-mib=1", folder.path().display());
    let leased = LeasedDirectories::new([Prefix::parse("alive").unwrap()]);
    let options = OpenOptions::new(leased.clone());
    let opened = RedbBackend.open(&StoreUrl::parse(&url).unwrap(), &options).await.unwrap();
    assert_eq!(opened.store.info().leased, leased);
    assert_eq!(opened.store.info().name, RedbBackend.scheme());
    opened.store.create(key("a"), "1").await.unwrap();
    opened.maintenance.unwrap().backup(&folder.path().join("copy.redb")).await.unwrap();
    opened.store.close().await.unwrap();
    let reserve = folder.path().join("s.redb.reserve").metadata().unwrap().len();
    assert!(reserve > 1_000_000 && reserve <= 1 << 20, "{reserve}");
    assert!(open(&folder.path().join("copy.redb")).await.get(&key("a")).await.unwrap().is_some());
}
