//! Where a watch begins.

use std::sync::Arc;

use netkeep_store::{Prefix, Revision, Store, Txn, Watch, WatchFrom, WatchItem};

use crate::given::{commit, delete, grant, key, leased_key, list, long_ttl, prefix, put};
use crate::wait;
use crate::workload::Workload;
use crate::{Harness, Mirror};

async fn watch(store: &Arc<dyn Store>, prefix: &Prefix, from: WatchFrom) -> Watch {
    store
        .watch(prefix, from)
        .await
        .unwrap_or_else(|error| panic!("watch {prefix:?} {from:?} failed: {error:?}"))
}

/// C-WATCH-1: A watch from a snapshot begins with a reset that equals the list, in entries, order and leases.
pub async fn a_watch_begins_with_what_is_there(h: &dyn Harness) {
    let (store, other) = (h.connect().await, h.connect().await);
    let lease = grant(&store, long_ttl(&store)).await;
    for below in ["", "d", "leased", "d/k", "nothing/here"] {
        let mut fresh = watch(&other, &prefix(below), WatchFrom::Snapshot).await;
        let WatchItem::Reset(snapshot) = wait::item(&mut fresh).await else {
            panic!("it began with changes")
        };
        assert!(snapshot.entries.is_empty(), "an empty store shows entries below {below:?}");
    }
    let mut last = Revision::ZERO;
    for text in ["d/b", "d/a", "d/k/below", "e", "d", "d/%2F", "d/gone"] {
        last = commit(&store, &put(text, text)).await;
    }
    last = last.max(commit(&store, &Txn::new().put_leased(leased_key("k"), "", &lease.id)).await);
    last = last.max(commit(&store, &delete("d/gone")).await);
    for reader in [&store, &other] {
        for below in ["", "d", "leased", "d/k", "nothing/here"] {
            let mut fresh = watch(reader, &prefix(below), WatchFrom::Snapshot).await;
            let WatchItem::Reset(snapshot) = wait::item(&mut fresh).await else {
                panic!("it began with changes")
            };
            assert_eq!(snapshot.entries, list(reader, below).await.entries, "below {below:?}");
            assert!(snapshot.revision >= last, "the reset does not contain what was acknowledged before it");
        }
    }
}

/// C-WATCH-2, C-READ-7: A watch after a list tells all that follows, over two connections, and nothing from before.
pub async fn a_watch_after_a_list_tells_what_follows(h: &dyn Harness) {
    let (store, other) = (h.connect().await, h.connect().await);
    for text in ["d/a", "e/k", "d/b", "d/c"] {
        commit(&store, &put(text, "before")).await;
    }
    let listed = list(&other, "d").await;
    let mut mirror = Mirror::of(&prefix("d"), &listed);
    let mut following = watch(&other, &prefix("d"), WatchFrom::After(listed.revision)).await;
    commit(&store, &put("d/a", "after")).await;
    commit(&other, &delete("d/b")).await;
    commit(&store, &put("e/k", "elsewhere")).await;
    let last = commit(&store, &put("d/new", "after").put(key("d/c"), "after")).await;
    while mirror.through() < last {
        let item = wait::item(&mut following).await;
        if let WatchItem::Changes(batch) = &item {
            let early = batch.changes.iter().find(|change| change.revision() <= listed.revision);
            assert_eq!(early, None, "it told a change from before the list at {}", listed.revision);
        }
        mirror.apply(item);
    }
    mirror.assert_equals(&list(&store, "d").await);
}

/// C-WATCH-2: A watch after any earlier commit is complete, or begins with a reset: never a gap.
pub async fn a_watch_after_any_commit_has_no_gap(h: &dyn Harness) {
    let (store, other) = (h.connect().await, h.connect().await);
    let mut workload = Workload::new(7);
    let mut states = vec![list(&store, "w").await];
    for _ in 0..60 {
        commit(&store, &workload.txn("w")).await;
        states.push(list(&store, "w").await);
    }
    let last = commit(&store, &put("w/last", "")).await;
    for known in states.iter().rev().step_by(6) {
        let mut mirror = Mirror::of(&prefix("w"), known);
        let mut late = watch(&other, &prefix("w"), WatchFrom::After(known.revision)).await;
        mirror.follow(&mut late, last).await;
        mirror.assert_equals(&list(&store, "w").await);
    }
}

