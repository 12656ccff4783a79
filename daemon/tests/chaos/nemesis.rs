//! Who lets hosts and servers fail.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use netkeep_testcontainers::{Cluster, Kind};
use rand::rngs::SmallRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use tokio::time::{Instant, sleep};

use crate::host::Host;

/// What can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    DaemonKilled,
    DaemonFrozen,
    ServerKilled,
    ServerFrozen,
    ServerCutOff,
    LeaderCutOff,
    QuorumLost,
}

/// Faults that are a server's come as often as those that are a host's.
const FAULTS: [Fault; 8] = [
    Fault::DaemonKilled,
    Fault::DaemonKilled,
    Fault::DaemonFrozen,
    Fault::ServerKilled,
    Fault::ServerFrozen,
    Fault::ServerCutOff,
    Fault::LeaderCutOff,
    Fault::QuorumLost,
];

/// How often each fault was there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults(pub(crate) BTreeMap<Fault, u32>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<_> = self.0.iter().map(|(fault, times)| format!("{fault:?} {times}")).collect();
        f.write_str(&all.join(", "))
    }
}

/// Lets one thing after the other fail until this time, each for a while; whole again when it returns.
pub(crate) async fn rage(seed: u64, until: Instant, hosts: Arc<Vec<Host>>, cluster: Arc<Cluster>) -> Faults {
    let random = &mut SmallRng::seed_from_u64(seed);
    let mut faults = Faults::default();
    while Instant::now() < until {
        sleep(Duration::from_millis(random.random_range(500..3_000))).await;
        let fault = *FAULTS.choose(random).unwrap();
        let lasting = Duration::from_millis(random.random_range(200..5_000));
        strike(fault, lasting, random, &hosts, &cluster).await;
        *faults.0.entry(fault).or_default() += 1;
    }
    faults
}

async fn strike(fault: Fault, lasting: Duration, random: &mut SmallRng, hosts: &[Host], cluster: &Cluster) {
    let host = hosts.choose(random).unwrap();
    let node = random.random_range(0..cluster.nodes());
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
