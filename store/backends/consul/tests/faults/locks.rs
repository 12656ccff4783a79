//! Locks whose holders sleep, and leased keys that are deleted together.

use std::time::Duration;

use netkeep_store::{Key, Kind, LeasedDirectories, Revision, Store, Txn};
use tokio::time::{Instant, sleep};

use crate::servers::{Root, prefix};

fn key(text: &str) -> Key {
    Key::parse(text).unwrap()
}

fn leased() -> LeasedDirectories {
    LeasedDirectories::new([prefix("locks")])
}

async fn gone(store: &dyn Store, key: &Key, within: Duration) {
    let deadline = Instant::now() + within;
    while store.get(key).await.unwrap().is_some() {
        assert!(Instant::now() < deadline, "{key} is there after {within:?}");
        sleep(Duration::from_millis(50)).await;
    }
}

/// A holder whose lease ran out while it stood still, and whose lock another has taken, has nothing accepted.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: cargo xtask conformance consul"]
async fn pain_58_an_expired_lock_that_was_taken_again_fences_its_old_holder() {
    let root = Root::shared().await;
    let (old, new) = (root.connect(leased()), root.connect(leased()));
    let lock = key("locks/one");
    let mut stale = 0;
    for round in 0..3 {
        let lease = old.grant(Duration::from_secs(2)).await.unwrap();
        let take = |lease| Txn::new().absent(lock.clone()).put_leased(lock.clone(), "held", lease);
        let token = old.commit(&take(&lease.id)).await.unwrap();
        let write = |token: Revision, value: &str| {
            Txn::new().unchanged(lock.clone(), token).put(key("d/k"), value.to_owned())
        };
        old.commit(&write(token, "old")).await.unwrap();
        gone(&*new, &lock, Duration::from_secs(30)).await;
        let again = new.grant(Duration::from_secs(20)).await.unwrap();
        let newer = new.commit(&take(&again.id)).await.unwrap();
        assert!(newer > token);
        for _ in 0..20 {
            let error = old.commit(&write(token, "stale")).await.unwrap_err();
            assert_eq!(error.kind(), Kind::Conflict, "{error:?}");
            stale += 1;
        }
        new.commit(&write(newer, &format!("new {round}"))).await.unwrap();
        assert_eq!(old.get(&key("d/k")).await.unwrap().unwrap().value, format!("new {round}").as_bytes());
        new.revoke(&again.id).await.unwrap();
    }
    println!("0 of {stale} stale writes were accepted");
    old.close().await.unwrap();
    new.close().await.unwrap();
    root.remove().await;
}

/// Deleting more leased keys at their revisions than fit: each lease's first key vouches for the others.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: cargo xtask conformance consul"]
async fn many_leased_keys_are_deleted_at_their_revisions() {
    let root = Root::shared().await;
    let (store, other) = (root.connect(leased()), root.connect(leased()));
    let all: Vec<Key> = (0..48).map(|index| key(&format!("locks/{index}"))).collect();
    let mut at = Vec::new();
    for half in all.chunks(24) {
        let lease = store.grant(Duration::from_secs(60)).await.unwrap();
        let put = half.iter().fold(Txn::new(), |txn, key| txn.put_leased(key.clone(), "", &lease.id));
        let revision = store.commit(&put).await.unwrap();
        at.extend(half.iter().map(|_| revision));
    }
    let delete = all
        .iter()
        .zip(&at)
        .fold(Txn::new(), |txn, (key, at)| txn.unchanged(key.clone(), *at).delete(key.clone()));
    // One of them goes; then the guard of just this one fails.
    other.commit(&Txn::new().delete(all[30].clone())).await.unwrap();
    let error = store.commit(&delete).await.unwrap_err();
    assert_eq!(error.failed_guard().map(|guard| guard.key()), Some(&all[30]), "{error:?}");
    assert_eq!(store.list(&prefix("locks")).await.unwrap().entries.len(), 47);
    let rest = all.iter().zip(&at).filter(|(key, _)| **key != all[30]);
    let delete = rest.fold(Txn::new(), |txn, (key, at)| txn.unchanged(key.clone(), *at).delete(key.clone()));
    store.commit(&delete).await.unwrap();
    assert!(store.list(&prefix("locks")).await.unwrap().entries.is_empty());
    store.close().await.unwrap();
    other.close().await.unwrap();
    root.remove().await;
}
