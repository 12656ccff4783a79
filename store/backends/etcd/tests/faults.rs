//! Counting while real servers fail: nothing acknowledged is lost, nothing is done twice, nothing is hidden.

mod given;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use given::Part;
use netkeep_store::Store;
use netkeep_store_conformance::{Outage, Trial};
use netkeep_testcontainers::{Blow, Etcd, Options, Proxy};

/// Servers of a test's own, under a blow.
struct Struck {
    etcd: Etcd,
    part: Part,
    blow: Blow,
}

impl Struck {
    async fn new(options: Options, blow: Blow) -> Self {
        let etcd = Etcd::start(options).await.expect("an etcd can be started");
        let part = Part::of(&etcd);
        Self { etcd, part, blow }
    }
}

#[async_trait]
impl Outage for Struck {
    async fn connect(&self) -> Arc<dyn Store> {
        self.part.store()
    }

    async fn begin(&self) {
        self.etcd.strike(self.blow).await.unwrap();
    }

    async fn end(&self) {
        self.etcd.mend().await.unwrap();
    }
}

/// A server whose answers are lost for a while.
struct Deaf {
    _etcd: Etcd,
    proxy: Proxy,
    part: Part,
}

#[async_trait]
impl Outage for Deaf {
    async fn connect(&self) -> Arc<dyn Store> {
        self.part.store()
    }

    async fn begin(&self) {
        self.proxy.set_deaf(true);
    }

    async fn end(&self) {
        self.proxy.set_deaf(false);
    }
}

/// A trial of this sort. The outcome of a lost answer is sought for 8 s, by requests of 3 s.
fn trial(outages: usize, lasting: Duration) -> Trial {
    Trial::new(outages, lasting, Duration::from_secs(16))
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: cargo xtask conformance etcd"]
async fn the_only_server_is_killed_and_started_again() {
    let outage = Struck::new(Options::single(), Blow::KillLeader).await;
    trial(3, Duration::from_millis(500)).stand("only server killed", &outage, Duration::from_secs(20)).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: cargo xtask conformance etcd"]
async fn the_only_server_freezes() {
    let outage = Struck::new(Options::single(), Blow::FreezeLeader).await;
    trial(2, Duration::from_secs(5)).stand("only server frozen", &outage, Duration::from_secs(20)).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: cargo xtask conformance etcd"]
async fn the_leader_of_three_is_killed() {
    let outage = Struck::new(Options::three(), Blow::KillLeader).await;
    trial(2, Duration::from_secs(5)).stand("leader of three killed", &outage, Duration::from_secs(15)).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: cargo xtask conformance etcd"]
async fn the_leader_of_three_freezes() {
    let outage = Struck::new(Options::three(), Blow::FreezeLeader).await;
    trial(2, Duration::from_secs(7)).stand("leader of three frozen", &outage, Duration::from_secs(15)).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: cargo xtask conformance etcd"]
async fn the_leader_is_cut_off() {
    let outage = Struck::new(Options::three(), Blow::IsolateLeader).await;
    trial(2, Duration::from_secs(6)).stand("leader cut off", &outage, Duration::from_secs(15)).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: cargo xtask conformance etcd"]
async fn a_follower_is_cut_off() {
    let outage = Struck::new(Options::three(), Blow::IsolateFollower).await;
    trial(2, Duration::from_secs(6)).stand("follower cut off", &outage, Duration::from_secs(15)).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: cargo xtask conformance etcd"]
async fn the_quorum_is_lost() {
    let outage = Struck::new(Options::three(), Blow::KillTwo).await;
    trial(2, Duration::from_secs(4)).stand("quorum lost", &outage, Duration::from_secs(25)).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: cargo xtask conformance etcd"]
async fn pain_35_answers_are_lost_after_they_were_applied() {
    let etcd = Etcd::start(Options::single()).await.expect("an etcd can be started");
    let proxy = Proxy::before(&etcd.endpoints()[0]).await.unwrap();
    let part = Part { endpoints: vec![proxy.endpoint().to_owned()], root: given::any_root() };
    let outage = Deaf { _etcd: etcd, proxy, part };
    // Longer than what a request may take, so that outcomes must be sought.
    trial(3, Duration::from_secs(4)).stand("answers lost", &outage, Duration::from_secs(20)).await;
}
