//! A process that holds a lock, stands still for three times its lease, and wakes.

use std::process::Command;
use std::time::Duration;

use netkeep_store::Prefix;
use netkeep_store_conformance::holder::{fence, hold};
use netkeep_testcontainers::ZooKeeper;

use crate::given::{any_root, clean, key, open, open_all};

/// Endpoint and root for the process that is to be the holder.
const HOLDER: &str = "NETKEEP_TEST_HOLDER";
const TTL: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs ZooKeeper: cargo xtask conformance zookeeper"]
async fn pain_59_a_holder_that_stood_still_writes_nothing_under_its_old_token() {
    let lock = key("locks/one");
    if let Ok(given) = std::env::var(HOLDER) {
        let (endpoint, root) = given.split_once(' ').unwrap();
        let store = open(&[endpoint.to_owned()], &Prefix::parse(root).unwrap());
        return hold(&store, &lock, TTL).await;
    }
    let server = ZooKeeper::shared().await.unwrap();
    let root = any_root();
    let store = open_all(server, &root);
    let mut holder = Command::new(std::env::current_exe().unwrap());
    holder
        .args(["--exact", "holder::pain_59_a_holder_that_stood_still_writes_nothing_under_its_old_token"])
        .args(["--include-ignored", "--nocapture"])
        .env(HOLDER, format!("{} {root}", server.endpoints()[0]));
    println!("{:?}", fence(&store, &lock, TTL, holder).await);
    clean(server, &root, &[store]).await;
}
