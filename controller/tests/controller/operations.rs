//! The main job: networks and endpoints come, are found again, and go without a trace.

use netkeep_controller::ErrorKind;
use netkeep_store::layers::Operation;
use serde_json::json;

use crate::support::{Site, address_request, clean, endpoint, network};

#[tokio::test]
async fn what_is_created_is_found_again_and_goes_without_a_trace() {
    let site = Site::new();
    let controller = site.open().await;
    let made = controller
        .create_network(network(json!({
            "name": "blue", "driver": "manual", "ipv6": true,
            "ipam": {"pools": [
                {"pool": "10.1.0.0/24", "auxiliary": {"router": "10.1.0.9"}},
                {"pool": "fd00:1::/64"}
            ]}
        })))
        .await
        .unwrap();
    let created = controller
        .create_endpoint(
            "blue",
            endpoint(json!({"name": "web", "ipv4": "10.1.0.7",
                "bindings": [{"protocol": "tcp", "port": 80}]})),
        )
        .await
        .unwrap();
    assert_eq!(created.endpoint.interfaces[0].ipv4.unwrap().to_string(), "10.1.0.7/24");
    assert!(created.endpoint.interfaces[0].ipv6.is_some());
    assert_eq!(created.endpoint.bindings.len(), 1);
    clean(&controller).await;
    controller.close().await;

    let again = site.open().await;
    assert_eq!(again.network("blue").unwrap(), made);
    assert_eq!(again.endpoint("blue", "web").unwrap(), created);
    let error = again.delete_network("blue").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InUse);
    assert!(error.to_string().contains("web"), "{error}");
    again.delete_endpoint("blue", "web").await.unwrap();
    again.delete_network("blue").await.unwrap();
    assert!(again.check().await.unwrap().is_clean());
    assert_eq!(site.left().await, ["meta/host", "spaces/LocalDefault"]);
}

#[tokio::test]
async fn each_operation_has_its_number_of_commits() {
    let site = Site::new();
    let controller = site.open().await;
    let commits = || site.metrics.commits();
    let before = commits();
    controller
        .create_network(network(json!({
            "name": "blue", "driver": "manual", "ipv6": true,
            "ipam": {"pools": [{"pool": "10.1.0.0/24"}, {"pool": "fd00:1::/64"}]}
        })))
        .await
        .unwrap();
    assert_eq!(commits() - before, 1, "create network");
    let before = commits();
    let made = controller
        .create_endpoint(
            "blue",
            endpoint(json!({"name": "web", "bindings": [{"protocol": "tcp", "port": 80}]})),
        )
        .await
        .unwrap();
    assert_eq!(commits() - before, 1, "create endpoint");
    assert!(made.endpoint.interfaces[0].ipv6.is_some());
    assert_eq!(made.endpoint.bindings.len(), 1);
    assert_eq!(controller.status().records["driver-record"], 2);
    let before = commits();
    controller.delete_endpoint("blue", "web").await.unwrap();
    assert_eq!(commits() - before, 1, "delete endpoint");
    let before = commits();
    controller.delete_network("blue").await.unwrap();
    assert_eq!(commits() - before, 2, "delete network");
}

#[tokio::test]
async fn reads_ask_nobody_and_a_creation_reads_nothing_from_the_store() {
    let site = Site::new();
    let controller = site.open().await;
    let attempts = || Operation::ALL.map(|operation| site.metrics.attempts(operation));
    let spec = json!({"name": "blue", "driver": "manual", "ipam": {"pools": [{"pool": "10.1.0.0/16"}]}});
    let reads = || site.metrics.attempts(Operation::Get) + site.metrics.attempts(Operation::List);
    let before = reads();
    let blue = controller.create_network(network(spec)).await.unwrap();
    for n in 0..50 {
        let ports = json!([{"protocol": "tcp", "port": 80}]);
        let spec = endpoint(json!({"name": format!("e{n}"), "bindings": ports}));
        controller.create_endpoint("blue", spec).await.unwrap();
    }
    for n in 0..50 {
        controller.delete_endpoint("blue", &format!("e{n}")).await.unwrap();
    }
    controller.create_endpoint("blue", endpoint(json!({"name": "web"}))).await.unwrap();
    assert_eq!(reads(), before, "no get and no list");

    let before = attempts();
    assert_eq!(controller.networks().len(), 1);
    assert_eq!(controller.network(&blue.id.to_string()[..12]).unwrap(), blue);
    assert_eq!(controller.endpoints("blue").unwrap().len(), 1);
    controller.endpoint("blue", "web").unwrap();
    controller.endpoint_driver_info("blue", "web").await.unwrap();
    assert_eq!((controller.pools().len(), controller.addresses(None, None).len()), (1, 2));
    assert_eq!(controller.status().records["endpoint"], 1);
    assert!(controller.recovery().failed.is_empty());
    assert_eq!(attempts(), before, "no call of any kind");
}

#[tokio::test]
async fn a_network_of_very_many_pools_comes_and_goes() {
    let site = Site::new();
    let controller = site.open().await;
    let wholes =
        (0..60).map(|n| json!({"pool": format!("10.{n}.0.0/24"), "auxiliary": {"a": format!("10.{n}.0.9")}}));
    let parts = (60..80).map(|n| json!({"pool": format!("10.{n}.0.0/16"), "sub": format!("10.{n}.1.0/24")}));
    let pools: Vec<_> = wholes.chain(parts).collect();
    let spec = json!({"name": "blue", "driver": "manual", "ipam": {"pools": pools}});
    let made = controller.create_network(network(spec)).await.unwrap();
    assert_eq!(made.network.ipam.granted().count(), 80);
    assert_eq!(controller.addresses(None, None).len(), 140);
    clean(&controller).await;
    controller.create_endpoint("blue", endpoint(json!({"name": "web", "ipv4": "10.79.1.7"}))).await.unwrap();
    assert_eq!(controller.delete_network("blue").await.unwrap_err().kind(), ErrorKind::InUse);
    clean(&controller).await;
    controller.delete_endpoint("blue", "web").await.unwrap();

    // Found only after its phase was written: every phase is undone.
    let given = json!({"space": "LocalDefault", "pool": "10.7.0.0/24"});
    let given = controller.request_address(address_request(given)).await.unwrap();
    assert_eq!(controller.delete_network("blue").await.unwrap_err().kind(), ErrorKind::InUse);
    assert!(controller.network("blue").unwrap().network.phase.is_ready());
    assert!(controller.pools().iter().all(|pool| pool.phase.is_ready()));
    controller.release_address(given.space, given.pool, given.address).await.unwrap();
    controller.delete_network("blue").await.unwrap();
    site.nothing_left().await;
}
