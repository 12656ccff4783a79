//! One controller writes to a store: the one that was opened last.

use netkeep_controller::Controller;
use netkeep_controller::ErrorKind::Closed;
use serde_json::json;

use crate::support::{
    Ensure, Fake, Gate, Site, address_request, clean, endpoint, network, pool, pool_request, refused,
    refused_naming, space,
};

async fn blue(controller: &Controller) {
    let spec = json!({"name": "blue", "driver": "manual", "ipam": {"pools": [{"pool": "10.1.0.0/24"}]}});
    controller.create_network(network(spec)).await.unwrap();
    controller.create_endpoint("blue", endpoint(json!({"name": "web"}))).await.unwrap();
    let held = controller.request_pool(pool_request(json!({"pool": "10.2.0.0/24"}))).await.unwrap();
    let given = json!({"space": held.space, "pool": held.pool, "address": "10.2.0.9"});
    controller.request_address(address_request(given)).await.unwrap();
}

#[tokio::test]
async fn a_second_controller_shuts_the_first_one_out() {
    let site = Site::new();
    let first = site.open().await;
    blue(&first).await;
    let second = site.open().await;
    assert_eq!(second.status().host, first.status().host);
    assert!(second.status().incarnation > first.status().incarnation);
    let (before, commits) = (site.left().await, site.metrics.commits());

    let red = network(json!({"name": "red", "driver": "manual"}));
    refused_naming(first.create_network(red.clone()).await, Closed, &["another controller has taken over"]);
    refused(first.create_endpoint("blue", endpoint(json!({"name": "more"}))).await, Closed);
    refused(first.delete_endpoint("blue", "web").await, Closed);
    refused(first.request_pool(pool_request(json!({}))).await, Closed);
    let given = address_request(json!({"space": "LocalDefault", "pool": "10.2.0.0/24"}));
    refused(first.request_address(given).await, Closed);
    let held = (space("LocalDefault"), pool("10.2.0.0/24"));
    refused(first.release_address(held.0.clone(), held.1, [10, 2, 0, 9].into()).await, Closed);
    refused(first.release_pool(held.0, held.1, None).await, Closed);
    assert_eq!((site.left().await, site.metrics.commits()), (before, commits), "nothing was written");

    second.delete_endpoint("blue", "web").await.unwrap();
    refused(first.delete_network("blue").await, Closed);
    second.create_network(red).await.unwrap();
    assert_eq!(first.network("red").unwrap(), second.network("red").unwrap(), "it may still look");
    clean(&second).await;
}

#[tokio::test]
async fn a_run_that_is_shut_out_in_the_middle_leaves_the_rest_to_the_next() {
    let (site, fake) = (Site::new(), Fake::called());
    let first = site.open_with(&fake).await;
    let gate = Gate::new();
    fake.ensuring([Ensure::Wait(gate.clone())]);
    let spec = network(json!({"name": "blue", "driver": "fake"}));
    let creating = tokio::spawn({
        let (first, spec) = (first.clone(), spec.clone());
        async move { first.create_network(spec).await }
    });
    gate.reached().await;
    let second = site.open_with(&fake.again()).await;
    assert_eq!(second.recovery().undone.len(), 1);
    gate.open();
    refused(creating.await.unwrap(), Closed);
    second.create_network(spec).await.unwrap();
    clean(&second).await;
}

#[tokio::test]
async fn a_closed_controller_writes_nothing_and_the_store_stays_open() {
    let site = Site::new();
    let controller = site.open().await;
    blue(&controller).await;
    controller.close().await;
    refused_naming(controller.delete_endpoint("blue", "web").await, Closed, &["controller was closed"]);
    assert_eq!(controller.endpoints("blue").unwrap().len(), 1, "reads are answered from what was known");
    assert_eq!(site.open().await.endpoints("blue").unwrap().len(), 1);
}

#[tokio::test]
async fn closing_waits_for_what_was_begun() {
    let (site, fake) = (Site::new(), Fake::planned());
    let controller = site.open_with(&fake).await;
    let gate = Gate::new();
    fake.ensuring([Ensure::Wait(gate.clone())]);
    let spec = network(json!({"name": "blue", "driver": "fake"}));
    let creating = tokio::spawn({
        let controller = controller.clone();
        async move { controller.create_network(spec).await }
    });
    gate.reached().await;
    // Its caller goes away; it goes on.
    creating.abort();
    let closing = tokio::spawn({
        let controller = controller.clone();
        async move { controller.close().await }
    });
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(!closing.is_finished());
    gate.open();
    closing.await.unwrap();
    assert_eq!(fake.made().len(), 1);
    clean(&site.open_with(&fake.again()).await).await;
}
