//! A lock outlives its holder's renewals by its slack at most, and a holder that stood still is fenced.

mod given;

use std::process::Command;
use std::time::Duration;

use given::{LEASED, Part, key, prefix};
use netkeep_store_conformance::holder::{fence, hold};
use netkeep_testcontainers::Etcd;

/// Endpoint and root for the process that is to be the holder.
const PART: &str = "NETKEEP_TEST_ETCD_HOLDER";
const TTL: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: cargo xtask conformance etcd"]
async fn pain_59_a_holder_that_stood_still_has_no_write_accepted() {
    let lock = key(&format!("{LEASED}/lock"));
    if let Ok(given) = std::env::var(PART) {
        let (endpoint, root) = given.split_once('/').expect("endpoint/root");
        let part = Part { endpoints: vec![endpoint.to_owned()], root: prefix(root) };
        return hold(&part.store(), &lock, TTL).await;
    }
    let part = Part::of(Etcd::shared().await.expect("an etcd can be started"));
    let store = part.store();
    let mut holder = Command::new(std::env::current_exe().expect("this test is a program"));
    holder
        .args(["pain_59_a_holder_that_stood_still_has_no_write_accepted", "--include-ignored", "--exact"])
        .env(PART, format!("{}/{}", part.endpoints[0], part.root));
    println!("{:?}", fence(&store, &lock, TTL, holder).await);
    store.close().await.unwrap();
    part.clean().await;
}
