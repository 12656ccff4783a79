//! Eight controllers allocate from the same pools at the same time.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use netkeep::compose::Composition;
use netkeep_controller::{AddressRequestSpec, Controller, ErrorKind, PoolRequestSpec};
use netkeep_model::{Pool, RequestId, Space};
use netkeep_testcontainers::{Cluster, Family, Options};
use tokio::task::JoinSet;

use crate::hosts::{PATIENCE, all_hear, clean, fresh_url, hosts};
use crate::many;

/// How many controllers there are.
const HOSTS: usize = 8;
/// How many callers each of them has.
const CALLERS: usize = 8;
/// The space in which hosts that share a store allocate.
const SPACE: &str = "GlobalDefault";

fn space() -> Space {
    SPACE.parse().unwrap()
}

fn pool(text: &str) -> Pool {
    text.parse().unwrap()
}

/// What allocating has cost.
struct Cost {
    given: usize,
    took: Duration,
    conflicts: u64,
}

impl Cost {
    fn show(&self, family: Family, what: &str) {
        let Self { given, took, conflicts } = self;
        let rate = *given as f64 / took.as_secs_f64();
        println!(
            "{family}: {what}: {given} addresses in {:.1} s, {rate:.0} a second; {conflicts} conflicts, {:.3} an address",
            took.as_secs_f64(),
            *conflicts as f64 / *given as f64
        );
    }
}

/// A pool, or a part of one, that is there for every host.
async fn take_pool(hosts: &[Composition], master: &str, sub: Option<&str>) {
    let spec = PoolRequestSpec {
        space: Some(space()),
        pool: Some(pool(master)),
        sub: sub.map(pool),
        ..Default::default()
    };
    hosts[0].controller.request_pool(spec).await.unwrap();
    all_hear(hosts).await;
}

/// One address; `None` if none is left.
async fn take(controller: &Controller, spec: &AddressRequestSpec) -> Option<IpAddr> {
    let spec = AddressRequestSpec { request: Some(RequestId::generate()), ..spec.clone() };
    let begun = Instant::now();
    loop {
        match controller.request_address(spec.clone()).await {
            Ok(given) => return Some(given.address),
            Err(error) => match error.kind() {
                ErrorKind::Exhausted => return None,
                // A busy machine lets a server answer late: the same request asks again.
                ErrorKind::Unavailable | ErrorKind::Unknown if begun.elapsed() < PATIENCE => {}
                _ => panic!("an address of {}: {error}", spec.pool),
            },
        }
    }
}

fn conflicts(hosts: &[Composition]) -> u64 {
    hosts.iter().map(|host| host.global.as_ref().unwrap().metrics.conflicts()).sum()
}

/// Has all callers of all hosts ask at once, each at most `each` times and until there is nothing left; fails if an
/// address is given twice, or if the store does not hold just what was given.
async fn contend(
    hosts: &[Composition],
    each: usize,
    master: &str,
    subs: &[&str],
) -> (Cost, BTreeSet<IpAddr>) {
    let before = conflicts(hosts);
    let gate = Arc::new(tokio::sync::Barrier::new(HOSTS * CALLERS));
    let mut callers = JoinSet::new();
    for (number, host) in hosts.iter().enumerate() {
        for caller in 0..CALLERS {
            let (controller, gate) = (host.controller.clone(), Arc::clone(&gate));
            let sub = subs.get((number + caller) % subs.len().max(1)).map(|sub| pool(sub));
            let spec = AddressRequestSpec { sub, ..AddressRequestSpec::new(space(), pool(master)) };
            callers.spawn(async move {
                gate.wait().await;
                let mut given = Vec::new();
                while given.len() < each
                    && let Some(address) = take(&controller, &spec).await
                {
                    given.push(address);
                }
                given
            });
        }
    }
    let begun = Instant::now();
    let all = callers.join_all().await.concat();
    let took = begun.elapsed();
    let cost = Cost { given: all.len(), took, conflicts: conflicts(hosts) - before };
    let distinct: BTreeSet<_> = all.iter().copied().collect();
    assert_eq!(distinct.len(), all.len(), "an address was given twice");
    all_hear(hosts).await;
    for host in hosts {
        let held = host.controller.addresses(Some(&space()), Some(&pool(master)));
        let held: BTreeSet<_> = held.iter().map(|held| held.address).collect();
        assert_eq!(held, distinct, "what is held is what was given");
    }
    (cost, distinct)
}

async fn allocate_at_once(family: Family) {
    let servers = Cluster::start(family, Options::single()).await.unwrap();
    let hosts = hosts(&fresh_url(&servers), HOSTS).await;

    let each = many(448, 10_048) / HOSTS / CALLERS;
    take_pool(&hosts, "10.20.0.0/16", None).await;
    let (cost, _) = contend(&hosts, each, "10.20.0.0/16", &[]).await;
    cost.show(family, "from one /16");
    assert_eq!(cost.given, each * HOSTS * CALLERS);

    // As many are asked for as there are, and one more by everybody.
    let (tight, count) = if many(0, 1) == 1 { ("10.30.0.0/22", 1_022) } else { ("10.30.0.0/25", 126) };
    take_pool(&hosts, tight, None).await;
    let (cost, _) = contend(&hosts, usize::MAX, tight, &[]).await;
    cost.show(family, "all of a pool, to the last one");
    assert_eq!(cost.given, count);

    // Two parts of one master that overlap: half of what the first has is in the second too.
    let (master, parts) = ("10.40.0.0/24", ["10.40.0.0/25", "10.40.0.64/26"]);
    for part in parts {
        take_pool(&hosts, master, Some(part)).await;
    }
    let (cost, given) = contend(&hosts, usize::MAX, master, &parts).await;
    cost.show(family, "all of two parts of a pool that overlap");
    let expected: BTreeSet<IpAddr> = (1..128).map(|last| [10, 40, 0, last].into()).collect();
    assert_eq!(given, expected);
    clean(&hosts[0].controller).await;
    for host in hosts {
        host.close().await.unwrap();
    }
}

macro_rules! on_servers {
    ($($case:ident: $family:ident;)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        #[ignore = "needs servers: cargo xtask test"]
        async fn $case() {
            allocate_at_once(Family::$family).await;
        }
    )*};
}

on_servers! {
    pain_55_eight_controllers_allocate_from_one_pool_on_etcd: Etcd;
    pain_55_eight_controllers_allocate_from_one_pool_on_consul: Consul;
    pain_55_eight_controllers_allocate_from_one_pool_on_zookeeper: ZooKeeper;
}
