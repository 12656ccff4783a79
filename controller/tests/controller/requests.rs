//! The same request again has the same answer, and makes nothing a second time.

use netkeep_controller::{Controller, ErrorKind::Exists};
use netkeep_model::{Id, RequestId};
use netkeep_store::LeasedDirectories;
use netkeep_store_redb::{RedbConfig, RedbStore};
use serde_json::{Value, json};

use crate::support::{
    Site, address_request, clean, endpoint, network, pool_request, refused, refused_naming, together,
};

fn request() -> String {
    RequestId::from(Id::generate()).to_string()
}

fn with(mut spec: Value, field: &str, value: Value) -> Value {
    match field.split_once('.') {
        Some((outer, inner)) => spec[outer][inner] = value,
        None => spec[field] = value,
    }
    spec
}

/// One request of each sort, the answers of which are compared as JSON.
struct Requests {
    network: Value,
    endpoint: Value,
    pool: Value,
    address: Value,
}

impl Requests {
    fn new() -> Self {
        Self {
            network: json!({"name": "blue", "driver": "manual", "request": request(), "ipv6": true,
                "ipam": {"pools": [{"pool": "10.1.0.0/24"}, {"pool": "fd00::/64"}]}}),
            endpoint: json!({"name": "web", "request": request(),
                "bindings": [{"protocol": "tcp", "port": 80}]}),
            pool: json!({"request": request()}),
            address: json!({"request": request(), "space": "LocalDefault", "pool": "10.1.0.0/24"}),
        }
    }

    async fn make(&self, controller: &Controller) -> Vec<Value> {
        let answers = [
            serde_json::to_value(controller.create_network(network(self.network.clone())).await.unwrap()),
            serde_json::to_value(
                controller.create_endpoint("blue", endpoint(self.endpoint.clone())).await.unwrap(),
            ),
            serde_json::to_value(controller.request_pool(pool_request(self.pool.clone())).await.unwrap()),
            serde_json::to_value(
                controller.request_address(address_request(self.address.clone())).await.unwrap(),
            ),
        ];
        answers.into_iter().map(Result::unwrap).collect()
    }
}

#[tokio::test]
async fn the_same_request_again_makes_nothing() {
    let site = Site::new();
    let controller = site.open().await;
    let requests = Requests::new();
    let made = requests.make(&controller).await;
    let (before, commits) = (site.left().await, site.metrics.commits());
    assert_eq!(requests.make(&controller).await, made);
    assert_eq!((site.left().await, site.metrics.commits()), (before, commits));
}

