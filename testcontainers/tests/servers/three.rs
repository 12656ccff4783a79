//! Three nodes of each family: who leads, what happens to one that is cut off, and that all find together again.

use std::time::{Duration, Instant};

use netkeep_testcontainers::{Blow, Cluster, Family, Kind, Options};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::talk;

/// How long the members may take to notice that one is gone.
const LIMIT: Duration = Duration::from_secs(60);

async fn start(family: Family) -> Cluster {
    Cluster::start(family, Options::three()).await.unwrap()
}

/// Clients connect to it, and it answers no read that would have to see every write.
async fn is_reached_and_does_not_serve(family: Family, endpoint: &str) {
    let end = Instant::now() + LIMIT;
    // The one that led notices after a while.
    while let Ok(Ok(_)) = timeout(Duration::from_secs(3), talk::try_read(family, endpoint)).await {
        assert!(Instant::now() < end, "{endpoint} still serves");
        sleep(Duration::from_millis(100)).await;
    }
    TcpStream::connect(endpoint).await.unwrap();
}

/// Cut off, the leader leads no more, also where it has not noticed; healed, it has what happened meanwhile.
async fn isolates(family: Family) {
    let cluster = start(family).await;
    assert_eq!(cluster.nodes(), 3);
    let endpoints = cluster.endpoints();
    let first = cluster.leader().await.unwrap();
    let other = (first + 1) % 3;
    talk::write(family, &endpoints[other], "before").await;

    cluster.isolate(first).await.unwrap();
    assert_eq!(cluster.isolate(first).await.unwrap_err().kind(), Kind::State);
    is_reached_and_does_not_serve(family, &endpoints[first]).await;
    let second = cluster.leader().await.unwrap();
    assert_ne!(second, first);
    talk::write(family, &endpoints[other], "meanwhile").await;
    assert_eq!(talk::read(family, &endpoints[second]).await, "meanwhile");

    cluster.heal(first).await.unwrap();
    cluster.wait_until_ready(first).await.unwrap();
    assert_eq!(talk::read(family, &endpoints[first]).await, "meanwhile");
    assert_eq!(cluster.heal(first).await.unwrap_err().kind(), Kind::State);

    // A follower that is cut off disturbs nobody.
    let leader = cluster.leader().await.unwrap();
    let follower = (leader + 1) % 3;
    cluster.isolate(follower).await.unwrap();
    is_reached_and_does_not_serve(family, &endpoints[follower]).await;
    talk::write(family, &endpoints[leader], "without it").await;
    // What cut it off is gone after a restart.
    cluster.restart(follower).await.unwrap();
    assert_eq!(talk::read(family, &endpoints[follower]).await, "without it");
}

/// The leader dies, then the quorum, and all come back in another order with all that was written.
async fn loses_its_quorum(family: Family) {
    let cluster = start(family).await;
    let endpoints = cluster.endpoints();
    let first = cluster.leader().await.unwrap();
    talk::write(family, &endpoints[first], "one").await;
    cluster.kill(first).await.unwrap();
    let second = cluster.leader().await.unwrap();
    assert_ne!(second, first);
    talk::write(family, &endpoints[second], "two").await;
    cluster.kill(second).await.unwrap();
    let last = 3 - first - second;
    is_reached_and_does_not_serve(family, &endpoints[last]).await;

    for node in [second, first] {
        cluster.start_node(node).await.unwrap();
    }
    for (node, endpoint) in endpoints.iter().enumerate() {
        cluster.wait_until_ready(node).await.unwrap();
        assert_eq!(talk::read(family, endpoint).await, "two");
    }

    let leader = cluster.leader().await.unwrap();
    cluster.pause(leader).await.unwrap();
    let next = cluster.leader().await.unwrap();
    assert_ne!(next, leader);
    talk::write(family, &endpoints[next], "three").await;
    cluster.resume(leader).await.unwrap();
    cluster.wait_until_ready(leader).await.unwrap();
    assert_eq!(talk::read(family, &endpoints[leader]).await, "three");
}

/// Whatever befalls it, it serves again when it is mended.
async fn is_struck_and_mended(family: Family) {
    let cluster = start(family).await;
    let endpoints = cluster.endpoints();
    for blow in [Blow::KillLeader, Blow::FreezeLeader, Blow::IsolateFollower, Blow::KillTwo] {
        cluster.mend().await.unwrap();
        let leader = cluster.leader().await.unwrap();
        let value = format!("before {blow:?}");
        talk::write(family, &endpoints[leader], &value).await;
        cluster.strike(blow).await.unwrap();
        assert_eq!(cluster.strike(blow).await.unwrap_err().kind(), Kind::State);
        let hit = if blow == Blow::IsolateFollower { (leader + 1) % 3 } else { leader };
        let one_try = timeout(Duration::from_secs(3), talk::try_read(family, &endpoints[hit])).await;
        assert!(blow == Blow::IsolateFollower || !matches!(one_try, Ok(Ok(_))), "{blow:?} has not hit");
        cluster.mend().await.unwrap();
        for endpoint in endpoints {
            assert_eq!(talk::read(family, endpoint).await, value);
        }
    }
}

macro_rules! on {
    ($($family:ident $name:ident),+) => {
        $(mod $family {
            use netkeep_testcontainers::Family;

            #[tokio::test]
            #[ignore = "needs servers: cargo xtask servers, then cargo test -p netkeep-testcontainers -- --ignored"]
            async fn a_node_is_cut_off_and_healed() {
                crate::three::isolates(Family::$name).await;
            }

            #[tokio::test]
            #[ignore = "needs servers: cargo xtask servers, then cargo test -p netkeep-testcontainers -- --ignored"]
            async fn a_quorum_is_lost_and_comes_back() {
                crate::three::loses_its_quorum(Family::$name).await;
            }

            #[tokio::test]
            #[ignore = "needs servers: cargo xtask servers, then cargo test -p netkeep-testcontainers -- --ignored"]
            async fn what_befalls_it_is_mended() {
                crate::three::is_struck_and_mended(Family::$name).await;
            }
        })+
    };
}

on!(etcd Etcd, consul Consul, zookeeper ZooKeeper);
