//! A store that hosts share and that cannot be had: nothing of this host waits for it.

use netkeep_controller::ErrorKind::{NotFound, Unavailable};
use netkeep_controller::{GlobalCheck, GlobalState};
use netkeep_store::Kind;
use netkeep_store::layers::Operation;
use netkeep_store_conformance::fault::{Fault, Step};
use serde_json::{Value, json};

use crate::support::{
    Shared, clean, endpoint, eventually, network, opened, pool_request, refused, refused_naming, stands,
};

fn blue() -> Value {
    json!({"name": "blue", "driver": "manual", "scope": "global"})
}

fn red() -> Value {
    json!({"name": "red", "driver": "manual"})
}

#[tokio::test]
async fn a_start_waits_for_nobody_and_goes_on_when_the_store_comes() {
    let shared = Shared::new();
    let host = shared.host();
    host.faults.freeze();
    let controller = host.begin().await;
    assert_eq!(controller.status().global.unwrap().state, GlobalState::Waiting);

    // At once: nothing here could end otherwise, as long as the store is frozen.
    let spec = || endpoint(json!({"name": "web"}));
    refused_naming(controller.create_network(network(blue())).await, Unavailable, &["global"]);
    refused_naming(controller.network("blue"), Unavailable, &["blue", "global"]);
    refused(controller.delete_network("blue").await, Unavailable);
    refused(controller.create_endpoint("blue", spec()).await, Unavailable);
    let wanted = json!({"space": "GlobalDefault", "pool": "10.2.0.0/24"});
    refused(controller.request_pool(pool_request(wanted)).await, Unavailable);

    controller.create_network(network(red())).await.unwrap();
    controller.create_endpoint("red", spec()).await.unwrap();
    assert_eq!(controller.networks().len(), 1);
    controller.delete_endpoint("red", "web").await.unwrap();
    controller.delete_network("red").await.unwrap();
    let report = controller.check().await.unwrap();
    assert!(report.violations.is_empty());
    assert!(matches!(report.global, Some(GlobalCheck::NotChecked(_))), "{report:?}");
    host.site.nothing_left().await;

    host.faults.thaw();
    opened(&controller).await;
    refused(controller.network("blue"), NotFound);
    controller.create_network(network(blue())).await.unwrap();
    clean(&controller).await;
}

#[tokio::test]
async fn a_store_that_cannot_be_had_is_tried_again_and_says_why() {
    let shared = Shared::new();
    let host = shared.host();
    // Whatever is tried again within one call is over by then.
    for number in 0..40 {
        host.faults.set(Step::of(Operation::Get, number), Fault::FailBefore(Kind::Unavailable));
    }
    let controller = host.begin().await;
    eventually("a reason is told", || controller.status().global.unwrap().reason).await;
    opened(&controller).await;
    controller.create_network(network(blue())).await.unwrap();
}

#[tokio::test]
async fn a_store_that_must_not_be_used_is_refused_with_its_own_words_until_it_may() {
    let shared = Shared::new();
    let host = shared.host();
    host.faults.set(Step::of(Operation::Get, 0), Fault::FailBefore(Kind::Replaced));
    let controller = host.begin().await;
    stands(&controller, GlobalState::Refused).await;
    let status = controller.status().global.unwrap();
    let reason = status.reason.unwrap();
    assert!(reason.contains("a fault came before it"), "{reason}");
    refused_naming(controller.create_network(network(blue())).await, Unavailable, &[&reason]);
    controller.create_network(network(red())).await.unwrap();
    opened(&controller).await;
    controller.create_network(network(blue())).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_goes_away_holds_up_nothing_of_this_host_and_is_served_again_when_it_is_back() {
    let shared = Shared::new();
    let (host, neighbour) = (shared.host(), shared.host().open().await);
    let controller = host.open().await;
    controller.create_network(network(blue())).await.unwrap();
    host.faults.freeze();
    // The first one notices.
    let web = json!({"name": "web", "request": netkeep_model::Id::generate().to_string()});
    let first = tokio::spawn({
        let (controller, web) = (controller.clone(), endpoint(web.clone()));
        async move { controller.create_endpoint("blue", web).await }
    });
    controller.create_network(network(red())).await.unwrap();
    first.await.unwrap().expect_err("the store is away");
    stands(&controller, GlobalState::Away).await;

    // All others are told at once, and may read what was known.
    refused_naming(controller.create_network(network(blue())).await, Unavailable, &["global"]);
    refused(controller.delete_network("blue").await, Unavailable);
    let blue = controller.network("blue").unwrap();
    assert!(blue.stale.is_some_and(|stale| stale.revision >= blue.revision), "{blue:?}");
    assert_eq!(blue.network, neighbour.network("blue").unwrap().network);
    assert_eq!(controller.networks().len(), 2);
    controller.delete_network("red").await.unwrap();

    host.faults.thaw();
    stands(&controller, GlobalState::InSync).await;
    let made = controller.create_endpoint("blue", endpoint(web)).await.unwrap();
    eventually("the endpoint is seen", || neighbour.endpoint("blue", "web").ok()).await;
    assert_eq!(controller.endpoints("blue").unwrap(), [made]);
    clean(&controller).await;
    clean(&neighbour).await;
    controller.delete_endpoint("blue", "web").await.unwrap();
    controller.delete_network("blue").await.unwrap();
    shared.nothing_left().await;
}
