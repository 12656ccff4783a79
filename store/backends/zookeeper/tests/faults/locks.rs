//! A lock that was lost protects nothing, whatever its old holder remembers.

use std::time::{Duration, Instant};

use netkeep_store::{Kind, Txn};
use netkeep_testcontainers::{Options, ZooKeeper};

use crate::given::{DEADLINE, any_root, key, open_all};

/// The lock is made again with the same version, so the version alone does not tell the two apart; and the end of a
/// session moves nothing that the old holder asks for.
#[tokio::test]
#[ignore = "needs ZooKeeper: cargo xtask conformance zookeeper"]
async fn pain_58_an_expired_lock_that_was_taken_again_fences_its_old_holder() {
    let servers = ZooKeeper::start(Options::single()).await.unwrap();
    let root = any_root();
    let (old, new) = (open_all(&servers, &root), open_all(&servers, &root));
    let lock = key("locks/one");
    for round in 0..20 {
        let lease = old.grant(Duration::from_secs(1)).await.unwrap();
        let take = Txn::new().absent(lock.clone()).put_leased(lock.clone(), "old", &lease.id);
        let token = old.commit(&take).await.unwrap();
        // Seen under its token, so that the old holder needs to look at nothing when it commits.
        let work = Txn::new().unchanged(lock.clone(), token).put(key("work/a"), round.to_string());
        old.commit(&work).await.unwrap();

        let theirs = new.grant(Duration::from_secs(20)).await.unwrap();
        let take = Txn::new().absent(lock.clone()).put_leased(lock.clone(), "new", &theirs.id);
        let deadline = Instant::now() + DEADLINE;
        let taken = loop {
            match new.commit(&take).await {
                Ok(taken) => break taken,
                Err(error) => assert_eq!(error.kind(), Kind::Conflict, "{error:?}"),
            }
            assert!(Instant::now() < deadline, "the lock does not end");
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        assert!(taken > token);
        let late = Txn::new().unchanged(lock.clone(), token).put(key("work/a"), "late");
        let error = old.commit(&late).await.expect_err("a stale write was accepted");
        assert_eq!(error.kind(), Kind::Conflict, "{error:?}");
        new.revoke(&theirs.id).await.unwrap();
    }
    let left = new.get(&key("work/a")).await.unwrap().unwrap();
    assert_eq!(&left.value[..], b"19");
}
