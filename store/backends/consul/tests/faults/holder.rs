//! A process that holds a lock, stands still for three times its lease, and wakes.

use std::process::Command;
use std::time::Duration;

use netkeep_store::{Key, LeasedDirectories};
use netkeep_store_conformance::holder::{fence, hold};

use crate::servers::{Root, prefix};

/// Endpoint and root for the process that is to be the holder.
const HOLDER: &str = "NETKEEP_TEST_CONSUL_HOLDER";
const TTL: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: cargo xtask conformance consul"]
async fn pain_59_a_holder_that_stood_still_has_no_write_accepted() {
    let (lock, leased) = (Key::parse("locks/one").unwrap(), LeasedDirectories::new([prefix("locks")]));
    if let Ok(given) = std::env::var(HOLDER) {
        let (endpoint, root) = given.split_once(' ').unwrap();
        let store = Root::given(endpoint, prefix(root)).connect(leased);
        return hold(&store, &lock, TTL).await;
    }
    let root = Root::shared().await;
    let store = root.connect(leased);
    let mut holder = Command::new(std::env::current_exe().unwrap());
    holder
        .args(["--exact", "holder::pain_59_a_holder_that_stood_still_has_no_write_accepted"])
        .args(["--include-ignored", "--nocapture"])
        .env(HOLDER, format!("{} {}", root.endpoint(), root.path()));
    println!("{:?}", fence(&store, &lock, TTL, holder).await);
    store.close().await.unwrap();
    root.remove().await;
}
