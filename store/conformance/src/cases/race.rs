//! Commits that meet.

use std::sync::Arc;

use netkeep_store::{Key, Kind, Revision, StoreExt, Txn};

use crate::Harness;
use crate::expect::{conflict, refused};
use crate::given::{commit, get, key, present, put};
use crate::together::together;
use crate::wait::PATIENCE;
use crate::workload::Workload;

/// How often one writer may lose against others before the suite calls it starved.
const TRIES: usize = 2_000;

/// C-TXN-11, C-TXN-3: Of many tasks that create one key at the same time, over three connections, one succeeds.
pub async fn one_of_many_creates_succeeds(h: &dyn Harness) {
    let stores = [h.connect().await, h.connect().await, h.connect().await];
    for round in 0..8 {
        let text = format!("race/{round}");
        let results = together(12, |index| {
            let (store, key) = (Arc::clone(&stores[index % 3]), key(&text));
            async move { store.create(key, index.to_string()).await }
        })
        .await;
        let (mut winners, mut losers) = (Vec::new(), Vec::new());
        for (index, result) in results.into_iter().enumerate() {
            match result {
                Ok(revision) => winners.push((index.to_string(), revision)),
                Err(error) => losers.push(error),
            }
        }
        assert_eq!(winners.len(), 1, "{text} was created {} times", winners.len());
        for error in losers {
            conflict::<()>(Err(error), &[netkeep_store::Guard::Absent(key(&text))]);
        }
        let entry = present(&stores[round % 3], &text).await;
        assert_eq!((entry.value, entry.revision), (winners[0].0.clone().into(), winners[0].1));
    }
}

/// C-TXN-11, C-TXN-4: Of many increments by read, guard and put, none is lost and none counts twice.
pub async fn no_increment_is_lost(h: &dyn Harness) {
    let stores = [h.connect().await, h.connect().await];
    commit(&stores[0], &put("race/counter", "0")).await;
    together(6, |index| {
        let store = Arc::clone(&stores[index % 2]);
        async move {
            for _ in 0..12 {
                let mut done = false;
                for _ in 0..TRIES {
                    let entry = present(&store, "race/counter").await;
                    let count: u32 = str::from_utf8(&entry.value)
                        .ok()
                        .and_then(|text| text.parse().ok())
                        .expect("a count");
                    match store.replace(key("race/counter"), entry.revision, (count + 1).to_string()).await {
                        Ok(_) => {
                            done = true;
                            break;
                        }
                        Err(error) => {
                            refused::<()>(Err(error), Kind::Conflict);
                        }
                    }
                }
                assert!(done, "an increment lost against others {TRIES} times");
            }
        }
    })
    .await;
    assert_eq!(present(&stores[0], "race/counter").await.value, "72");
}

/// C-TXN-11, C-TXN-1: Of commits that overlap in their keys, each key holds the latest, and none is torn.
pub async fn overlapping_commits_have_one_order(h: &dyn Harness) {
    let stores = [h.connect().await, h.connect().await, h.connect().await];
    let written = together(9, |index| {
        let store = Arc::clone(&stores[index % 3]);
        async move {
            let mut chosen = Workload::new(index as u64);
            let mut written: Vec<(Revision, Vec<Key>)> = Vec::new();
            for round in 0..12 {
                let keys: Vec<Key> = (0..8)
                    .filter(|_| chosen.below(2) == 0)
                    .map(|k| key(&format!("race{}/{k}", k % 3)))
                    .collect();
                if keys.is_empty() {
                    continue;
                }
                let value = format!("{index} {round}");
                let txn = keys.iter().fold(Txn::new(), |txn, key| txn.put(key.clone(), value.clone()));
                written.push((commit(&store, &txn).await, keys));
            }
            written
        }
    })
    .await;
    let mut written: Vec<_> = written.into_iter().flatten().collect();
    written.sort();
    assert!(written.windows(2).all(|pair| pair[0].0 < pair[1].0), "two commits share a revision");
    for k in 0..8 {
        let text = format!("race{}/{k}", k % 3);
        let last =
            written.iter().rev().find(|(_, keys)| keys.contains(&key(&text))).map(|(revision, _)| *revision);
        let found = get(&stores[0], &text).await.map(|entry| entry.revision);
        assert_eq!(found, last, "{text} does not hold what the last commit wrote");
    }
}

