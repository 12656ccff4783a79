//! What a watch tells once it has begun.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use netkeep_store::{Change, Prefix, Revision, Store, Txn, Watch, WatchFrom, WatchItem};
use tokio::time::timeout;

use crate::given::{commit, delete, key, list, prefix, put};
use crate::together::together;
use crate::wait;
use crate::workload::Workload;
use crate::{Harness, Mirror};

async fn snapshot_watch(store: &Arc<dyn Store>, prefix: &Prefix) -> Watch {
    let watch = store.watch(prefix, WatchFrom::Snapshot).await;
    watch.unwrap_or_else(|error| panic!("watch {prefix:?} failed: {error:?}"))
}

/// C-WATCH-4: Each deletion is told: alone, with puts, of a key made again before or after.
pub async fn deletions_are_told(h: &dyn Harness) {
    let (store, other) = (h.connect().await, h.connect().await);
    let root = prefix("d");
    let mut mirror = Mirror::new(&root);
    let mut watch = snapshot_watch(&other, &root).await;
    for round in 0..5 {
        let put_at = commit(&store, &put("d/a", "").put(key("d/b"), "").put(key("d/c"), "")).await;
        mirror.follow(&mut watch, put_at).await;
        assert_eq!(mirror.entry(&key("d/a")).map(|entry| entry.revision), Some(put_at));
        let txn = if round % 2 == 0 { delete("d/a") } else { delete("d/a").put(key("d/c"), "kept") };
        let deleted = commit(&store, &txn).await;
        mirror.follow(&mut watch, deleted).await;
        assert_eq!(mirror.entry(&key("d/a")), None, "a deletion was not told");
        assert!(mirror.seen(&key("d/a")) >= Some(put_at));
        commit(&store, &delete("d/b")).await;
        let again = commit(&store, &put("d/b", "again")).await;
        mirror.follow(&mut watch, again).await;
        assert_eq!(mirror.entry(&key("d/b")).map(|entry| entry.revision), Some(again));
    }
    mirror.assert_equals(&list(&store, "d").await);
}

/// C-WATCH-4: Who joins a watch that others have begun hears of the deletion of what those may never have been told of.
pub async fn who_joins_hears_of_deletions(h: &dyn Harness) {
    let (store, other) = (h.connect().await, h.connect().await);
    let root = prefix("d");
    let (mut early, mut first) = (Mirror::new(&root), snapshot_watch(&other, &root).await);
    for _ in 0..20 {
        let made = commit(&store, &put("d/a", "")).await;
        let (mut late, mut joined) = (Mirror::new(&root), snapshot_watch(&other, &root).await);
        late.follow(&mut joined, made).await;
        let deleted = commit(&store, &delete("d/a")).await;
        late.follow(&mut joined, deleted).await;
        assert_eq!(late.entry(&key("d/a")), None, "a deletion was not told");
        early.follow(&mut first, deleted).await;
    }
    early.assert_equals(&list(&store, "d").await);
}

/// C-WATCH-6: `through` reaches each commit below the prefix, own and others', without a further one, and what it
/// covers has been told.
pub async fn through_reaches_every_commit(h: &dyn Harness) {
    let stores = [h.connect().await, h.connect().await];
    let root = prefix("d");
    let mut mirror = Mirror::new(&root);
    let mut watch = snapshot_watch(&stores[0], &root).await;
    for round in 0..20_usize {
        let value = round.to_string();
        let revision = commit(&stores[round % 2], &put("d/mark", value.clone())).await;
        mirror.follow(&mut watch, revision).await;
        let entry = mirror.entry(&key("d/mark")).expect("the mark was told");
        assert_eq!((entry.revision, &entry.value[..]), (revision, value.as_bytes()));
    }
    let last = commit(&stores[1], &delete("d/mark")).await;
    mirror.follow(&mut watch, last).await;
    assert_eq!(mirror.entry(&key("d/mark")), None);
}

