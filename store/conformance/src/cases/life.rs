//! The end of a handle, and of futures that nobody awaits.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_util::FutureExt;
use netkeep_store::{Applied, Error, Kind, Store, Txn, WatchFrom, WatchItem};
use tokio::time::timeout;

use crate::expect::refused;
use crate::given::{
    commit, get, grant, key, keys_below, leased_key, list, long_ttl, prefix, present, put, read,
};
use crate::wait::{PATIENCE, answer, item, until};
use crate::{Harness, Mirror};

/// C-LIFE-1: After close every method answers `Closed`, whatever it is asked; what the handle says of itself stays.
pub async fn a_closed_handle_answers_closed(h: &dyn Harness) {
    let store = h.connect().await;
    let lease = grant(&store, long_ttl(&store)).await;
    let revision = commit(&store, &put("d/k", "")).await;
    store.close().await.expect("close");
    for _ in 0..2 {
        refused(store.get(&key("d/k")).await, Kind::Closed);
        refused(store.list(&prefix("")).await, Kind::Closed);
        refused(store.commit(&put("d/late", "")).await, Kind::Closed);
        refused(store.commit(&Txn::new().absent(key("d/k"))).await, Kind::Closed);
        refused(store.watch(&prefix(""), WatchFrom::Snapshot).await, Kind::Closed);
        refused(store.watch(&prefix(""), WatchFrom::After(revision)).await, Kind::Closed);
        refused(store.grant(lease.ttl).await, Kind::Closed);
        refused(store.keep_alive(&lease.id).await, Kind::Closed);
        refused(store.revoke(&lease.id).await, Kind::Closed);
        refused(store.status().await, Kind::Closed);
    }
    assert!(!store.info().name.is_empty());
    let other = h.connect().await;
    assert_eq!(keys_below(&other, "").await, ["d/k"], "a closed handle has written");
}

/// C-LIFE-2: A handle may be closed twice, also at the same time, and dropped after that.
pub async fn closing_twice_does_no_harm(h: &dyn Harness) {
    let store = h.connect().await;
    commit(&store, &put("d/k", "")).await;
    let (first, second) = tokio::join!(store.close(), store.close());
    first.expect("close");
    second.expect("close at the same time");
    store.close().await.expect("close again");
    drop(store);
    drop(h.connect().await);
    present(&h.connect().await, "d/k").await;
}

/// C-LIFE-3: Close waits for the commits that were begun: afterwards each of them has happened or never will, as
/// its caller is told.
pub async fn close_waits_for_commits(h: &dyn Harness) {
    let (store, other) = (h.connect().await, h.connect().await);
    let txns: Vec<Txn> =
        (0..40).map(|index| put(&format!("d/{index}"), "").put(key(&format!("e/{index}")), "")).collect();
    let mut begun: Vec<_> = txns.iter().map(|txn| store.commit(txn)).collect();
    let mut early = Vec::new();
    for commit in &mut begun {
        early.push(poll_fn(|context| Poll::Ready(commit.as_mut().poll(context))).await);
    }
    store.close().await.expect("close");
    let after = keys_below(&other, "").await;
    for (index, (early, commit)) in early.into_iter().zip(begun).enumerate() {
        let result = match early {
            Poll::Ready(result) => result,
            Poll::Pending => {
                timeout(PATIENCE, commit).await.expect("a begun commit ends, though its handle was closed")
            }
        };
        let there = [format!("d/{index}"), format!("e/{index}")].map(|text| after.contains(&text));
        assert_eq!(there[0], there[1], "commit {index} was torn by close");
        match result {
            Ok(_) => assert!(there[0], "commit {index} was acknowledged after close, and happened after it"),
            Err(error) if error.applied() == Applied::No => {
                assert!(!there[0], "commit {index} happened: {error:?}");
            }
            Err(_) => {}
        }
    }
    assert_eq!(keys_below(&other, "").await, after, "a commit happened after close");
}

/// C-WATCH-14: Close ends the watches of its handle with `Closed`, waiting or not, and each further call fails too.
pub async fn close_ends_watches(h: &dyn Harness) {
    let (store, other) = (h.connect().await, h.connect().await);
    let mut unread = store.watch(&prefix("d"), WatchFrom::Snapshot).await.expect("watch");
    let mut read = store.watch(&prefix("d"), WatchFrom::Snapshot).await.expect("watch");
    item(&mut read).await;
    let waiting = tokio::spawn(async move {
        let mut told = Vec::new();
        loop {
            match answer(&mut read).await {
                Ok(item) => told.push(item),
                Err(error) => return (read, told, error),
            }
        }
    });
    commit(&other, &put("d/k", "")).await;
    store.close().await.expect("close");
    let (mut read, told, error) =
        timeout(PATIENCE, waiting).await.expect("close wakes a watch").expect("it ends well");
    refused::<()>(Err(error), Kind::Closed);
    assert!(told.iter().all(|item| matches!(item, WatchItem::Changes(_) | WatchItem::Reset(_))));
    for _ in 0..2 {
        refused(answer(&mut read).await, Kind::Closed);
    }
    for _ in 0..3 {
        // What was ready before close may still come.
        if let Err(error) = answer(&mut unread).await {
            refused::<()>(Err(error), Kind::Closed);
            return;
        }
    }
    panic!("a watch goes on after its handle was closed");
}

