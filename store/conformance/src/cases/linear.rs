//! Reads beside commits.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use netkeep_store::{Kind, Revision, Txn};

use crate::Harness;
use crate::given::{commit, get, key, list, prefix, present, put};
use crate::together::together;
use crate::wait::{PATIENCE, until};

/// C-READ-3: What one connection was told is committed, every other one sees at once, in get and in list.
pub async fn reads_show_what_was_acknowledged(h: &dyn Harness) {
    let stores = [h.connect().await, h.connect().await, h.connect().await];
    for round in 0..60_usize {
        let (writer, reader) = (&stores[round % 3], &stores[(round + 1 + round / 7 % 2) % 3]);
        let value = format!("round {round}");
        let revision = commit(writer, &put("d/k", value.clone()).put(key("e/k"), value.clone())).await;
        let entry = present(reader, "d/k").await;
        assert_eq!((entry.revision, &entry.value[..]), (revision, value.as_bytes()), "a get was stale");
        let listed = list(reader, "e").await;
        assert_eq!(listed.entries[0].value, value, "a list was stale");
        assert!(listed.revision >= revision, "a list's revision lies before a commit that it must contain");
        if round % 5 == 4 {
            commit(writer, &Txn::new().delete(key("d/k")).delete(key("e/k"))).await;
            assert_eq!(get(reader, "d/k").await, None, "a get showed what was deleted");
            assert!(list(reader, "e").await.entries.is_empty(), "a list showed what was deleted");
        }
    }
}

/// C-READ-3: While a key is written, each reader sees it grow, never go back, and never behind what was
/// acknowledged before the read began.
pub async fn reads_never_go_back(h: &dyn Harness) {
    let (writer, readers) = (h.connect().await, [h.connect().await, h.connect().await]);
    let first = commit(&writer, &put("d/k", "0")).await;
    let acknowledged = Arc::new(AtomicU64::new(first.get()));
    let done = Arc::new(AtomicBool::new(false));
    let n_reads = together(3, |index| {
        let (writer, readers) = (Arc::clone(&writer), readers.clone());
        let (acknowledged, done) = (Arc::clone(&acknowledged), Arc::clone(&done));
        async move {
            if index == 2 {
                for round in 1..=150 {
                    let revision = commit(&writer, &put("d/k", round.to_string())).await;
                    acknowledged.store(revision.get(), Ordering::SeqCst);
                }
                done.store(true, Ordering::SeqCst);
                return 1;
            }
            let (mut last, mut n_reads) = (Revision::ZERO, 0);
            while !done.load(Ordering::SeqCst) || n_reads == 0 {
                let due = Revision::new(acknowledged.load(Ordering::SeqCst)).max(last);
                let seen = if n_reads % 2 == 0 {
                    present(&readers[index], "d/k").await.revision
                } else {
                    list(&readers[index], "d").await.entries[0].revision
                };
                assert!(seen >= due, "a read showed revision {seen}, though {due} was known before");
                last = seen;
                n_reads += 1;
                tokio::task::yield_now().await;
            }
            n_reads
        }
    })
    .await;
    assert!(n_reads.iter().all(|n| *n > 0));
}

