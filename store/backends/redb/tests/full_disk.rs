//! On a full disk nothing is lost, reads go on, and entries can be deleted.

mod faulty_disk;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use faulty_disk::FaultyDisk;
use netkeep_store::{
    Applied, Change, Key, Kind, LeasedDirectories, Maintenance, Prefix, Revision, Store, StoreExt, Txn,
    WatchFrom, WatchItem,
};
use netkeep_store_redb::{RedbConfig, RedbStore};

const MIB: u64 = 1 << 20;
const RESERVE: u64 = 3 * MIB / 2;
const VALUE: usize = 20 * 1024;

fn key(text: &str) -> Key {
    Key::parse(text).unwrap()
}

async fn open(disk: &FaultyDisk, reserve_bytes: u64) -> RedbStore {
    let leased = LeasedDirectories::new([Prefix::parse("alive").unwrap()]);
    let mut config = RedbConfig::new("/in/memory", leased);
    config.reserve_bytes = reserve_bytes;
    config.cache_bytes = 64 * 1024;
    RedbStore::open_with_backend(config, Arc::new(disk.clone())).await.unwrap()
}

/// Creates entries until that is refused, and returns those that were made.
async fn fill(store: &RedbStore, name: &str) -> Vec<(Key, Revision)> {
    let mut made = Vec::new();
    for index in 0..10_000 {
        let key = key(&format!("{name}/{index:05}"));
        match store.create(key.clone(), vec![7; VALUE]).await {
            Ok(revision) => made.push((key, revision)),
            Err(error) => {
                assert_eq!(error.kind(), Kind::Unavailable, "{error}");
                assert_eq!(error.applied(), Applied::No, "{error}");
                assert!(error.to_string().contains("the disk is full"), "{error}");
                return made;
            }
        }
    }
    panic!("the disk does not fill up");
}

async fn all_there(store: &RedbStore, made: &[(Key, Revision)]) {
    let snapshot = store.list(&Prefix::root()).await.unwrap();
    let found: HashMap<_, _> =
        snapshot.entries.iter().map(|entry| (&entry.key, (entry.revision, entry.value.len()))).collect();
    for (key, revision) in made {
        assert_eq!(found.get(key), Some(&(*revision, VALUE)), "{key}");
        assert_eq!(store.get(key).await.unwrap().map(|entry| entry.revision), Some(*revision), "{key}");
    }
}

#[tokio::test]
async fn deletions_and_replacements_are_taken_and_nothing_is_lost() {
    let disk = FaultyDisk::new();
    disk.set_capacity(10 * MIB);
    let store = open(&disk, RESERVE).await;
    let mut watch = store.watch(&Prefix::root(), WatchFrom::Snapshot).await.unwrap();
    let lease = store.grant(Duration::from_secs(60)).await.unwrap();
    store.commit(&Txn::new().put_leased(key("alive/h"), "", &lease.id)).await.unwrap();
    assert_eq!(store.stats().reserve_bytes, RESERVE);

    let made = fill(&store, "d").await;
    assert!(made.len() > 100, "only {} fitted", made.len());
    assert!(store.stats().disk_full);
    assert_eq!(disk.openings(), 2, "the reserve sufficed: opened to be made, and to be used");
    all_there(&store, &made).await;
    assert_eq!(store.grant(Duration::from_secs(1)).await.unwrap_err().kind(), Kind::Unavailable);

    // What a controller does when it deletes: mark, then remove.
    let (marked, at) = &made[0];
    let at = store.replace(marked.clone(), *at, vec![8; VALUE]).await.unwrap();
    let bigger = store.replace(marked.clone(), at, vec![9; 2 * VALUE]).await.unwrap_err();
    assert_eq!((bigger.kind(), bigger.applied()), (Kind::Unavailable, Applied::No), "{bigger}");
    store.remove(marked.clone(), at).await.unwrap();
    store.revoke(&lease.id).await.unwrap();
    for (key, revision) in &made[1..] {
        store.remove(key.clone(), *revision).await.unwrap();
    }
    assert!(store.list(&Prefix::root()).await.unwrap().entries.is_empty());

    // The watch saw all of it, or was reset to what there is.
    let end = store.status().await.unwrap().revision;
    let mut left = BTreeSet::new();
    loop {
        let item = watch.next().await.unwrap();
        let through = item.through();
        match item {
            WatchItem::Reset(snapshot) => {
                left = snapshot.entries.into_iter().map(|entry| entry.key).collect();
            }
            WatchItem::Changes(batch) => {
                for change in batch.changes {
                    match change {
                        Change::Put(entry) => left.insert(entry.key),
                        Change::Delete { key, .. } => left.remove(&key),
                    };
                }
            }
        }
        if through >= end {
            break;
        }
    }
    assert!(left.is_empty(), "{left:?}");

    let compaction = store.compact().await.unwrap();
    assert!(compaction.after < compaction.before, "{compaction:?}");
    store.create(key("again"), vec![7; VALUE]).await.unwrap();
    assert!(!store.stats().disk_full);
    assert_eq!(store.stats().reserve_bytes, RESERVE);
}

