//! Several daemons on one cluster, while hosts and servers are killed, frozen and cut off; and the judge of what their
//! callers saw.
//!
//! `NETKEEP_CHAOS=etcd` (or `consul`, `zookeeper`) chooses the family; without it they take turns, one each hour.
//! `NETKEEP_SEED=7` repeats the choices of a run, `NETKEEP_LONG=1` makes it ten minutes instead of two.

mod deletions;
mod evictions;
mod evictor;
mod history;
mod holding;
mod holding_tests;
mod host;
mod joins;
mod judge_tests;
mod linearizable;
mod makes;
mod nemesis;
mod register;
mod run;
mod settled;
mod worker;
mod world;

use std::time::Duration;

use netkeep_testcontainers::Family;

use crate::run::Plan;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs servers: cargo xtask test"]
async fn nothing_is_lost_leaked_or_doubled_by_four_hosts_on_a_failing_cluster() {
    let family = Family::in_turn("NETKEEP_CHAOS").unwrap();
    let seed = std::env::var("NETKEEP_SEED").ok().map(|seed| seed.parse().expect("NETKEEP_SEED is a number"));
    let long = std::env::var("NETKEEP_LONG").is_ok_and(|value| value == "1");
    let plan = Plan {
        family,
        seed: seed.unwrap_or_else(rand::random),
        hosts: 4,
        tasks_of_a_host: 3,
        lasting: Duration::from_secs(if long { 600 } else { 120 }),
    };
    println!("{plan:?}");
    println!("{}", run::run(plan).await);
}