/// C-READ-6, C-READ-7: A list made while others write shows every untouched key as it is, every touched one in
/// some state that it had, and every commit up to its revision.
pub async fn a_list_beside_commits_is_sound(h: &dyn Harness) {
    let (writer, reader) = (h.connect().await, h.connect().await);
    let still: Vec<String> = (0..40).map(|index| format!("list/{:02}", index * 2)).collect();
    let all = still.iter().fold(Txn::new(), |txn, text| txn.put(key(text), "still"));
    let untouched = commit(&writer, &all).await;
    let done = Arc::new(AtomicBool::new(false));
    let mut results = together(2, |index| {
        let (writer, reader, done) = (Arc::clone(&writer), Arc::clone(&reader), Arc::clone(&done));
        async move {
            let (mut log, mut lists) = (Vec::new(), Vec::new());
            for round in 0..120_u32 {
                if index == 1 {
                    break;
                }
                let moving = key(&format!("list/{:02}", round % 10 * 2 + 1));
                let there = round / 10 % 3 != 2;
                let txn = Txn::new();
                let txn = if there {
                    txn.put(moving.clone(), moving.as_str().to_owned())
                } else {
                    txn.delete(moving.clone())
                };
                log.push((commit(&writer, &txn).await, moving, there));
            }
            while index == 1 && (!done.load(Ordering::SeqCst) || lists.is_empty()) {
                let before = reader.status().await.expect("status").revision;
                let listed = reader.list(&prefix("list")).await.expect("list");
                assert!(listed.revision >= before, "the list's revision lies before the list began");
                lists.push(listed);
                tokio::task::yield_now().await;
            }
            done.store(true, Ordering::SeqCst);
            (log, lists)
        }
    })
    .await;
    let (lists, log) = (results.remove(1).1, results.remove(0).0);
    for listed in lists {
        let (quiet, moved): (Vec<_>, Vec<_>) =
            listed.entries.iter().partition(|entry| entry.value == "still");
        assert!(quiet.iter().all(|entry| entry.revision == untouched));
        let quiet: Vec<&str> = quiet.iter().map(|entry| entry.key.as_str()).collect();
        assert_eq!(quiet, still, "an untouched key is missing or changed");
        assert!(
            listed.entries.is_sorted_by(|a, b| a.key < b.key),
            "a list is out of order, or has a key twice"
        );
        for entry in &moved {
            assert_eq!(entry.value, entry.key.as_str(), "the value of one key under another");
            let known = log.contains(&(entry.revision, entry.key.clone(), true));
            assert!(known, "{} was never put at revision {}", entry.key, entry.revision);
        }
        for key in log.iter().take(10).map(|(_, key, _)| key) {
            let due = log.iter().rev().find(|(at, other, _)| other == key && *at <= listed.revision);
            let found = moved.iter().find(|entry| entry.key == *key).map(|entry| entry.revision);
            let deleted_later =
                || log.iter().any(|(at, other, there)| other == key && !there && *at > listed.revision);
            match (due, found) {
                (Some((at, _, true)), Some(found)) => {
                    assert!(found >= *at, "{key} is older than the list says");
                }
                (Some((at, _, true)), None) => assert!(deleted_later(), "{key}, put at {at}, is missing"),
                (Some((at, _, false)), Some(found)) => assert!(found > *at, "{key} was deleted at {at}"),
                (Some((_, _, false)), None) | (None, _) => {}
            }
        }
    }
}

/// C-READ-8: Reads that meet a restart of the store wait or fail; they never show an entry as absent.
pub async fn an_outage_never_looks_like_absence(h: &dyn Harness) {
    let store = h.connect().await;
    commit(&store, &put("d/a", "").put(key("d/b"), "")).await;
    let n_reads = Arc::new(AtomicU64::new(0));
    let done = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..3)
        .map(|_| {
            let (store, n_reads, done) = (Arc::clone(&store), Arc::clone(&n_reads), Arc::clone(&done));
            tokio::spawn(async move {
                let mut answers = Vec::new();
                while !done.load(Ordering::SeqCst) {
                    answers.push(store.get(&key("d/a")).await.map(|found| 1 + usize::from(found.is_some())));
                    answers.push(store.list(&prefix("d")).await.map(|listed| listed.entries.len()));
                    n_reads.fetch_add(1, Ordering::SeqCst);
                    tokio::time::sleep(Duration::from_micros(100)).await;
                }
                answers
            })
        })
        .collect();
    for _ in 0..3 {
        h.restart().await;
        let due = n_reads.load(Ordering::SeqCst) + 9;
        until("reads after a restart", PATIENCE, || async { n_reads.load(Ordering::SeqCst) >= due }).await;
    }
    done.store(true, Ordering::SeqCst);
    for reader in readers {
        for answer in reader.await.expect("a reader ends well") {
            match answer {
                Ok(n_entries) => assert_eq!(n_entries, 2, "a read showed a part of what is there"),
                Err(error) => assert!(
                    matches!(error.kind(), Kind::Unavailable | Kind::Closed),
                    "an outage is told as something else: {error:?}"
                ),
            }
        }
    }
    assert_eq!(list(&h.connect().await, "d").await.entries.len(), 2);
}
