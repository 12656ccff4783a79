//! A crash at every step of every operation on networks that hosts share, on real servers: what
//! `controller/tests/every_step` does on the memory of one process. An ordinary run tries a choice of the cases, and says
//! which; `NETKEEP_LONG=1` tries all of them, but of the crashes of a host that finishes what another has left one in 8.

#[path = "../../../controller/tests/every_step/crash/mod.rs"]
#[expect(dead_code, reason = "the tests on memory use more of it")]
mod crash;
mod servers;

use std::sync::Arc;

use netkeep_testcontainers::{Cluster, Consul, Etcd, ZooKeeper};

use crate::crash::choice::is_long;
use crate::crash::shape::Shape;
use crate::crash::{Effort, Tally, crash_everywhere};
use crate::servers::Servers;

/// What an ordinary run has time for.
const ORDINARY: Effort = Effort { first: 24, second: 12, elsewhere: 48, third: 24 };
/// What a long one does.
const LONG: Effort = Effort { first: 1, second: 1, elsewhere: 1, third: 8 };

async fn crash(servers: &Cluster, scheme: &str) {
    let ground = Arc::new(Servers::new(scheme, &servers.endpoints()[0]));
    let effort = if is_long() { LONG } else { ORDINARY };
    let mut whole = Tally::default();
    for shape in [Shape::Shared, Shape::Overlay] {
        whole.add(&crash_everywhere(shape, Arc::<Servers>::clone(&ground), effort).await);
    }
    println!("{scheme} in all: {whole}");
    assert!(whole.steps >= 190, "too few steps were found: {whole:?}");
    // Whatever the turn is.
    assert!(whole.first >= 6 && whole.second >= 1 && whole.elsewhere >= 1, "too little was tried: {whole:?}");
}

macro_rules! on_servers {
    ($($case:ident: $fixture:ident, $scheme:literal;)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        #[ignore = "needs servers: cargo xtask test"]
        async fn $case() {
            crash(&$fixture::shared().await.unwrap(), $scheme).await;
        }
    )*};
}

on_servers! {
    etcd: Etcd, "etcd";
    consul: Consul, "consul";
    zookeeper: ZooKeeper, "zookeeper";
}
