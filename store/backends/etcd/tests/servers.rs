//! What etcd itself does to us: its errors, its history, its members.

mod given;

use std::time::{Duration, Instant};

use etcd_client::{Compare, CompareOp, PutOptions, Txn as RawTxn, TxnOp};
use given::{LEASED, Part, key, prefix};
use netkeep_store::remote::{Attempt, Outcome, Room, Server};
use netkeep_store::{Applied, Change, Guard, Kind, LeaseId, Revision, Txn, WatchFrom, WatchItem};
use netkeep_testcontainers::{Etcd, Options};

async fn shared() -> Part {
    Part::of(Etcd::shared().await.expect("an etcd can be started"))
}

fn own() -> Txn {
    Txn::new().put(key("slots/test"), "")
}

async fn commit(server: &dyn Server, entries: Txn) -> Revision {
    match server.attempt(&Attempt { entries, own: own() }).await.unwrap() {
        Outcome::Committed(revision) => revision,
        refused => panic!("{refused:?}"),
    }
}

#[tokio::test]
#[ignore = "needs servers: cargo xtask conformance etcd"]
async fn both_rooms_are_written_in_one_commit_and_one_guard_is_named_own_first() {
    let part = shared().await;
    let server = part.server();
    let entries = Txn::new().absent(key("a")).put(key("a"), "1");
    let revision = commit(&*server, entries.clone()).await;
    let slot = server.get(Room::Own, &key("slots/test")).await.unwrap().unwrap();
    let entry = server.get(Room::Entries, &key("a")).await.unwrap().unwrap();
    assert_eq!((slot.revision, entry.revision), (revision, revision));
    assert_eq!(server.list(Room::Entries, &prefix("a")).await.unwrap().entries, []);

    let refused = |own: Txn| Attempt { entries: entries.clone(), own };
    let outcome = server.attempt(&refused(own())).await.unwrap();
    assert_eq!(outcome, Outcome::Refused(Room::Entries, Guard::Absent(key("a"))));
    let outcome = server.attempt(&refused(own().absent(key("slots/test")))).await.unwrap();
    assert_eq!(outcome, Outcome::Refused(Room::Own, Guard::Absent(key("slots/test"))));
    assert_eq!(server.get(Room::Own, &key("slots/test")).await.unwrap().unwrap().revision, revision);
    part.clean().await;
}

#[tokio::test]
#[ignore = "needs servers: cargo xtask conformance etcd"]
async fn a_leased_key_without_a_guard_is_made_and_replaced_but_not_taken_over() {
    let part = shared().await;
    let server = part.server();
    let (ours, other) = (
        server.grant(Duration::from_secs(60)).await.unwrap(),
        server.grant(Duration::from_secs(60)).await.unwrap(),
    );
    let name = key(&format!("{LEASED}/a"));
    let put = |lease: &LeaseId| Txn::new().put_leased(name.clone(), "1", lease);
    commit(&*server, put(&ours)).await;
    // It is taken to be absent first, and the answer tells that it is ours.
    let again = commit(&*server, put(&ours)).await;
    let error = server.attempt(&Attempt { entries: put(&other), own: own() }).await.unwrap_err();
    assert_eq!((error.kind(), error.applied()), (Kind::Invalid, Applied::No), "{error}");
    assert!(error.to_string().contains("leased/a"), "{error}");
    let entry = server.get(Room::Entries, &name).await.unwrap().unwrap();
    assert_eq!((entry.revision, entry.lease.as_ref()), (again, Some(&ours)));

    server.revoke(&ours).await.unwrap();
    let error = server.attempt(&Attempt { entries: put(&ours), own: own() }).await.unwrap_err();
    assert_eq!((error.kind(), error.applied()), (Kind::LeaseLost, Applied::No), "{error}");
    assert_eq!(server.keep_alive(&ours).await.unwrap_err().kind(), Kind::LeaseLost);
    assert_eq!(server.revoke(&ours).await.unwrap_err().kind(), Kind::LeaseLost);
    server.revoke(&other).await.unwrap();
    part.clean().await;
}

#[tokio::test]
#[ignore = "needs servers: cargo xtask conformance etcd"]
async fn what_is_no_key_of_ours_is_not_told() {
    let part = shared().await;
    let server = part.server();
    commit(&*server, Txn::new().put(key("a"), "1")).await;
    let foreign = format!("/{}/entries/b//c", part.root);
    part.raw().await.put(foreign, "x", None).await.unwrap();
    let listed = server.list(Room::Entries, &prefix("")).await.unwrap();
    assert_eq!(listed.entries.len(), 1);
    part.clean().await;
}

