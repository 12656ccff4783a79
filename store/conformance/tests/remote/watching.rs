//! Watches that share one, are cut, and go on.

use netkeep_store::remote::{RemoteConfig, RemoteStore};
use netkeep_store::{Key, Prefix, Revision, Store, Txn, Watch, WatchFrom, WatchItem};

use crate::servers::Servers;

fn put(name: &str) -> Txn {
    Txn::new().put(Key::parse(name).unwrap(), "")
}

/// The next item; one that never comes fails the test.
async fn next(watch: &mut Watch) -> WatchItem {
    let item = tokio::time::timeout(std::time::Duration::from_secs(30), watch.next()).await;
    item.expect("an item in time").unwrap()
}

/// Reads until `through` has reached `revision`. Says how many resets there were.
async fn follow(watch: &mut Watch, revision: Revision) -> usize {
    let mut resets = 0;
    loop {
        let item = next(watch).await;
        resets += usize::from(matches!(item, WatchItem::Reset(_)));
        if item.through() >= revision {
            return resets;
        }
    }
}

#[tokio::test]
async fn watches_of_one_prefix_share_one_and_end_it_together() {
    let servers = Servers::new();
    let store = RemoteStore::open(servers.server(), RemoteConfig::default());
    let other = store.connect();
    let root = Prefix::root();
    let mut watches = Vec::new();
    for handle in [&store, &other, &store] {
        watches.push(handle.watch(&root, WatchFrom::Snapshot).await.unwrap());
    }
    assert_eq!(servers.watches(), 1);
    let revision = store.commit(&put("a")).await.unwrap();
    for watch in &mut watches {
        follow(watch, revision).await;
    }
    watches.pop();
    watches.pop();
    let revision = store.commit(&put("b")).await.unwrap();
    follow(&mut watches[0], revision).await;
    watches.clear();
    for _ in 0..2_000 {
        if servers.watches() == 0 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    panic!("nobody watches, and the servers are still watched");
}

#[tokio::test]
async fn a_watch_that_was_cut_goes_on_without_a_reset_if_the_store_is_known_to_be_the_same() {
    let servers = Servers::new();
    let store = RemoteStore::open(servers.server(), RemoteConfig::default());
    store.commit(&put("a")).await.unwrap();
    let mut watch = store.watch(&Prefix::root(), WatchFrom::Snapshot).await.unwrap();
    let own = store.commit(&put("b")).await.unwrap();
    assert_eq!(follow(&mut watch, own).await, 1, "a watch begins with one reset");
    servers.cut();
    let after = store.commit(&put("c")).await.unwrap();
    assert_eq!(
        follow(&mut watch, after).await,
        0,
        "what this client has written last proves that nothing is lost"
    );
}

#[tokio::test]
async fn a_watch_that_was_cut_begins_anew_if_others_have_written_last() {
    let servers = Servers::new();
    let store = RemoteStore::open(servers.server(), RemoteConfig::default());
    let other = RemoteStore::open(servers.server(), RemoteConfig::default());
    store.commit(&put("a")).await.unwrap();
    let mut watch = store.watch(&Prefix::root(), WatchFrom::Snapshot).await.unwrap();
    let foreign = other.commit(&put("b")).await.unwrap();
    follow(&mut watch, foreign).await;
    servers.cut();
    let after = other.commit(&put("c")).await.unwrap();
    assert_eq!(follow(&mut watch, after).await, 1, "what came after this client's last commit may be lost");
}
