//! Servers are killed, freeze, and lose each other.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use netkeep_store::{Prefix, Store};
use netkeep_store_conformance::Outage;
use netkeep_testcontainers::{Blow, Options, ZooKeeper};

use crate::given::{BEYOND, any_root, open_all, trial};

/// Servers of a test's own, under a blow.
struct Struck {
    servers: ZooKeeper,
    root: Prefix,
    blow: Blow,
}

impl Struck {
    async fn new(options: Options, blow: Blow) -> Self {
        let servers = ZooKeeper::start(options).await.expect("a ZooKeeper can be started");
        Self { servers, root: any_root(), blow }
    }
}

#[async_trait]
impl Outage for Struck {
    async fn connect(&self) -> Arc<dyn Store> {
        open_all(&self.servers, &self.root)
    }

    async fn begin(&self) {
        self.servers.strike(self.blow).await.unwrap();
    }

    async fn end(&self) {
        self.servers.mend().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs ZooKeeper: cargo xtask conformance zookeeper"]
async fn the_only_server_is_killed_and_started_again() {
    let outage = Struck::new(Options::single(), Blow::KillLeader).await;
    trial(3, Duration::from_millis(500)).stand("only server killed", &outage, BEYOND).await;
}

/// Longer than the client waits: what was sent is executed when the server wakes, and nobody waits for it then.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs ZooKeeper: cargo xtask conformance zookeeper"]
async fn the_only_server_freezes() {
    let outage = Struck::new(Options::single(), Blow::FreezeLeader).await;
    trial(2, Duration::from_secs(7)).stand("only server frozen", &outage, BEYOND).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs ZooKeeper: cargo xtask conformance zookeeper"]
async fn the_leader_is_killed() {
    let outage = Struck::new(Options::three(), Blow::KillLeader).await;
    trial(1, Duration::from_secs(8)).stand("leader killed", &outage, BEYOND).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs ZooKeeper: cargo xtask conformance zookeeper"]
async fn the_leader_freezes() {
    let outage = Struck::new(Options::three(), Blow::FreezeLeader).await;
    trial(1, Duration::from_secs(12)).stand("leader frozen", &outage, BEYOND).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs ZooKeeper: cargo xtask conformance zookeeper"]
async fn the_leader_is_cut_off() {
    let outage = Struck::new(Options::three(), Blow::IsolateLeader).await;
    trial(1, Duration::from_secs(12)).stand("leader cut off", &outage, BEYOND).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs ZooKeeper: cargo xtask conformance zookeeper"]
async fn a_follower_is_cut_off() {
    let outage = Struck::new(Options::three(), Blow::IsolateFollower).await;
    trial(1, Duration::from_secs(12)).stand("follower cut off", &outage, BEYOND).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs ZooKeeper: cargo xtask conformance zookeeper"]
async fn the_quorum_is_lost_and_found() {
    let outage = Struck::new(Options::three(), Blow::KillTwo).await;
    trial(1, Duration::from_secs(5)).stand("quorum lost", &outage, BEYOND).await;
}