#[tokio::test]
async fn space_that_comes_back_is_used() {
    let disk = FaultyDisk::new();
    disk.set_capacity(7 * MIB);
    let store = open(&disk, RESERVE).await;
    let mut made = fill(&store, "a").await;
    disk.set_capacity(12 * MIB);
    made.extend(fill(&store, "b").await);
    assert!(made.iter().any(|(key, _)| key.as_str().starts_with("b/")));
    all_there(&store, &made).await;
    store.close().await.unwrap();

    let store = open(&disk, RESERVE).await;
    all_there(&store, &made).await;
    assert!(store.stats().disk_full, "it is found full at once");
    for (key, revision) in &made {
        store.remove(key.clone(), *revision).await.unwrap();
    }
}

#[tokio::test]
async fn without_a_reserve_nothing_is_lost_and_reads_go_on() {
    let disk = FaultyDisk::new();
    disk.set_capacity(7 * MIB);
    let store = open(&disk, 0).await;
    let mut made = fill(&store, "a").await;
    assert!(disk.openings() > 2, "redb met the full disk, so the file was opened again");
    all_there(&store, &made).await;

    disk.set_capacity(10 * MIB);
    let (marked, at) = made.pop().unwrap();
    store.remove(marked, at).await.unwrap();
    // Without a reserve that could be made whole again, the disk counts as full for some time.
    let deadline = Instant::now() + Duration::from_secs(60);
    while let Err(error) = store.create(key("again"), "").await {
        assert!(Instant::now() < deadline, "{error}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    made.extend(fill(&store, "b").await);
    all_there(&store, &made).await;
    store.close().await.unwrap();
    all_there(&open(&disk, 0).await, &made).await;
}

#[tokio::test]
async fn a_reserve_that_another_program_takes_loses_nothing() {
    let disk = FaultyDisk::new();
    disk.set_capacity(7 * MIB);
    let store = open(&disk, RESERVE).await;
    let made = fill(&store, "a").await;
    // What the reserve gives up is gone at once.
    disk.set_capacity(disk.used() - RESERVE);
    for (key, revision) in &made[..3] {
        match store.remove(key.clone(), *revision).await {
            Ok(_) => {}
            Err(error) => {
                assert_eq!((error.kind(), error.applied()), (Kind::Unavailable, Applied::No), "{error}");
            }
        }
    }
    all_there(&store, &made[3..]).await;
    disk.set_capacity(64 * MIB);
    store.create(key("again"), "").await.unwrap();
}

#[tokio::test]
async fn many_at_once_are_each_made_or_refused() {
    let disk = FaultyDisk::new();
    disk.set_capacity(7 * MIB);
    let store = Arc::new(open(&disk, RESERVE).await);
    let tasks: Vec<_> = (0..16)
        .map(|task| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { fill(&store, &format!("t{task}")).await })
        })
        .collect();
    let mut made = Vec::new();
    for task in tasks {
        made.extend(task.await.unwrap());
    }
    all_there(&store, &made).await;
    let count = store.list(&Prefix::root()).await.unwrap().entries.len();
    assert_eq!(count, made.len(), "what was refused is not there");
}
