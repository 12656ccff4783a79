//! A record that cannot be read stops nothing but itself.

use netkeep_controller::ErrorKind::{Corrupt, Exists, InUse};
use netkeep_controller::{Controller, Invariant};
use netkeep_store::{Entry, Key, Txn};
use serde_json::json;

use crate::support::{Site, clean, endpoint, network, refused_naming};

/// A host with a network, an endpoint and a port, of which the record under the first key with this beginning is
/// made unreadable before the next run.
struct Broken {
    site: Site,
    controller: Controller,
    key: Key,
    was: Entry,
}

async fn blue(
    controller: &Controller,
    cidr: &str,
) -> netkeep_controller::Result<netkeep_controller::NetworkInfo> {
    let spec = json!({"name": "blue", "driver": "manual", "options": {"com.netkeep.manual.note": true},
        "ipam": {"pools": [{"pool": cidr}]}});
    controller.create_network(network(spec)).await
}

impl Broken {
    async fn new(root: &str) -> Self {
        let site = Site::new();
        let controller = site.open().await;
        blue(&controller, "10.1.0.0/29").await.unwrap();
        let ports = json!([{"protocol": "tcp", "port": 80, "host_ports": "8000"}]);
        let web = endpoint(json!({"name": "web", "ipv4": "10.1.0.2", "bindings": ports}));
        controller.create_endpoint("blue", web).await.unwrap();
        controller.close().await;
        let key = Key::parse(&site.below(root).await[0]).unwrap();
        let was = site.store.get(&key).await.unwrap().unwrap();
        site.store.commit(&Txn::new().put(key.clone(), "{\"kind\": \"gibberish\"")).await.unwrap();
        let controller = site.open().await;
        Self { site, controller, key, was }
    }

    /// It is reported, and nothing else is wrong.
    async fn is_reported(&self) {
        let key = self.key.to_string();
        let quarantined = self.controller.recovery().quarantined;
        assert!(quarantined.len() == 1 && quarantined[0].contains(&key), "{quarantined:?}");
        let status = self.controller.status().quarantine;
        assert!(status.len() == 1 && status.contains_key(&key), "{status:?}");
        let found = self.controller.check().await.unwrap().violations;
        assert_eq!(found.len(), 1, "{found:#?}");
        assert_eq!((found[0].invariant, &found[0].key), (Invariant::I8, &key));
    }

    /// Other things come and go.
    async fn others_work(&self) {
        let spec = json!({"name": "other", "driver": "manual", "ipam": {"pools": [{"pool": "10.9.0.0/24"}]}});
        self.controller.create_network(network(spec)).await.unwrap();
        let ports = json!([{"protocol": "udp", "port": 80}]);
        let web = endpoint(json!({"name": "web", "bindings": ports}));
        self.controller.create_endpoint("other", web).await.unwrap();
        self.controller.delete_endpoint("other", "web").await.unwrap();
        self.controller.delete_network("other").await.unwrap();
        self.is_reported().await;
    }

    /// Whoever puts it back has everything back.
    async fn can_be_mended(self) {
        self.controller.close().await;
        self.site.store.commit(&Txn::new().put(self.key, self.was.value)).await.unwrap();
        let controller = self.site.open().await;
        clean(&controller).await;
        controller.delete_endpoint("blue", "web").await.unwrap();
        controller.delete_network("blue").await.unwrap();
        self.site.nothing_left().await;
    }
}

#[tokio::test]
async fn a_network() {
    let broken = Broken::new("networks/").await;
    broken.others_work().await;
    let controller = &broken.controller;
    assert_eq!(controller.networks().len(), 0);
    refused_naming(controller.network("blue"), Corrupt, &["network \"blue\"", "cannot be read"]);
    refused_naming(controller.delete_network("blue").await, Corrupt, &["network \"blue\""]);
    refused_naming(blue(controller, "10.3.0.0/24").await, Exists, &["name", "\"blue\""]);
    broken.can_be_mended().await;
}

#[tokio::test]
async fn an_endpoint_keeps_its_network() {
    let broken = Broken::new("endpoints/").await;
    broken.others_work().await;
    let controller = &broken.controller;
    assert_eq!(controller.endpoints("blue").unwrap().len(), 0);
    refused_naming(controller.endpoint("blue", "web"), Corrupt, &["endpoint \"web\"", "cannot be read"]);
    let key = broken.key.to_string();
    refused_naming(controller.delete_network("blue").await, InUse, &["\"blue\"", "cannot be read", &key]);
    assert!(controller.network("blue").unwrap().network.phase.is_ready());
    let again = controller.create_endpoint("blue", endpoint(json!({"name": "web"}))).await;
    refused_naming(again, Exists, &["name", "\"web\""]);
    broken.can_be_mended().await;
}

