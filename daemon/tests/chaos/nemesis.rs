//! Who lets hosts and servers fail.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use netkeep_testcontainers::{Cluster, Kind};
use rand::rngs::SmallRng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{RngExt, SeedableRng};
use tokio::time::{Instant, sleep};

use crate::evictions::Eviction;
use crate::evictor::{self, Evicting};
use crate::world::World;

/// What can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    DaemonKilled,
    DaemonFrozen,
    /// Nothing passes between it and the servers.
    DaemonCutOff,
    /// It reaches the servers, and does not hear of them.
    DaemonDeaf,
    ServerKilled,
    ServerFrozen,
    ServerCutOff,
    LeaderCutOff,
    QuorumLost,
    /// One that is down is evicted, at once or when it has given no sign of life for its lease, and comes back.
    HostEvicted(Evicting),
}

/// Each comes once in each round, in any order.
const ROUND: [Fault; 13] = [
    Fault::DaemonKilled,
    Fault::DaemonKilled,
    Fault::DaemonFrozen,
    Fault::DaemonCutOff,
    Fault::DaemonDeaf,
    Fault::ServerKilled,
    Fault::ServerFrozen,
    Fault::ServerCutOff,
    Fault::LeaderCutOff,
    Fault::QuorumLost,
    Fault::HostEvicted(Evicting::Killed),
    Fault::HostEvicted(Evicting::Frozen),
    Fault::HostEvicted(Evicting::CutOff),
];

/// What failed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults {
    /// How often each fault was there.
    pub(crate) times: BTreeMap<Fault, u32>,
    pub(crate) evictions: Vec<Eviction>,
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<_> = self.times.iter().map(|(fault, times)| format!("{fault:?} {times}")).collect();
        write!(f, "{} ({})", self.times.values().sum::<u32>(), all.join(", "))
    }
}

/// Lets one thing after the other fail as long as there are calls, each for a while; whole again when it returns.
pub(crate) async fn rage(seed: u64, world: Arc<World>, cluster: Arc<Cluster>) -> Faults {
    let random = &mut SmallRng::seed_from_u64(seed);
    let mut faults = Faults::default();
    // On a machine that is slow there may be no more than a part of a round; the last of these comes first.
    let mut round = vec![Fault::HostEvicted(Evicting::Killed), Fault::DaemonKilled];
    while Instant::now() < world.until {
        sleep(Duration::from_millis(random.random_range(500..3_000))).await;
        if round.is_empty() {
            round.extend(ROUND);
            round.shuffle(random);
        }
        let Some(fault) = round.pop() else { continue };
        let host = random.random_range(0..world.hosts.len());
        if let Fault::HostEvicted(how) = fault {
            faults.evictions.push(evictor::evict(how, host, random, &world, &cluster).await);
        } else {
            strike(fault, host, random, &world, &cluster).await;
        }
        *faults.times.entry(fault).or_default() += 1;
    }
    faults
}

/// Something that fails while others than this host evict it.
pub(crate) async fn disturb(down: usize, random: &mut SmallRng, world: &World, cluster: &Cluster) {
    sleep(Duration::from_millis(random.random_range(0..100))).await;
    let faults = [
        Fault::DaemonKilled,
        Fault::DaemonFrozen,
        Fault::DaemonCutOff,
        Fault::ServerKilled,
        Fault::LeaderCutOff,
    ];
    let fault = *faults.choose(random).unwrap();
    let host = (down + random.random_range(1..world.hosts.len())) % world.hosts.len();
    strike(fault, host, random, world, cluster).await;
}

async fn strike(fault: Fault, host: usize, random: &mut SmallRng, world: &World, cluster: &Cluster) {
    let host = &world.hosts[host];
    let node = random.random_range(0..cluster.nodes());
    let lasting = Duration::from_millis(random.random_range(200..5_000));
    match fault {
        Fault::DaemonKilled => {
            host.kill().await;
            sleep(lasting / 4).await;
            host.revive().await;
        }
        Fault::DaemonFrozen => {
            host.freeze(true).await;
            sleep(lasting).await;
            host.freeze(false).await;
        }
        Fault::DaemonCutOff => {
            host.cut_off(true);
            sleep(lasting).await;
            host.cut_off(false);
        }
        Fault::DaemonDeaf => {
            host.deafen(true);
            sleep(lasting).await;
            host.deafen(false);
        }
        Fault::ServerKilled => {
            cluster.kill(node).await.unwrap();
            sleep(lasting).await;
            cluster.restart(node).await.unwrap();
        }
        Fault::ServerFrozen => freeze(node, lasting, cluster).await,
        Fault::ServerCutOff => cut_off(node, lasting, cluster).await,
        // Right after a fault there may be none.
        Fault::LeaderCutOff => cut_off(cluster.leader().await.unwrap_or(node), lasting, cluster).await,
        Fault::QuorumLost => {
            let others: Vec<_> = (0..cluster.nodes()).filter(|other| *other != node).collect();
            for other in &others {
                cluster.kill(*other).await.unwrap();
            }
            sleep(lasting / 2).await;
            for other in &others {
                cluster.start_node(*other).await.unwrap();
            }
            for other in others {
                cluster.wait_until_ready(other).await.unwrap();
            }
        }
        Fault::HostEvicted(_) => unreachable!("evictions are told what became of them"),
    }
}

async fn freeze(node: usize, lasting: Duration, cluster: &Cluster) {
    cluster.pause(node).await.unwrap();
    sleep(lasting).await;
    cluster.resume(node).await.unwrap();
}

/// Cuts a server off from the others; where that cannot be had, it is frozen.
async fn cut_off(node: usize, lasting: Duration, cluster: &Cluster) {
    match cluster.isolate(node).await {
        Ok(()) => {
            sleep(lasting).await;
            cluster.heal(node).await.unwrap();
        }
        Err(error) if error.kind() == Kind::Unsupported => freeze(node, lasting, cluster).await,
        Err(error) => panic!("server {node} cannot be cut off: {error}"),
    }
}
