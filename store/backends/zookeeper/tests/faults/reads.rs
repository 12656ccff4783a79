//! Reads beside a leader that sleeps.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use netkeep_store::{Kind, Txn};
use netkeep_testcontainers::{Options, ZooKeeper};

use crate::given::{any_root, key, open};

/// A leader that slept still answers as if it led when it wakes, until it hears of the other.
#[tokio::test]
#[ignore = "needs ZooKeeper: cargo xtask conformance zookeeper"]
async fn a_leader_that_slept_answers_nothing_old() {
    let servers = ZooKeeper::start(Options::three()).await.unwrap();
    let leader = servers.leader().await.unwrap();
    let root = any_root();
    let others: Vec<String> = servers
        .endpoints()
        .iter()
        .enumerate()
        .filter(|(node, _)| *node != leader)
        .map(|(_, e)| e.clone())
        .collect();
    let writer = open(&others, &root);
    let reader = open(&servers.endpoints()[leader..=leader], &root);
    writer.commit(&Txn::new().put(key("n/a"), "0")).await.unwrap();
    assert!(reader.get(&key("n/a")).await.unwrap().is_some());

    let (acknowledged, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let writing = {
        let (acknowledged, stop) = (Arc::clone(&acknowledged), Arc::clone(&stop));
        tokio::spawn(async move {
            for number in 1.. {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                match writer.commit(&Txn::new().put(key("n/a"), number.to_string())).await {
                    Ok(_) => acknowledged.store(number, Ordering::SeqCst),
                    Err(error) => assert_eq!(error.kind(), Kind::Unavailable, "{error:?}"),
                }
            }
        })
    };
    let mut reads = 0;
    for _ in 0..3 {
        servers.pause(leader).await.unwrap();
        tokio::time::sleep(Duration::from_secs(7)).await;
        servers.resume(leader).await.unwrap();
        let until = tokio::time::Instant::now() + Duration::from_secs(5);
        while tokio::time::Instant::now() < until {
            let least = acknowledged.load(Ordering::SeqCst);
            match reader.get(&key("n/a")).await {
                Ok(entry) => {
                    let entry = entry.expect("an outage is no absence");
                    let found: u64 = std::str::from_utf8(&entry.value).unwrap().parse().unwrap();
                    assert!(found >= least, "read {found} after {least} was acknowledged");
                    reads += 1;
                }
                Err(error) => assert_eq!(error.kind(), Kind::Unavailable, "{error:?}"),
            }
        }
    }
    stop.store(true, Ordering::SeqCst);
    writing.await.unwrap();
    println!("{reads} reads beside {} writes, none old", acknowledged.load(Ordering::SeqCst));
    assert!(reads > 0, "nothing was read");
}