/// C-LIFE-4: Closing a handle harms no other of the same store: neither commits nor watches nor leases.
pub async fn closing_harms_no_other(h: &dyn Harness) {
    let (store, other) = (h.connect().await, h.connect().await);
    let lease = grant(&other, long_ttl(&other)).await;
    commit(&other, &Txn::new().put_leased(leased_key("k"), "", &lease.id)).await;
    let root = prefix("d");
    let mut mirror = Mirror::new(&root);
    let mut watch = other.watch(&root, WatchFrom::Snapshot).await.expect("watch");
    mirror.apply(item(&mut watch).await);
    commit(&store, &put("d/k", "before")).await;
    store.close().await.expect("close");
    drop(store);
    let last = commit(&other, &put("d/k", "after")).await;
    mirror.follow(&mut watch, last).await;
    mirror.assert_equals(&list(&other, "d").await);
    other.keep_alive(&lease.id).await.expect("the lease lives");
    assert!(read(&other, &leased_key("k")).await.is_some());
}

/// C-LIFE-5: A commit whose future is dropped once it was polled runs to its end, whole.
pub async fn a_dropped_commit_runs_to_its_end(h: &dyn Harness) {
    let (store, other) = (h.connect().await, h.connect().await);
    // Dropped at any moment it is whole, and settled when the handle has closed; the last one is dropped just before.
    const ROUNDS: u64 = 41;
    for round in 0..ROUNDS {
        let txn = put(&format!("left/{round}"), "").put(key(&format!("right/{round}")), "");
        if round % 4 == 0 {
            drop(store.commit(&txn).now_or_never());
        } else {
            drop(timeout(Duration::from_micros(round * 20), store.commit(&txn)).await);
        }
    }
    store.close().await.expect("close");
    let names = |texts: Vec<String>| -> Vec<String> {
        texts.iter().filter_map(|text| text.split_once('/')).map(|(_, name)| name.to_owned()).collect()
    };
    let left = names(keys_below(&other, "left").await);
    assert_eq!(left, names(keys_below(&other, "right").await), "a dropped commit was torn");
    assert_eq!(left.len() as u64, ROUNDS, "a commit that was polled did not happen");
    // On an open handle it happens without anything else.
    let store = h.connect().await;
    for round in 0..20 {
        let texts: Vec<String> = (0..10).map(|index| format!("round{round}/{index}")).collect();
        let txn = texts.iter().fold(Txn::new(), |txn, text| txn.absent(key(text)).put(key(text), ""));
        drop(store.commit(&txn).now_or_never());
        until("the end of a dropped commit", PATIENCE, || async {
            keys_below(&other, &format!("round{round}")).await.len() == texts.len()
        })
        .await;
    }
}

/// C-LIFE-6: A future that is never polled does nothing.
pub async fn a_future_never_polled_does_nothing(h: &dyn Harness) {
    let store = h.connect().await;
    let lease = grant(&store, long_ttl(&store)).await;
    commit(&store, &Txn::new().put_leased(leased_key("k"), "", &lease.id)).await;
    let before = list(&store, "").await.entries;
    let txn = put("d/k", "");
    for _ in 0..10 {
        drop(store.commit(&txn));
        drop(store.revoke(&lease.id));
        drop(store.close());
    }
    commit(&store, &Txn::new().absent(key("d/k"))).await;
    assert_eq!(list(&store, "").await.entries, before);
    store.keep_alive(&lease.id).await.expect("the lease lives");
}

/// C-LIFE-5: A revocation whose future is dropped once it was polled goes on, and a dropped grant or renewal does
/// no harm.
pub async fn dropped_lease_calls_go_on(h: &dyn Harness) {
    let store = h.connect().await;
    let lease = grant(&store, long_ttl(&store)).await;
    commit(&store, &Txn::new().put_leased(leased_key("k"), "", &lease.id)).await;
    for _ in 0..5 {
        drop(store.grant(store.info().limits.lease_min).now_or_never());
        drop(store.keep_alive(&lease.id).now_or_never());
    }
    assert!(read(&store, &leased_key("k")).await.is_some());
    drop(store.revoke(&lease.id).now_or_never());
    until("the end of a dropped revocation", PATIENCE, || async {
        read(&store, &leased_key("k")).await.is_none()
    })
    .await;
    refused(store.keep_alive(&lease.id).await, Kind::LeaseLost);
}

/// C-LIFE-7: Reads, watches, status and close whose futures are dropped have no effect and hinder nothing.
pub async fn dropped_reads_have_no_effect(h: &dyn Harness) {
    let store = h.connect().await;
    let revision = commit(&store, &put("d/k", "")).await;
    for round in 0..30_u64 {
        let brief = Duration::from_micros(round * 10);
        let _: Option<Result<_, Error>> = store.get(&key("d/k")).now_or_never();
        drop(store.list(&prefix("")).now_or_never());
        drop(timeout(brief, store.list(&prefix(""))).await);
        drop(timeout(brief, store.watch(&prefix("d"), WatchFrom::Snapshot)).await);
        drop(store.watch(&prefix("d"), WatchFrom::After(revision)).now_or_never());
        drop(store.status().now_or_never());
    }
    assert_eq!(present(&store, "d/k").await.revision, revision);
    assert_eq!(keys_below(&store, "").await, ["d/k"]);
    assert_eq!(get(&store, "d/late").await, None);
    let closing: &Arc<dyn Store> = &store;
    drop(closing.close().now_or_never());
    store.close().await.expect("close again, to wait again");
    refused(store.get(&key("d/k")).await, Kind::Closed);
}
