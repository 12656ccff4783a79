//! Locks and fencing: a recipe that every store must carry.

use std::sync::Arc;
use std::time::Duration;

use netkeep_store::{Guard, Kind, Lease, Result, Revision, Store, Txn, WatchFrom};

use crate::expect::{conflict, refused};
use crate::given::{commit, grant, key, leased_key, long_ttl, prefix, present, put, read, short_ttl};
use crate::together::together;
use crate::wait::{PATIENCE, item, until};
use crate::{Harness, LEASED};

/// How often one contender may find the lock taken before the suite calls it starved.
const TRIES: usize = 500;

fn take_txn(lease: &Lease) -> Txn {
    Txn::new().absent(leased_key("lock")).put_leased(leased_key("lock"), "held", &lease.id)
}

async fn take(store: &Arc<dyn Store>, ttl: Duration) -> (Lease, Result<Revision>) {
    let lease = grant(store, ttl).await;
    let taken = store.commit(&take_txn(&lease)).await;
    (lease, taken)
}

fn under(token: Revision, value: &str) -> Txn {
    Txn::new().unchanged(leased_key("lock"), token).put(key("guarded/k"), value.to_owned())
}

/// C-LOCK-1: Of many that create a lock's key, over several connections, one succeeds; the others are told by
/// which guard they failed.
pub async fn one_of_many_takes_the_lock(h: &dyn Harness) {
    let stores = [h.connect().await, h.connect().await, h.connect().await];
    for _ in 0..3 {
        let results = together(6, |index| {
            let store = Arc::clone(&stores[index % 3]);
            async move { take(&store, long_ttl(&store)).await }
        })
        .await;
        let mut holders = Vec::new();
        for (index, (lease, taken)) in results.into_iter().enumerate() {
            match taken {
                Ok(token) => holders.push((index, lease, token)),
                Err(error) => drop(conflict::<()>(Err(error), &[Guard::Absent(leased_key("lock"))])),
            }
        }
        assert_eq!(holders.len(), 1, "the lock has {} holders", holders.len());
        let (index, lease, token) = holders.remove(0);
        assert_eq!(read(&stores[0], &leased_key("lock")).await.map(|entry| entry.revision), Some(token));
        stores[index % 3].revoke(&lease.id).await.expect("the holder revokes");
    }
}

/// C-LOCK-2, C-LOCK-3: A holder whose lease has ended is fenced: before another takes the lock and after; the new
/// holder's token is greater and guards.
pub async fn an_old_holder_is_fenced(h: &dyn Harness) {
    let (store, other) = (h.connect().await, h.connect().await);
    let (lease, first) = take(&store, short_ttl(&store)).await;
    let first = first.expect("the lock is free");
    let held = store.commit(&under(first, "first")).await;
    let limits = store.info().limits;
    until("the end of the lock", lease.ttl + limits.lease_slack + PATIENCE, || async {
        read(&other, &leased_key("lock")).await.is_none()
    })
    .await;
    let late = under(first, "late");
    conflict(store.commit(&late).await, late.guards());
    let (_, second) = take(&other, long_ttl(&other)).await;
    let second = second.expect("the lock is free again");
    assert!(second > first, "the token went back from {first} to {second}");
    for _ in 0..2 {
        conflict(store.commit(&late).await, late.guards());
    }
    held.expect("a lease outlives one commit");
    assert_eq!(present(&other, "guarded/k").await.value, "first", "an old holder has written");
    commit(&other, &under(second, "second")).await;
    assert_eq!(present(&store, "guarded/k").await.value, "second");
}

/// C-LOCK-3: Tokens grow from holder to holder, however the lock was let go.
pub async fn tokens_grow(h: &dyn Harness) {
    let stores = [h.connect().await, h.connect().await];
    let mut last = Revision::ZERO;
    for round in 0..6 {
        let store = &stores[round % 2];
        let (lease, taken) = take(store, long_ttl(store)).await;
        let token = taken.expect("the lock is free");
        assert!(token > last, "the token went back from {last} to {token}");
        last = token;
        if round % 3 == 0 {
            store.revoke(&lease.id).await.expect("revoke");
        } else {
            commit(store, &Txn::new().unchanged(leased_key("lock"), token).delete(leased_key("lock"))).await;
        }
        let late = under(token, "late");
        conflict(store.commit(&late).await, late.guards());
    }
}

/// C-LOCK-4: A lock is taken over by a guarded delete, then a create; its old holder is fenced, and the end of the
/// old lease does not touch the new lock.
pub async fn a_lock_is_taken_over(h: &dyn Harness) {
    let (store, other) = (h.connect().await, h.connect().await);
    let (old, first) = take(&store, long_ttl(&store)).await;
    let first = first.expect("the lock is free");
    commit(&other, &Txn::new().unchanged(leased_key("lock"), first).delete(leased_key("lock"))).await;
    let late = under(first, "late");
    conflict(store.commit(&late).await, late.guards());
    let (_, second) = take(&other, long_ttl(&other)).await;
    let second = second.expect("the lock is free");
    store.keep_alive(&old.id).await.expect("the old lease lives on without its lock");
    refused(store.commit(&take_txn(&old)).await, Kind::Conflict);
    let steal = Txn::new().unchanged(leased_key("lock"), first).delete(leased_key("lock"));
    conflict(store.commit(&steal).await, steal.guards());
    store.revoke(&old.id).await.expect("revoke the old lease");
    let entry = read(&store, &leased_key("lock")).await.expect("the end of the old lease took the new lock");
    assert_eq!(entry.revision, second);
    conflict(store.commit(&late).await, late.guards());
    commit(&other, &under(second, "second")).await;
}

/// C-LOCK-5: Contenders that wait for each other by watch take turns, and what they do under the lock is exact.
pub async fn contenders_take_turns(h: &dyn Harness) {
    let stores = [h.connect().await, h.connect().await];
    commit(&stores[0], &put("guarded/k", "0")).await;
    together(4, |index| {
        let store = Arc::clone(&stores[index % 2]);
        async move {
            let mut watch = store.watch(&prefix(LEASED), WatchFrom::Snapshot).await.expect("watch");
            let mut turns = 0;
            for _ in 0..TRIES {
                let (lease, taken) = take(&store, long_ttl(&store)).await;
                let Ok(token) = taken else {
                    store.revoke(&lease.id).await.expect("revoke");
                    if read(&store, &leased_key("lock")).await.is_some() {
                        item(&mut watch).await;
                    }
                    continue;
                };
                let entry = present(&store, "guarded/k").await;
                let count: u32 =
                    str::from_utf8(&entry.value).ok().and_then(|text| text.parse().ok()).expect("a count");
                commit(&store, &under(token, &(count + 1).to_string())).await;
                store.revoke(&lease.id).await.expect("revoke");
                turns += 1;
                if turns == 4 {
                    return;
                }
            }
            panic!("a contender had {turns} of 4 turns in {TRIES} tries");
        }
    })
    .await;
    assert_eq!(present(&stores[0], "guarded/k").await.value, "16");
}