/// C-WATCH-6: What `through` covers is told whole, also of a commit of many keys.
pub async fn a_commit_is_told_whole(h: &dyn Harness) {
    let (store, other) = (h.connect().await, h.connect().await);
    let root = prefix("whole");
    let texts: Vec<String> = (0..24).map(|index| format!("whole/{}/{index}", index % 8)).collect();
    let watch = snapshot_watch(&other, &root).await;
    let writing = {
        let (store, texts) = (Arc::clone(&store), texts.clone());
        tokio::spawn(async move {
            let mut revisions = Vec::new();
            for round in 0..40 {
                let txn = texts.iter().fold(Txn::new(), |txn, text| {
                    if round % 4 == 3 { txn.delete(key(text)) } else { txn.put(key(text), round.to_string()) }
                });
                revisions.push(commit(&store, &txn).await);
                tokio::task::yield_now().await;
            }
            let txn = texts.iter().fold(Txn::new(), |txn, text| txn.put(key(text), "last"));
            revisions.push(commit(&store, &txn).await);
            revisions
        })
    };
    let mut watch = watch;
    let mut mirror = Mirror::new(&root);
    // After each item: how far it reaches, and the latest revision that was told of each key.
    let mut told = Vec::new();
    loop {
        mirror.apply(wait::item(&mut watch).await);
        let present: Vec<_> =
            texts.iter().map(|text| mirror.entry(&key(text)).map(|entry| entry.revision)).collect();
        told.push((mirror.through(), present));
        if texts.iter().all(|text| mirror.entry(&key(text)).is_some_and(|entry| entry.value == "last")) {
            break;
        }
    }
    let revisions = writing.await.expect("the writer ends well");
    for (through, present) in told {
        let Some(round) = revisions.iter().rposition(|revision| *revision <= through) else { continue };
        for (text, found) in texts.iter().zip(present) {
            let later_deletion =
                revisions.iter().enumerate().any(|(later, _)| later > round && later % 4 == 3);
            match found {
                Some(found) if round % 4 == 3 => {
                    assert!(found > revisions[round], "{text}: a deletion is missing");
                }
                Some(found) => assert!(found >= revisions[round], "{text} is behind through {through}"),
                None if round % 4 == 3 => {}
                None => assert!(later_deletion, "{text} is missing at through {through}"),
            }
        }
    }
    mirror.follow(&mut watch, *revisions.last().expect("there were commits")).await;
    mirror.assert_equals(&list(&store, "whole").await);
}

/// C-WATCH-8, C-WATCH-5: After many commits of several writers each consumer's map equals the store.
pub async fn a_consumer_equals_the_quiet_store(h: &dyn Harness) {
    let stores = [h.connect().await, h.connect().await, h.connect().await];
    let root = prefix("w");
    let mut following = Vec::new();
    for store in &stores {
        following.push((Mirror::new(&root), snapshot_watch(store, &root).await));
    }
    let writers = {
        let stores = stores.clone();
        tokio::spawn(together(4, move |index| {
            let store = Arc::clone(&stores[index % 3]);
            async move {
                let mut workload = Workload::new(100 + index as u64);
                for _ in 0..60 {
                    commit(&store, &workload.txn("w")).await;
                    tokio::task::yield_now().await;
                }
            }
        }))
    };
    // One consumer keeps up; the others look only at the end.
    let (mirror, watch) = &mut following[0];
    while !writers.is_finished() {
        if let Ok(item) = timeout(Duration::from_millis(5), watch.next()).await {
            mirror.apply(item.expect("the watch goes on"));
        }
    }
    writers.await.expect("the writers end well");
    let last = commit(&stores[0], &put("w/last", "")).await;
    let listed = list(&stores[1], "w").await;
    for (mirror, watch) in &mut following {
        mirror.follow(watch, last).await;
        mirror.assert_equals(&listed);
    }
    // Whoever was slow has begun anew with a reset; now all keep up.
    let last = commit(&stores[2], &put("w/last", "again")).await;
    let listed = list(&stores[1], "w").await;
    for (mirror, watch) in &mut following {
        mirror.follow(watch, last).await;
        mirror.assert_equals(&listed);
    }
}

/// C-WATCH-11: A consumer that reads nothing while much is written holds up nobody, and then gets everything or a
/// reset.
pub async fn a_slow_consumer_gets_everything_or_a_reset(h: &dyn Harness) {
    let (store, other) = (h.connect().await, h.connect().await);
    let root = prefix("slow");
    let first = commit(&store, &put("slow/gone", "").put(key("slow/kept"), "")).await;
    let mut mirror = Mirror::new(&root);
    let mut watch = snapshot_watch(&other, &root).await;
    mirror.follow(&mut watch, first).await;
    commit(&store, &delete("slow/gone")).await;
    let size = store.info().limits.value_bytes;
    for index in 0..72_u8 {
        commit(&store, &put(&format!("slow/{}", index % 4), vec![index; size])).await;
    }
    let mut workload = Workload::new(3);
    for _ in 0..200 {
        commit(&store, &workload.txn("slow")).await;
    }
    let last = commit(&store, &put("slow/last", "")).await;
    mirror.follow(&mut watch, last).await;
    mirror.assert_equals(&list(&store, "slow").await);
    assert_eq!(mirror.entry(&key("slow/gone")), None);
}