#[tokio::test]
#[ignore = "needs servers: cargo xtask conformance etcd"]
async fn pain_48_a_watch_across_compaction_begins_anew_and_has_no_gap() {
    // Compaction would take the history of the other tests.
    let etcd = Etcd::start(Options::single()).await.unwrap();
    let part = Part::of(&etcd);
    let store = part.store();
    let first = store.commit(&Txn::new().put(key("a"), "1").put(key("gone"), "1")).await.unwrap();
    store.commit(&Txn::new().put(key("b"), "1").delete(key("gone"))).await.unwrap();
    let last = store.commit(&Txn::new().put(key("a"), "2")).await.unwrap();
    let revision = i64::try_from(last.get()).unwrap();
    part.raw().await.compact(revision, None).await.unwrap();

    let mut watch = store.watch(&prefix(""), WatchFrom::After(first)).await.unwrap();
    match watch.next().await.unwrap() {
        WatchItem::Reset(snapshot) => {
            let keys: Vec<_> = snapshot.entries.iter().map(|entry| entry.key.as_str()).collect();
            assert_eq!(keys, ["a", "b"]);
            assert!(snapshot.revision >= last);
        }
        changes => panic!("a part of the history is gone, and the watch says nothing: {changes:?}"),
    }
    // What follows is told as ever.
    let next = store.commit(&Txn::new().delete(key("b"))).await.unwrap();
    match watch.next().await.unwrap() {
        WatchItem::Changes(batch) => {
            assert_eq!(batch.changes, [Change::Delete { key: key("b"), revision: next }]);
        }
        reset => panic!("{reset:?}"),
    }
    // After what is still in the history no reset is needed.
    let other = part.store();
    let mut watch = other.watch(&prefix(""), WatchFrom::After(last)).await.unwrap();
    assert!(matches!(watch.next().await.unwrap(), WatchItem::Changes(_)));
    store.close().await.unwrap();
    other.close().await.unwrap();
}

#[tokio::test]
#[ignore = "needs servers: cargo xtask conformance etcd"]
async fn a_list_of_many_pages_is_of_one_revision() {
    const N_KEYS: usize = 3_000;
    let part = shared().await;
    let server = part.server();
    let mut raw = part.raw().await;
    for chunk in (0..N_KEYS).collect::<Vec<_>>().chunks(100) {
        let puts: Vec<_> = chunk
            .iter()
            .map(|n| TxnOp::put(format!("/{}/entries/k/{n:05}", part.root), vec![b'x'; 2_000], None))
            .collect();
        raw.txn(RawTxn::new().and_then(puts)).await.unwrap();
    }
    // Every writing moves all keys of a pair, in two far pages, to the same value.
    let (pages, ()) = tokio::join!(
        async {
            let mut pages = Vec::new();
            for _ in 0..10 {
                pages.push(server.list(Room::Entries, &prefix("k")).await.unwrap());
            }
            pages
        },
        async {
            for n in 0..50 {
                let pair = [0, N_KEYS - 1]
                    .map(|at| TxnOp::put(format!("/{}/entries/k/{at:05}", part.root), n.to_string(), None));
                raw.txn(RawTxn::new().and_then(pair)).await.unwrap();
            }
        }
    );
    for page in pages {
        assert_eq!(page.entries.len(), N_KEYS);
        assert_eq!(page.entries[0].value, page.entries[N_KEYS - 1].value);
        assert!(page.entries.iter().all(|entry| entry.revision <= page.revision));
    }
    part.clean().await;
}

#[tokio::test]
#[ignore = "needs servers: cargo xtask conformance etcd"]
async fn a_ttl_that_this_etcd_would_lengthen_is_refused() {
    // Leases are one and a half election timeouts long at least.
    let slow = vec!["--heartbeat-interval=500".to_owned(), "--election-timeout=5000".to_owned()];
    let etcd = Etcd::start(Options { extra_args: slow, ..Options::single() }).await.unwrap();
    let part = Part::of(&etcd);
    let server = part.server();
    let error = server.grant(Duration::from_secs(2)).await.unwrap_err();
    assert_eq!((error.kind(), error.applied()), (Kind::Invalid, Applied::No), "{error}");
    assert!(error.to_string().contains("8 s"), "{error}");
    assert_eq!(part.raw().await.leases().await.unwrap().leases().len(), 0);
    server.grant(Duration::from_secs(8)).await.unwrap();
}

#[tokio::test]
#[ignore = "needs servers: cargo xtask conformance etcd"]
async fn what_is_too_large_for_etcd_is_refused_and_not_applied() {
    let small = vec!["--max-request-bytes=20000".to_owned(), "--max-txn-ops=8".to_owned()];
    let etcd = Etcd::start(Options { extra_args: small, ..Options::single() }).await.unwrap();
    let part = Part::of(&etcd);
    let server = part.server();
    let large = Txn::new().put(key("a"), vec![0; 30_000]);
    let many = (0..9).fold(Txn::new(), |txn, n| txn.put(key(&format!("k/{n}")), ""));
    for entries in [large, many] {
        let error = server.attempt(&Attempt { entries, own: own() }).await.unwrap_err();
        assert_eq!((error.kind(), error.applied()), (Kind::TooLarge, Applied::No), "{error}");
    }
    assert_eq!(server.list(Room::Entries, &prefix("")).await.unwrap().entries, []);
}