#[tokio::test]
async fn an_address_is_not_given_again() {
    let broken = Broken::new("addresses/LocalDefault/4-0a010000-29/4-0a010002").await;
    broken.others_work().await;
    let controller = &broken.controller;
    let fixed =
        controller.create_endpoint("blue", endpoint(json!({"name": "fixed", "ipv4": "10.1.0.2"}))).await;
    refused_naming(fixed, InUse, &["10.1.0.2", "cannot be read"]);
    for n in 3..7 {
        let made =
            controller.create_endpoint("blue", endpoint(json!({"name": format!("e{n}")}))).await.unwrap();
        assert_ne!(made.endpoint.interfaces[0].ipv4.unwrap().to_string(), "10.1.0.2/29");
    }
    assert!(controller.create_endpoint("blue", endpoint(json!({"name": "full"}))).await.is_err());
    for n in 3..7 {
        controller.delete_endpoint("blue", &format!("e{n}")).await.unwrap();
    }
    broken.can_be_mended().await;
}

#[tokio::test]
async fn an_address_outlives_its_pool_and_is_not_given_then_either() {
    let broken = Broken::new("addresses/LocalDefault/4-0a010000-29/4-0a010001").await;
    let controller = &broken.controller;
    controller.delete_endpoint("blue", "web").await.unwrap();
    controller.delete_network("blue").await.unwrap();
    let made = blue(controller, "10.1.0.0/29").await.unwrap();
    assert_eq!(made.network.ipam.pools[0].gateway.unwrap().to_string(), "10.1.0.2/29");
    broken.is_reported().await;
}

#[tokio::test]
async fn a_pool_is_not_overlapped() {
    let broken = Broken::new("pools/").await;
    broken.others_work().await;
    let controller = &broken.controller;
    for pool in ["10.1.0.0/29", "10.1.0.0/16", "10.1.0.0/30"] {
        let spec = json!({"name": "red", "driver": "manual", "ipam": {"pools": [{"pool": pool}]}});
        refused_naming(controller.create_network(network(spec)).await, InUse, &[pool]);
    }
    controller.create_endpoint("blue", endpoint(json!({"name": "more"}))).await.unwrap();
    controller.delete_endpoint("blue", "more").await.unwrap();
    broken.can_be_mended().await;
}

#[tokio::test]
async fn a_space_gets_no_pools() {
    let broken = Broken::new("spaces/").await;
    let controller = &broken.controller;
    let spec = json!({"name": "red", "driver": "manual", "ipam": {"pools": [{"pool": "10.3.0.0/24"}]}});
    refused_naming(
        controller.create_network(network(spec)).await,
        Corrupt,
        &["spaces/LocalDefault", "restore"],
    );
    controller.create_endpoint("blue", endpoint(json!({"name": "more"}))).await.unwrap();
    controller.delete_endpoint("blue", "more").await.unwrap();
    broken.is_reported().await;
    broken.can_be_mended().await;
}

#[tokio::test]
async fn names_are_not_given_again() {
    let broken = Broken::new("network-names/").await;
    broken.others_work().await;
    let again = blue(&broken.controller, "10.3.0.0/24").await;
    refused_naming(again, Corrupt, &["network-names/blue", "restore"]);
    let broken = Broken::new("endpoint-names/").await;
    broken.others_work().await;
    let again = broken.controller.create_endpoint("blue", endpoint(json!({"name": "web"}))).await;
    refused_naming(again, Corrupt, &["endpoint-names/", "restore"]);
}

#[tokio::test]
async fn ports_of_a_block_are_not_given_again() {
    let broken = Broken::new("ports/").await;
    broken.others_work().await;
    let create = |ports: &str| {
        let binding = json!([{"protocol": "tcp", "port": 80, "host_ports": ports}]);
        broken.controller.create_endpoint("blue", endpoint(json!({"name": "more", "bindings": binding})))
    };
    refused_naming(create("8000").await, Corrupt, &["ports/tcp/1f", "restore"]);
    let made = create("8000-8192").await.unwrap();
    assert_eq!(made.endpoint.bindings[0].host_ports.unwrap().to_string(), "8192", "that of the next block");
}

#[tokio::test]
async fn what_a_driver_keeps() {
    for root in ["drivers/", "realized/network/"] {
        let broken = Broken::new(root).await;
        broken.others_work().await;
        broken.can_be_mended().await;
    }
}

#[tokio::test]
async fn the_host_itself_becomes_another() {
    let broken = Broken::new("meta/host").await;
    let quarantined = broken.controller.recovery().quarantined;
    assert!(quarantined.len() == 1 && quarantined[0].contains("meta/host"), "{quarantined:?}");
    clean(&broken.controller).await;
    assert_eq!(broken.controller.endpoints("blue").unwrap().len(), 1);
    broken.controller.delete_endpoint("blue", "web").await.unwrap();
    broken.controller.delete_network("blue").await.unwrap();
    broken.site.nothing_left().await;
}
