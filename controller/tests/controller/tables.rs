//! What a driver publishes at a join reaches the other hosts, stays while the store is away, and goes with the join.

use std::sync::Arc;
use std::time::Duration;

use netkeep_controller::ErrorKind::InUse;
use netkeep_controller::{Controller, GlobalState};
use netkeep_drivers_conformance::TestHost;
use netkeep_drivers_conformance::models::{FakeKernel, Overlay};
use netkeep_store::{Key, Txn};
use serde_json::json;

use crate::attachments::register;
use crate::support::{Host, Shared, clean, endpoint, eventually, network, opened, refused_naming, stands};

/// A host with the overlay model.
struct Peer {
    host: Host,
    kernel: FakeKernel,
    controller: Controller,
}

impl Peer {
    async fn new(host: Host, kernel: FakeKernel) -> Self {
        let config = host.config().await;
        register(&config, Arc::new(Overlay::new(kernel.clone()))).await;
        let controller = Controller::open(config).await.unwrap();
        opened(&controller).await;
        Self { host, kernel, controller }
    }

    async fn sandbox(&self) {
        let spec = serde_json::from_value(json!({"container": "c"})).unwrap();
        self.controller.create_sandbox(spec).await.unwrap();
    }

    async fn knows(&self, name: &str) {
        eventually("it is known", || self.controller.endpoint("blue", name).ok()).await;
    }

    /// The peers that the kernel has.
    fn peers(&self) -> Vec<String> {
        self.kernel.present().into_iter().filter(|thing| thing.starts_with("neighbour")).collect()
    }

    async fn has_peers(&self, count: usize) {
        let what = format!("there are {count} peers");
        eventually(&what, || (self.peers().len() == count).then_some(())).await;
    }
}

/// Two hosts in one network, each with an endpoint of its own that is joined.
async fn two(shared: &Shared) -> [Peer; 2] {
    let peers = [
        Peer::new(shared.host(), FakeKernel::new(1)).await,
        Peer::new(shared.host(), FakeKernel::new(2)).await,
    ];
    let spec =
        json!({"name": "blue", "driver": "model-overlay", "ipam": {"pools": [{"pool": "10.1.0.0/24"}]}});
    peers[0].controller.create_network(network(spec)).await.unwrap();
    for (peer, name) in peers.iter().zip(["web", "db"]) {
        peer.sandbox().await;
        peers[0].controller.create_endpoint("blue", endpoint(json!({"name": name}))).await.unwrap();
        peer.knows(name).await;
    }
    peers
}

#[tokio::test]
async fn an_entry_reaches_the_other_host_and_goes_with_its_join() {
    let shared = Shared::new();
    let [a, b] = two(&shared).await;
    a.controller.join("blue", "web", "c").await.unwrap();
    assert!(a.peers().is_empty(), "a host makes nothing of its own entries");
    // Whoever comes later is told all of them.
    b.controller.join("blue", "db", "c").await.unwrap();
    b.has_peers(1).await;
    a.has_peers(1).await;
    let entries = b.controller.table_entries("blue").unwrap();
    assert_eq!(entries.len(), 2);
    assert!(entries.iter().all(|entry| entry.says.contains_key("host")), "{entries:?}");
    clean(&a.controller).await;

    a.controller.leave("blue", "web", "c").await.unwrap();
    b.has_peers(0).await;
    eventually("it is gone", || (b.controller.table_entries("blue").unwrap().len() == 1).then_some(())).await;
    // And again: a network that was taken down is told anew.
    a.controller.join("blue", "web", "c").await.unwrap();
    a.has_peers(1).await;
    b.has_peers(1).await;
    clean(&b.controller).await;
}

#[tokio::test]
async fn an_entry_survives_an_outage_of_three_leases() {
    let shared = Shared::new();
    let [a, b] = two(&shared).await;
    a.controller.join("blue", "web", "c").await.unwrap();
    b.controller.join("blue", "db", "c").await.unwrap();
    b.has_peers(1).await;
    let before = b.peers();
    for peer in [&a, &b] {
        peer.host.faults.freeze();
    }
    // The outage lasts as long as three leases, of which each ends.
    let store = shared.connect();
    for n in 0..3 {
        let ttl = store.info().limits.lease_min;
        let lease = store.grant(ttl).await.unwrap();
        let key = Key::parse(&format!("alive/{n}")).unwrap();
        store.commit(&Txn::new().put_leased(key.clone(), b"up".to_vec(), &lease.id)).await.unwrap();
        let begun = std::time::Instant::now();
        while store.get(&key).await.unwrap().is_some() {
            assert!(begun.elapsed() < Duration::from_secs(60), "the lease does not end");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    assert_eq!(b.peers(), before, "an outage tears down nothing");
    for peer in [&a, &b] {
        peer.host.faults.thaw();
    }
    for peer in [&a, &b] {
        stands(&peer.controller, GlobalState::InSync).await;
    }
    assert_eq!(b.peers(), before);
    assert_eq!(b.controller.table_entries("blue").unwrap().len(), 2);
    // Watches that begin anew tell everything once more.
    b.host.faults.cut_watches();
    a.controller.leave("blue", "web", "c").await.unwrap();
    b.has_peers(0).await;
    clean(&a.controller).await;
    clean(&b.controller).await;
}

#[tokio::test]
async fn a_host_that_was_killed_is_told_everything_when_it_is_back() {
    let shared = Shared::new();
    let [a, b] = two(&shared).await;
    a.controller.join("blue", "web", "c").await.unwrap();
    b.controller.join("blue", "db", "c").await.unwrap();
    b.has_peers(1).await;
    drop(b.controller);
    a.controller.leave("blue", "web", "c").await.unwrap();
    let (site, kernel) = (b.host.site, b.kernel);
    let b = Peer::new(shared.host_over(site), kernel).await;
    b.has_peers(0).await;
    a.controller.join("blue", "web", "c").await.unwrap();
    b.has_peers(1).await;
    clean(&b.controller).await;
}

#[tokio::test]
async fn what_one_join_publishes_no_other_does() {
    let shared = Shared::new();
    let host = shared.host();
    let controller = host.open().await;
    let spec = json!({"name": "blue", "driver": "manual", "scope": "global",
        "ipam": {"pools": [{"pool": "10.1.0.0/24"}]}});
    controller.create_network(network(spec)).await.unwrap();
    let spec = serde_json::from_value(json!({"container": "c"})).unwrap();
    controller.create_sandbox(spec).await.unwrap();
    for name in ["web", "db"] {
        let options = json!({"com.netkeep.manual.entries": "peers/one=x"});
        let made =
            controller.create_endpoint("blue", endpoint(json!({"name": name, "options": options}))).await;
        made.unwrap();
    }
    controller.join("blue", "web", "c").await.unwrap();
    refused_naming(controller.join("blue", "db", "c").await, InUse, &["peers/one"]);
    clean(&controller).await;
    controller.leave("blue", "web", "c").await.unwrap();
    controller.join("blue", "db", "c").await.unwrap();
    assert_eq!(controller.table_entries("blue").unwrap().len(), 1);
    controller.delete_sandbox_by_force("c").await.unwrap();
    assert!(controller.table_entries("blue").unwrap().is_empty());
    for name in ["web", "db"] {
        controller.delete_endpoint("blue", name).await.unwrap();
    }
    controller.delete_network("blue").await.unwrap();
    shared.nothing_left().await;
}