/// C-WATCH-9: Watches of one handle and of several, of the same and of nested prefixes, each get everything below
/// theirs and nothing else.
pub async fn each_watch_gets_all_of_its_prefix(h: &dyn Harness) {
    let (store, other) = (h.connect().await, h.connect().await);
    let texts = ["a", "a/b", "a/b/c", "a/bc", "a/bc/d", "a/b%2Fc", "ab/c", "b/a"];
    commit(&store, &texts.iter().fold(Txn::new(), |txn, text| txn.put(key(text), "before"))).await;
    let mut following = Vec::new();
    for below in ["", "a", "a/b", "a/b", "a/bc", "a/b/c", "b"] {
        for reader in [&store, &other] {
            let listed = list(reader, below).await;
            let from = WatchFrom::After(listed.revision);
            let watch = reader.watch(&prefix(below), from).await.expect("a watch after a list");
            following.push((below, Mirror::of(&prefix(below), &listed), watch));
            following.push((
                below,
                Mirror::new(&prefix(below)),
                snapshot_watch(reader, &prefix(below)).await,
            ));
        }
    }
    for round in 0..3 {
        for text in texts {
            let txn = if round == 1 { delete(text) } else { put(text, format!("round {round}")) };
            commit(&store, &txn).await;
        }
    }
    for (below, mirror, watch) in &mut following {
        let listed = list(&store, below).await;
        let last = listed.entries.iter().map(|entry| entry.revision).max();
        mirror.follow(watch, last.unwrap_or_default()).await;
        mirror.assert_equals(&listed);
    }
}

/// C-WATCH-10: A consumer that gives up waiting, again and again, in the middle of everything, loses nothing.
pub async fn giving_up_a_wait_loses_nothing(h: &dyn Harness) {
    let (store, other) = (h.connect().await, h.connect().await);
    let root = prefix("w");
    let mut mirror = Mirror::new(&root);
    let mut watch = snapshot_watch(&other, &root).await;
    let (mut workload, mut waits) = (Workload::new(5), Workload::new(9));
    for round in 0..120 {
        let (store, txn) = (Arc::clone(&store), workload.txn("w"));
        let committing = tokio::spawn(async move { commit(&store, &txn).await });
        // By turns the consumer waits while the commit is under way, and only once it has happened.
        while round % 2 == 0 && !committing.is_finished() {
            tokio::task::yield_now().await;
        }
        for turn in 0.. {
            let given_up = match waits.below(3) {
                0 => watch.next().now_or_never(),
                1 => timeout(Duration::from_micros(waits.below(400)), watch.next()).await.ok(),
                _ => tokio::select! {
                    biased;
                    item = watch.next() => Some(item),
                    () = tokio::task::yield_now() => None,
                },
            };
            if let Some(item) = given_up {
                mirror.apply(item.expect("the watch goes on"));
            }
            if turn > 3 && committing.is_finished() {
                break;
            }
            tokio::task::yield_now().await;
        }
        committing.await.expect("the commit ends well");
    }
    let last = commit(&store, &put("w/last", "")).await;
    mirror.follow(&mut watch, last).await;
    mirror.assert_equals(&list(&store, "w").await);
}

/// C-WATCH-12: Dropping a watch, read or unread, ends it and no other.
pub async fn dropping_a_watch_ends_it_alone(h: &dyn Harness) {
    let store = h.connect().await;
    let root = prefix("d");
    let mut mirror = Mirror::new(&root);
    let mut kept = snapshot_watch(&store, &root).await;
    for round in 0..20 {
        let mut read = snapshot_watch(&store, &root).await;
        drop(snapshot_watch(&store, &root).await);
        wait::item(&mut read).await;
        commit(&store, &put("d/k", round.to_string())).await;
        drop(read);
    }
    let last = commit(&store, &put("d/last", "")).await;
    mirror.follow(&mut kept, last).await;
    mirror.assert_equals(&list(&store, "d").await);
}

/// C-WATCH-7: What lies outside the prefix is never told, and a watch whose prefix is quiet stays useful.
pub async fn what_is_outside_is_not_told(h: &dyn Harness) {
    let store = h.connect().await;
    let mut watch = snapshot_watch(&store, &prefix("a/b")).await;
    let WatchItem::Reset(empty) = wait::item(&mut watch).await else { panic!("it began with changes") };
    assert!(empty.entries.is_empty());
    for text in ["a", "a/b", "a/bc", "a/bc/d", "a/b%2Fc", "b/a/b/c", "a/c"] {
        commit(&store, &put(text, "").put(key("elsewhere/k"), "")).await;
        commit(&store, &delete(text)).await;
    }
    let last = commit(&store, &put("a/b/c", "inside").put(key("a/b"), "outside")).await;
    let mut told = Vec::new();
    let mut through = Revision::ZERO;
    while through < last {
        let item = wait::item(&mut watch).await;
        through = item.through();
        match item {
            WatchItem::Reset(snapshot) => told.extend(snapshot.entries.into_iter().map(Change::Put)),
            WatchItem::Changes(batch) => told.extend(batch.changes),
        }
    }
    let mut told: Vec<&str> = told.iter().map(|change| change.key().as_str()).collect();
    told.dedup();
    assert_eq!(told, ["a/b/c"]);
}