/// C-TXN-11: Two writers that swap two values, guarded, never lose or double one.
pub async fn swaps_keep_both_values(h: &dyn Harness) {
    let stores = [h.connect().await, h.connect().await];
    commit(&stores[0], &put("race/left", "x").put(key("race/right"), "y")).await;
    let swaps = together(2, |index| {
        let store = Arc::clone(&stores[index]);
        async move {
            let mut swaps = 0;
            for _ in 0..TRIES {
                let (left, right) = (present(&store, "race/left").await, present(&store, "race/right").await);
                let txn = Txn::new()
                    .unchanged(left.key.clone(), left.revision)
                    .unchanged(right.key.clone(), right.revision)
                    .put(left.key, right.value)
                    .put(right.key, left.value);
                match store.commit(&txn).await {
                    Ok(_) => swaps += 1,
                    Err(error) => {
                        refused::<()>(Err(error), Kind::Conflict);
                    }
                }
                if swaps == 25 {
                    return swaps;
                }
            }
            panic!("{swaps} of 25 swaps in {TRIES} tries")
        }
    })
    .await;
    let (left, right) = (present(&stores[0], "race/left").await, present(&stores[1], "race/right").await);
    assert_eq!(left.revision, right.revision);
    let expected = if swaps.iter().sum::<usize>() % 2 == 0 { ("x", "y") } else { ("y", "x") };
    assert_eq!((&left.value[..], &right.value[..]), (expected.0.as_bytes(), expected.1.as_bytes()));
}

/// C-TXN-11: Of two commits that each guard what the other writes, at most one succeeds.
pub async fn no_write_skew(h: &dyn Harness) {
    let stores = [h.connect().await, h.connect().await];
    for round in 0..25 {
        let (left, right) = (key(&format!("skew/{round}/left")), key(&format!("skew/{round}/right")));
        let at = commit(&stores[0], &Txn::new().put(left.clone(), "").put(right.clone(), "")).await;
        let results = together(2, |index| {
            let store = Arc::clone(&stores[index]);
            let (mine, others) =
                if index == 0 { (left.clone(), right.clone()) } else { (right.clone(), left.clone()) };
            async move { store.commit(&Txn::new().unchanged(others, at).put(mine, "changed")).await }
        })
        .await;
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1, "{results:?}");
    }
}

/// C-TXN-11, C-REV-1: A commit that guards a key and one that changes it: if both succeed, the guard came first.
pub async fn a_guard_is_ordered_before_the_change(h: &dyn Harness) {
    let stores = [h.connect().await, h.connect().await];
    for round in 0..25 {
        let (parent, child) = (key(&format!("order/{round}")), key(&format!("child/{round}")));
        let at = commit(&stores[0], &Txn::new().put(parent.clone(), "")).await;
        let results = together(2, |index| {
            let store = Arc::clone(&stores[(index + round) % 2]);
            let txn = Txn::new().unchanged(parent.clone(), at);
            let txn = if index == 0 { txn.put(child.clone(), "") } else { txn.put(parent.clone(), "closed") };
            async move { store.commit(&txn).await }
        })
        .await;
        let change = results[1].as_ref().expect("nobody else changes the parent");
        match &results[0] {
            Ok(guarded) => assert!(guarded < change, "a child was made after its parent was closed"),
            Err(_) => assert_eq!(get(&stores[0], child.as_str()).await, None),
        }
    }
}

/// C-TXN-11: Many tasks that commit unrelated keys through one handle at the same time all succeed.
pub async fn unrelated_commits_do_not_meet(h: &dyn Harness) {
    let store = h.connect().await;
    let revisions = tokio::time::timeout(
        PATIENCE,
        together(100, |index| {
            let store = Arc::clone(&store);
            async move {
                let mut last = Revision::ZERO;
                for round in 0..3 {
                    let text = format!("own/{index}/{round}");
                    last = commit(&store, &put(&text, "").absent(key(&text))).await;
                    assert_eq!(present(&store, &text).await.revision, last);
                }
                last
            }
        }),
    )
    .await
    .expect("300 commits of 100 tasks end in time");
    assert_eq!(revisions.len(), 100);
}
