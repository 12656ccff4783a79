//! The main job: networks and endpoints come, are found again, and go without a trace.

use crate::support::{Site, clean, endpoint, network};
use netkeep_controller::ErrorKind;
use serde_json::json;

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
