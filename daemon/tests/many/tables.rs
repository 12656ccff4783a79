//! What drivers publish at a join, as the other hosts see it.

use std::time::{Duration, Instant};

use netkeep::compose::Composition;
use netkeep_controller::GlobalState;
use netkeep_testcontainers::{Cluster, Family, Options};
use serde_json::json;

use crate::hosts::{PATIENCE, clean, eventually, fresh_url, hosts};
use crate::many;

/// How long a sign of life lives; three of them end in the outage of a long run.
const LEASE: Duration = Duration::from_secs(15);

async fn join(host: &Composition, name: &str) {
    let options = json!({"com.netkeep.manual.entries": format!("peers/{name}=x")});
    let spec = serde_json::from_value(json!({"name": name, "options": options})).unwrap();
    host.controller.create_endpoint("blue", spec).await.unwrap();
    host.controller.join("blue", name, "c").await.unwrap();
}

/// Whether every host shows so many entries.
fn show(hosts: &[Composition], count: usize) -> bool {
    let entries = |host: &Composition| host.controller.table_entries("blue").map(|entries| entries.len());
    hosts.iter().all(|host| entries(host).is_ok_and(|shown| shown == count))
}

/// Waits until every host shows so many entries, and returns how long that took.
async fn all_show(hosts: &[Composition], count: usize) -> Duration {
    let begun = Instant::now();
    eventually(&format!("every host shows {count} entries"), || show(hosts, count).then_some(())).await;
    begun.elapsed()
}

async fn stands(hosts: &[Composition], state: GlobalState) {
    let stands =
        |host: &Composition| host.controller.status().global.is_some_and(|global| global.state == state);
    eventually(&format!("every host is {state:?}"), || hosts.iter().all(stands).then_some(())).await;
}

async fn published(family: Family) {
    let servers = Cluster::start(family, Options::single()).await.unwrap();
    let hosts = hosts(&fresh_url(&servers), 3).await;
    let blue = json!({"name": "blue", "driver": "manual", "scope": "global"});
    hosts[0].controller.create_network(serde_json::from_value(blue).unwrap()).await.unwrap();
    for host in &hosts {
        let spec = serde_json::from_value(json!({"container": "c"})).unwrap();
        host.controller.create_sandbox(spec).await.unwrap();
    }
    all_show(&hosts, 0).await;
    let count = many(10, 100);
    let mut took = Vec::new();
    for n in 0..count {
        join(&hosts[n % hosts.len()], &format!("e{n}")).await;
        took.push(all_show(&hosts, n + 1).await);
    }
    took.sort();
    println!(
        "{family}: after a join its entry was on both other hosts within {:.1?} (median of {count}), {:.1?} at most",
        took[count / 2],
        took[count - 1]
    );

    let outage = if many(0, 1) == 1 { 3 * LEASE } else { Duration::from_secs(2) };
    servers.kill(0).await.unwrap();
    let begun = Instant::now();
    stands(&hosts, GlobalState::Away).await;
    while begun.elapsed() < outage {
        assert!(show(&hosts, count), "an outage takes nothing away");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    servers.restart(0).await.unwrap();
    let begun = Instant::now();
    stands(&hosts, GlobalState::InSync).await;
    all_show(&hosts, count).await;
    while hosts[0].controller.leave("blue", "e0", "c").await.is_err() && !show(&hosts[..1], count - 1) {
        assert!(begun.elapsed() < PATIENCE, "a join cannot be ended");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    all_show(&hosts, count - 1).await;
    println!(
        "{family}: the entries outlived {outage:?} without a server; {:.1?} after its return one that was taken back was \
         gone everywhere",
        begun.elapsed()
    );
    for host in &hosts {
        clean(&host.controller).await;
    }
    for host in hosts {
        host.close().await.unwrap();
    }
}

macro_rules! on_servers {
    ($($case:ident: $family:ident;)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        #[ignore = "needs servers: cargo xtask test"]
        async fn $case() {
            published(Family::$family).await;
        }
    )*};
}

on_servers! {
    an_entry_reaches_every_host_and_outlives_an_outage_on_etcd: Etcd;
    an_entry_reaches_every_host_and_outlives_an_outage_on_consul: Consul;
    an_entry_reaches_every_host_and_outlives_an_outage_on_zookeeper: ZooKeeper;
}