/// C-WATCH-2: A watch after the beginning of time, on a store with a history, has no gap.
pub async fn a_watch_after_zero_has_no_gap(h: &dyn Harness) {
    let store = h.connect().await;
    let empty = netkeep_store::Snapshot::default();
    for round in 0..3 {
        let last = commit(&store, &put("d/k", format!("{round}")).put(key(&format!("d/{round}")), "")).await;
        let mut mirror = Mirror::of(&prefix("d"), &empty);
        let mut from_zero = watch(&store, &prefix("d"), WatchFrom::After(Revision::ZERO)).await;
        mirror.follow(&mut from_zero, last).await;
        mirror.assert_equals(&list(&store, "d").await);
        commit(&store, &delete("d/k")).await;
    }
}

/// C-WATCH-3: A watch after a revision that the store never gave begins with a reset.
pub async fn a_watch_after_the_future_resets(h: &dyn Harness) {
    let store = h.connect().await;
    let last = commit(&store, &put("d/k", "")).await;
    for ahead in [100_000, 1 << 40, u64::MAX - last.get()] {
        let from = WatchFrom::After(Revision::new(last.get() + ahead));
        let mut future = watch(&store, &prefix("d"), from).await;
        let mut mirror = Mirror::new(&prefix("d"));
        let WatchItem::Reset(snapshot) = wait::item(&mut future).await else {
            panic!("a watch {from:?}, though the last commit was {last}, did not begin with a reset")
        };
        mirror.apply(WatchItem::Reset(snapshot));
        let last = commit(&store, &put("d/k", "again")).await;
        mirror.follow(&mut future, last).await;
        mirror.assert_equals(&list(&store, "d").await);
    }
}

/// C-WATCH-2: After a restart a watch from before it, by any of its revisions, is complete or begins with a reset.
pub async fn a_watch_after_a_restart_has_no_gap(h: &dyn Harness) {
    let store = h.connect().await;
    let mut workload = Workload::new(11);
    let mut states = vec![list(&store, "w").await];
    for _ in 0..20 {
        commit(&store, &workload.txn("w")).await;
        states.push(list(&store, "w").await);
    }
    h.restart().await;
    let store = h.connect().await;
    for _ in 0..10 {
        commit(&store, &workload.txn("w")).await;
    }
    let last = commit(&store, &put("w/last", "")).await;
    for known in states.iter().rev().step_by(4) {
        let mut mirror = Mirror::of(&prefix("w"), known);
        let mut late = watch(&store, &prefix("w"), WatchFrom::After(known.revision)).await;
        mirror.follow(&mut late, last).await;
        mirror.assert_equals(&list(&store, "w").await);
    }
}

/// C-WATCH-13: A watch that is open while the store restarts catches up, or ends with an error; it never goes on
/// with a gap.
pub async fn an_open_watch_outlives_a_restart_or_ends(h: &dyn Harness) {
    let store = h.connect().await;
    let before = commit(&store, &put("d/kept", "").put(key("d/gone"), "")).await;
    let mut mirror = Mirror::new(&prefix("d"));
    let mut open = watch(&store, &prefix("d"), WatchFrom::Snapshot).await;
    mirror.follow(&mut open, before).await;
    let unseen = commit(&store, &put("d/unseen", "")).await;
    h.restart().await;
    let store = h.connect().await;
    let last = commit(&store, &put("d/new", "").delete(key("d/gone"))).await;
    assert!(last > unseen);
    while mirror.through() < last {
        match wait::answer(&mut open).await {
            Ok(item) => mirror.apply(item),
            Err(error) => {
                let permanent = [
                    netkeep_store::Kind::Closed,
                    netkeep_store::Kind::Denied,
                    netkeep_store::Kind::Replaced,
                    netkeep_store::Kind::Corrupt,
                ];
                assert!(permanent.contains(&error.kind()), "this is no reason to end a watch: {error:?}");
                assert!(wait::answer(&mut open).await.is_err(), "a watch went on after it had ended");
                return;
            }
        }
    }
    mirror.assert_equals(&list(&store, "d").await);
}
