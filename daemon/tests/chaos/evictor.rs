//! Who evicts a host that is down, and lets it come back.

use std::time::Duration;

use netkeep_controller::ErrorKind;
use netkeep_model::{HostRef, Incarnation};
use netkeep_testcontainers::Cluster;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use tokio::time::{Instant, sleep};

use crate::evictions::Eviction;
use crate::host::PATIENCE;
use crate::nemesis::disturb;
use crate::world::World;

/// Why a host is down while it is evicted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Evicting {
    Killed,
    Frozen,
    /// It runs, and what it says does not reach the servers until it was evicted.
    CutOff,
}

/// Takes a host down, has another one evict it, and lets it come back, which it must learn.
pub(crate) async fn evict(
    how: Evicting,
    down: usize,
    random: &mut SmallRng,
    world: &World,
    cluster: &Cluster,
) -> Eviction {
    let host = &world.hosts[down];
    match how {
        Evicting::Killed => host.kill().await,
        Evicting::Frozen => host.freeze(true).await,
        Evicting::CutOff => host.cut_off(true),
    }
    sleep(Duration::from_millis(random.random_range(0..1_000))).await;
    let (force, disturbed) = (random.random_bool(0.5), random.random_bool(0.5));
    let others = &mut SmallRng::seed_from_u64(random.random());
    let (eviction, ()) = tokio::join!(ask(down, force, others, world), async {
        if disturbed {
            disturb(down, random, world, cluster).await;
        }
    });
    match how {
        Evicting::Killed => host.revive().await,
        Evicting::Frozen => host.freeze(false).await,
        Evicting::CutOff => host.cut_off(false),
    }
    host.in_sync_after(eviction.through.incarnation).await;
    owns_nothing(down, eviction.through.incarnation, world).await;
    eviction
}

/// Asks any of the others, one after the other, until one says that everything is released.
async fn ask(down: usize, force: bool, random: &mut SmallRng, world: &World) -> Eviction {
    let host = world.hosts[down].id();
    let most = Instant::now() + PATIENCE;
    let mut begun = world.now();
    let mut last = String::new();
    while Instant::now() < most {
        let asked = world.now();
        let evictor = &world.hosts[(down + random.random_range(1..world.hosts.len())) % world.hosts.len()];
        match evictor.client().evict_host(&host.to_string(), force).await {
            Ok(done) if done.left.is_empty() => {
                let through = HostRef { host, incarnation: done.evicted_through };
                return Eviction { begun, ended: world.now(), through };
            }
            Ok(done) => last = format!("left: {:?}", done.left),
            // It gives signs of life, so it was not evicted by then.
            Err(error) if error.kind() == Some(ErrorKind::InUse) && !force => begun = asked,
            Err(error) => {
                use ErrorKind::{Closed, Conflict, Unavailable, Unknown};
                let repeated = matches!(error.kind(), None | Some(Closed | Conflict | Unavailable | Unknown));
                assert!(repeated, "host {down} cannot be evicted: {error:?}");
                last = error.to_string();
            }
        }
        sleep(Duration::from_millis(random.random_range(10..100))).await;
    }
    panic!("host {down} was not evicted within {PATIENCE:?}: {last}");
}

/// A host that is back has nothing of what it had before.
async fn owns_nothing(back: usize, through: Incarnation, world: &World) {
    let host = &world.hosts[back];
    let details = host.client().host(&host.id().to_string()).await;
    // It may be away again: then nothing is known.
    let Ok(details) = details else { return };
    assert!(details.info.host.evicted_through >= through, "host {back} does not know that it was evicted");
    let is_evicted = |run: HostRef| run.host == host.id() && run.incarnation <= through;
    let left = details.endpoints.iter().filter(|endpoint| {
        let attachment = endpoint.endpoint.attachment.as_ref();
        is_evicted(endpoint.endpoint.owner)
            || attachment.is_some_and(|attachment| is_evicted(attachment.host))
    });
    let left: Vec<_> = left.collect();
    if !left.is_empty() {
        world.note(format!("host {back} is back after its eviction and has still {left:#?}"));
    }
}
