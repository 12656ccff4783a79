//! Eight tasks count while servers are killed, frozen, cut off and deaf.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use netkeep_store::{LeasedDirectories, Store};
use netkeep_store_conformance::{Outage, Trial};
use netkeep_testcontainers::{Blow, Options, Proxy};

use crate::servers::Root;

/// Servers of a test's own, under a blow.
struct Struck {
    root: Root,
    blow: Blow,
}

impl Struck {
    async fn new(options: Options, blow: Blow) -> Self {
        Self { root: Root::of(options).await, blow }
    }
}

#[async_trait]
impl Outage for Struck {
    async fn connect(&self) -> Arc<dyn Store> {
        self.root.connect(LeasedDirectories::default())
    }

    async fn begin(&self) {
        self.root.servers().strike(self.blow).await.unwrap();
    }

    async fn end(&self) {
        self.root.servers().mend().await.unwrap();
    }
}

/// A server whose answers are lost for a while.
struct Deaf {
    root: Root,
    proxy: Proxy,
}

#[async_trait]
impl Outage for Deaf {
    async fn connect(&self) -> Arc<dyn Store> {
        self.root.connect(LeasedDirectories::default())
    }

    async fn begin(&self) {
        self.proxy.set_deaf(true);
    }

    async fn end(&self) {
        self.proxy.set_deaf(false);
    }
}

/// A trial of this sort. A read is asked of each agent in turn, 3 s each; the outcome of a lost answer is sought for 8 s,
/// by requests of 3 s.
fn trial(outages: usize, lasting: Duration) -> Trial {
    Trial::new(outages, lasting, Duration::from_secs(25))
}

const BEYOND: Duration = Duration::from_secs(25);

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: cargo xtask conformance consul"]
async fn the_only_server_is_killed_and_started_again() {
    let outage = Struck::new(Options::single(), Blow::KillLeader).await;
    trial(3, Duration::from_millis(500)).stand("only server killed", &outage, BEYOND).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: cargo xtask conformance consul"]
async fn the_only_server_freezes() {
    let outage = Struck::new(Options::single(), Blow::FreezeLeader).await;
    trial(2, Duration::from_secs(5)).stand("only server frozen", &outage, BEYOND).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: cargo xtask conformance consul"]
async fn the_leader_of_three_is_killed() {
    let outage = Struck::new(Options::three(), Blow::KillLeader).await;
    trial(2, Duration::from_secs(5)).stand("leader of three killed", &outage, BEYOND).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: cargo xtask conformance consul"]
async fn the_leader_of_three_freezes() {
    let outage = Struck::new(Options::three(), Blow::FreezeLeader).await;
    trial(2, Duration::from_secs(7)).stand("leader of three frozen", &outage, BEYOND).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: cargo xtask conformance consul"]
async fn the_leader_is_cut_off() {
    let outage = Struck::new(Options::three(), Blow::IsolateLeader).await;
    trial(2, Duration::from_secs(6)).stand("leader cut off", &outage, BEYOND).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: cargo xtask conformance consul"]
async fn a_follower_is_cut_off() {
    let outage = Struck::new(Options::three(), Blow::IsolateFollower).await;
    trial(2, Duration::from_secs(6)).stand("follower cut off", &outage, BEYOND).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: cargo xtask conformance consul"]
async fn the_quorum_is_lost() {
    let outage = Struck::new(Options::three(), Blow::KillTwo).await;
    trial(2, Duration::from_secs(4)).stand("quorum lost", &outage, BEYOND).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: cargo xtask conformance consul"]
async fn pain_35_answers_are_lost_after_they_were_applied() {
    let root = Root::of(Options::single()).await;
    let proxy = Proxy::before(&root.servers().endpoints()[0]).await.unwrap();
    let root = root.behind(proxy.endpoint());
    let outage = Deaf { root, proxy };
    // Longer than what a request may take, so that outcomes must be sought.
    trial(3, Duration::from_secs(4)).stand("answers lost", &outage, BEYOND).await;
}