#[tokio::test]
async fn the_same_request_after_a_restart_makes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("local.redb");
    let requests = Requests::new();
    let mut answers = Vec::new();
    for _ in 0..3 {
        let store = RedbStore::open(RedbConfig::new(&path, LeasedDirectories::default())).await.unwrap();
        let site = Site::over(std::sync::Arc::new(store));
        let controller = site.open().await;
        answers.push((requests.make(&controller).await, site.left().await));
        clean(&controller).await;
        controller.close().await;
        site.store.close().await.unwrap();
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[1], answers[2]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_same_request_at_the_same_time_makes_one() {
    let site = Site::new();
    let controller = site.open().await;
    for round in 0..20 {
        let requests = Requests::new();
        let answers = together(6, |_| {
            let (controller, spec) = (controller.clone(), network(requests.network.clone()));
            async move { controller.create_network(spec).await.unwrap() }
        })
        .await;
        assert!(answers.iter().all(|answer| *answer == answers[0]), "round {round}");
        let answers = together(6, |_| {
            let (controller, spec) = (controller.clone(), endpoint(requests.endpoint.clone()));
            async move { controller.create_endpoint("blue", spec).await.unwrap() }
        })
        .await;
        assert!(answers.iter().all(|answer| *answer == answers[0]), "round {round}");
        let answers = together(6, |_| {
            let (controller, spec) = (controller.clone(), pool_request(requests.pool.clone()));
            async move { controller.request_pool(spec).await.unwrap() }
        })
        .await;
        assert!(answers.iter().all(|answer| *answer == answers[0]), "round {round}");
        controller.release_pool(answers[0].space.clone(), answers[0].pool, None).await.unwrap();
        let answers = together(6, |_| {
            let (controller, spec) = (controller.clone(), address_request(requests.address.clone()));
            async move { controller.request_address(spec).await.unwrap() }
        })
        .await;
        assert!(answers.iter().all(|answer| *answer == answers[0]), "round {round}");
        controller
            .release_address(answers[0].space.clone(), answers[0].pool, answers[0].address)
            .await
            .unwrap();
        controller.delete_endpoint("blue", "web").await.unwrap();
        controller.delete_network("blue").await.unwrap();
        assert_eq!(site.left().await, ["meta/host", "spaces/LocalDefault"]);
    }
}

#[tokio::test]
async fn a_request_that_asks_for_another_thing_now_names_the_field() {
    let site = Site::new();
    let controller = site.open().await;
    let requests = Requests::new();
    let made = requests.make(&controller).await;
    controller
        .create_network(network(json!({"name": "lender", "driver": "manual", "config_only": true})))
        .await
        .unwrap();
    for (field, value) in [
        ("name", json!("red")),
        ("driver", json!("null")),
        ("options", json!({"a": 1})),
        ("labels", json!({"a": "b"})),
        ("ipv6", json!(false)),
        ("internal", json!(true)),
        ("attachable", json!(true)),
        ("dynamic", json!(true)),
        ("ipam.driver", json!("null")),
        ("ipam.space", json!("other")),
        ("ipam.options", json!({"a": 1})),
        ("ipam.pools", json!([{"pool": "10.1.0.0/24"}])),
        ("ipam.pools", json!([{"pool": "10.1.0.0/24", "gateway": "10.1.0.1"}, {"pool": "fd00::/64"}])),
    ] {
        let mut spec = with(requests.network.clone(), field, value);
        if field == "ipv6" {
            spec = with(spec, "ipam.pools", json!([{"pool": "10.1.0.0/24"}]));
        }
        let again = controller.create_network(network(spec)).await;
        refused_naming(again, Exists, &["request", "\"blue\"", &format!("another {field}")]);
    }
    for (field, value) in [
        ("name", json!("red")),
        ("ipv4", json!("10.1.0.77")),
        ("ipv6", json!("fd00::77")),
        ("link_local", json!(["fe80::1"])),
        ("mac", json!("02:00:00:00:00:01")),
        ("options", json!({"a": 1})),
        ("ipam_options", json!({"a": 1})),
        ("exposed", json!(["80/tcp"])),
        ("bindings", json!([])),
        ("dns", json!(["10.0.0.1"])),
        ("aliases", json!(["a"])),
        ("anonymous", json!(true)),
        ("no_resolution", json!(true)),
        ("priority", json!(7)),
    ] {
        let spec = with(requests.endpoint.clone(), field, value);
        let again = controller.create_endpoint("blue", endpoint(spec)).await;
        refused_naming(again, Exists, &["request", "\"web\"", &format!("another {field}")]);
    }
    for (field, value) in [
        ("space", json!("other")),
        ("pool", json!("10.77.0.0/24")),
        ("options", json!({"a": 1})),
        ("ipv6", json!(true)),
        ("driver", json!("null")),
    ] {
        let spec = with(requests.pool.clone(), field, value);
        let again = controller.request_pool(pool_request(spec)).await;
        refused_naming(again, Exists, &["request", &format!("another {field}")]);
    }
    for (field, value) in
        [("space", json!("other")), ("pool", json!("10.77.0.0/24")), ("address", json!("10.1.0.77"))]
    {
        let spec = with(requests.address.clone(), field, value);
        let again = controller.request_address(address_request(spec)).await;
        refused_naming(again, Exists, &["request", &format!("another {field}")]);
    }
    assert_eq!(requests.make(&controller).await, made);
}

#[tokio::test]
async fn networks_of_every_driver_and_lent_configurations_are_repeated() {
    let site = Site::new();
    let controller = site.open().await;
    for spec in [
        json!({"name": "none", "driver": "null", "ipam": {"driver": "null"}}),
        json!({"name": "host", "driver": "host"}),
        json!({"name": "unaddressed", "driver": "manual", "ipam": {"driver": "null"}}),
        json!({"name": "v6", "driver": "manual", "ipv4": false, "ipv6": true,
            "ipam": {"pools": [{"pool": "fd00::/64"}]}}),
        json!({"name": "lender", "driver": "manual", "config_only": true, "labels": {"a": "b"},
            "ipam": {"pools": [{"pool": "10.5.0.0/24"}], "options": {"o": "p"}}}),
        json!({"name": "borrower", "driver": "manual", "config_from": "lender"}),
        json!({"name": "predefined", "driver": "manual"}),
    ] {
        let spec = network(with(spec, "request", json!(request())));
        let made = controller.create_network(spec.clone()).await.unwrap();
        assert_eq!(controller.create_network(spec).await.unwrap(), made);
    }
    let lent = with(
        json!({"name": "lender", "driver": "manual", "config_only": true}),
        "request",
        json!(controller.network("lender").unwrap().id.to_string()),
    );
    refused(controller.create_network(network(lent)).await, Exists);
}

#[tokio::test]
async fn without_a_request_every_call_is_a_new_one() {
    let site = Site::new();
    let controller = site.open().await;
    let spec = json!({"name": "blue", "driver": "manual"});
    controller.create_network(network(spec.clone())).await.unwrap();
    refused(controller.create_network(network(spec)).await, Exists);
    let one = controller.request_pool(pool_request(json!({}))).await.unwrap();
    let other = controller.request_pool(pool_request(json!({}))).await.unwrap();
    assert_ne!(one.pool, other.pool);
}