#[tokio::test]
#[ignore = "needs servers: cargo xtask conformance etcd"]
async fn a_full_etcd_is_unavailable_and_still_read() {
    let tiny = vec!["--quota-backend-bytes=2000000".to_owned()];
    let etcd = Etcd::start(Options { extra_args: tiny, ..Options::single() }).await.unwrap();
    let part = Part::of(&etcd);
    let server = part.server();
    let mut refused = None;
    for n in 0..200 {
        let entries = Txn::new().put(key(&format!("k/{n}")), vec![0; 100_000]);
        if let Err(error) = server.attempt(&Attempt { entries, own: own() }).await {
            refused = Some(error);
            break;
        }
    }
    let error = refused.expect("two megabytes are full before twenty");
    assert_eq!((error.kind(), error.applied()), (Kind::Unavailable, Applied::No), "{error}");
    assert!(error.to_string().contains("defragment"), "{error}");
    assert!(server.get(Room::Entries, &key("k/0")).await.unwrap().is_some());
}

#[tokio::test]
#[ignore = "needs servers: cargo xtask conformance etcd"]
async fn nobody_there_is_unavailable_and_not_applied() {
    // Nobody listens at a port that was just given back.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let part = Part { endpoints: vec![format!("127.0.0.1:{port}")], root: prefix("r") };
    let server = part.server();
    let error = server.attempt(&Attempt { entries: Txn::new(), own: own() }).await.unwrap_err();
    assert_eq!((error.kind(), error.applied()), (Kind::Unavailable, Applied::No), "{error:?}");
    let error = server.get(Room::Entries, &key("a")).await.unwrap_err();
    assert!(error.is_retryable(), "an outage is no absence: {error:?}");
}

#[tokio::test]
#[ignore = "needs servers: cargo xtask conformance etcd"]
async fn a_dead_member_costs_one_failure() {
    let etcd = Etcd::start(Options::three()).await.unwrap();
    let part = Part::of(&etcd);
    let server = part.server();
    for n in 0..30 {
        commit(&*server, Txn::new().put(key(&format!("warm/{n}")), "")).await;
    }
    let leader = etcd.leader().await.unwrap();
    etcd.kill((leader + 1) % 3).await.unwrap();
    let mut failed = 0;
    for n in 0..100 {
        let entries = Txn::new().put(key(&format!("k/{n}")), "");
        if let Err(error) = server.attempt(&Attempt { entries, own: own() }).await {
            assert_eq!(error.kind(), Kind::Unavailable, "{error:?}");
            failed += 1;
        }
    }
    assert!(failed <= 1, "{failed} of 100 requests failed with one of three members dead");
    assert_eq!(server.facts().await.unwrap().leader, Some(format!("n{}", leader + 1)));
}

#[tokio::test]
#[ignore = "needs servers: cargo xtask conformance etcd"]
async fn without_quorum_every_call_ends_in_time() {
    let etcd = Etcd::start(Options::three()).await.unwrap();
    let part = Part::of(&etcd);
    let server = part.server();
    commit(&*server, Txn::new().put(key("a"), "1")).await;
    let leader = etcd.leader().await.unwrap();
    for other in [(leader + 1) % 3, (leader + 2) % 3] {
        etcd.kill(other).await.unwrap();
    }
    for _ in 0..6 {
        let begun = Instant::now();
        let error = server.get(Room::Entries, &key("a")).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Unavailable, "{error:?}");
        assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    }
    let error = server.attempt(&Attempt { entries: Txn::new(), own: own() }).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unavailable, "{error:?}");
}

/// The comparison that the store relies on, as etcd makes it: the lease of an absent key equals none.
#[tokio::test]
#[ignore = "needs servers: cargo xtask conformance etcd"]
async fn an_absent_key_has_no_lease() {
    let part = shared().await;
    let mut raw = part.raw().await;
    let name = format!("/{}/entries/x", part.root);
    let lease = raw.lease_grant(60, None).await.unwrap().id();
    let compare = Compare::lease(name.clone(), CompareOp::Equal, lease);
    let txn = RawTxn::new().when([compare.clone()]).and_then([]);
    assert!(!raw.txn(txn.clone()).await.unwrap().succeeded());
    raw.put(name, "", Some(PutOptions::new().with_lease(lease))).await.unwrap();
    assert!(raw.txn(txn).await.unwrap().succeeded());
    raw.lease_revoke(lease).await.unwrap();
    part.clean().await;
}
