//! A crash at every step of every operation of hosts that are connected to real servers, on networks that they share
//! and on their own: what `controller/tests/every_step` does on the memory of one process. An ordinary run tries a
//! choice of the cases, and says which; `NETKEEP_LONG=1` tries all of them, but one in 8 of the second crashes on
//! networks of one host, and one in 8 of the crashes of a host that finishes what another has left.

#[path = "../../../controller/tests/every_step/crash/mod.rs"]
#[expect(dead_code, reason = "the tests on memory use more of it")]
mod crash;
mod servers;

use std::sync::Arc;

use netkeep_testcontainers::{Cluster, Consul, Etcd, ZooKeeper};
use tokio::task::JoinSet;

use crate::crash::choice::is_long;
use crate::crash::shape::Shape;
use crate::crash::{Effort, Tally, crash_everywhere};
use crate::servers::Servers;

/// What an ordinary run has time for.
const ORDINARY: Effort = Effort { first: 24, second: 12, elsewhere: 48, third: 24 };
/// What a long one does.
const LONG: Effort = Effort { first: 1, second: 1, elsewhere: 1, third: 8 };
/// And on networks of one host, of which the servers hear nothing.
const LONG_OF_ONE: Effort = Effort { first: 1, second: 8, ..LONG };

async fn crash(servers: &Cluster, scheme: &str) {
    let ground = Arc::new(Servers::new(scheme, &servers.endpoints()[0]));
    let (shared, own) = if is_long() { (LONG, LONG_OF_ONE) } else { (ORDINARY, ORDINARY) };
    let mut whole = Tally::default();
    let mut shapes = JoinSet::new();
    for shape in Shape::ALL {
        let effort = if shape.is_shared() { shared } else { own };
        shapes.spawn(crash_everywhere(shape, Arc::<Servers>::clone(&ground), effort));
    }
    while let Some(tally) = shapes.join_next().await {
        whole.add(&tally.expect("the failure is told above"));
    }
    println!("{scheme} in all: {whole}");
    assert!(whole.steps >= 580, "too few steps were found: {whole:?}");
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
