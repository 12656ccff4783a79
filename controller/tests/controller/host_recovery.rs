//! After a start, what is wanted is on the host and nothing else, whatever was there before.

use netkeep_controller::{Controller, Invariant};
use netkeep_drivers::Object;
use netkeep_store::{Key, Txn};
use serde_json::json;

use crate::support::{Ensure, Fake, Gate, Remove, Site, clean, endpoint, network};

async fn blue_and_web(controller: &Controller) -> [Object; 2] {
    let spec = json!({"name": "blue", "driver": "fake", "ipam": {"pools": [{"pool": "10.1.0.0/24"}]}});
    let network = controller.create_network(network(spec)).await.unwrap().id;
    let web = controller.create_endpoint("blue", endpoint(json!({"name": "web"}))).await.unwrap().id;
    [Object::Network(network), Object::Endpoint(network, web)]
}

/// Removes everything but the notes of this host, as an eviction from a store that all share does.
async fn evict(site: &Site) {
    for key in site.left().await {
        if !["meta/", "realized/", "spaces/"].iter().any(|root| key.starts_with(root)) {
            site.store.commit(&Txn::new().delete(Key::parse(&key).unwrap())).await.unwrap();
        }
    }
}

#[tokio::test]
async fn what_a_reboot_has_taken_is_made_again() {
    let (site, fake) = (Site::new(), Fake::planned());
    let made = blue_and_web(&site.open_with(&fake).await).await;
    fake.reboot();
    let fake = fake.again();
    let controller = site.open_with(&fake).await;
    assert_eq!(fake.made(), made.into());
    let report = controller.recovery();
    assert_eq!(report.ensured, made.map(|on| on.to_string()));
    assert_eq!((report.networks, report.endpoints, report.failed.len()), (1, 1, 0));

    let fake = fake.again();
    let controller = site.open_with(&fake).await;
    assert_eq!(controller.recovery().ensured, [""; 0], "what is there is left alone");
    assert_eq!(fake.calls(), [""; 0]);
}

#[tokio::test]
async fn what_was_noted_and_not_made_is_made() {
    let (site, fake) = (Site::new(), Fake::planned());
    let controller = site.open_with(&fake).await;
    let gate = Gate::new();
    fake.ensuring([Ensure::Wait(gate.clone())]);
    let hanging = tokio::spawn(async move { blue_and_web(&controller).await });
    gate.reached().await;
    assert!(fake.made().is_empty());

    let fake = fake.again();
    let controller = site.open_with(&fake).await;
    let network = controller.network("blue").unwrap();
    assert_eq!(fake.made(), [Object::Network(network.id)].into());
    clean(&controller).await;
    hanging.abort();
}

#[tokio::test]
async fn what_nothing_wants_any_more_is_taken_down() {
    let (site, fake) = (Site::new(), Fake::planned());
    let made = blue_and_web(&site.open_with(&fake).await).await;
    evict(&site).await;
    let fake = fake.again();
    let controller = site.open_with(&fake).await;
    let mut removed = controller.recovery().removed;
    removed.sort();
    let mut expected = made.map(|on| on.to_string());
    expected.sort();
    assert_eq!(removed, expected);
    assert!(fake.made().is_empty());
    clean(&controller).await;
    site.nothing_left().await;
}

#[tokio::test]
async fn what_cannot_be_taken_down_is_tried_again_at_the_next_start() {
    let (site, fake) = (Site::new(), Fake::planned());
    blue_and_web(&site.open_with(&fake).await).await;
    evict(&site).await;
    let fake = fake.again();
    fake.removing([Remove::Retry, Remove::Retry]);
    let controller = site.open_with(&fake).await;
    assert_eq!(controller.recovery().failed.len(), 2, "{:?}", controller.recovery());
    let check = controller.check().await.unwrap();
    assert!(check.violations.iter().all(|found| found.invariant == Invariant::I9), "{check:?}");
    assert_eq!(check.violations.len(), 2);

    let fake = fake.again();
    let controller = site.open_with(&fake).await;
    assert!(fake.made().is_empty());
    clean(&controller).await;
}

#[tokio::test]
async fn without_their_driver_things_go_from_the_store_and_stay_noted() {
    for fake in [Fake::planned(), Fake::called()] {
        let site = Site::new();
        let made = blue_and_web(&site.open_with(&fake).await).await;
        let controller = site.open().await;
        clean(&controller).await;
        controller.delete_endpoint("blue", "web").await.unwrap();
        controller.delete_network("blue").await.unwrap();
        assert_eq!(fake.made(), made.into());
        assert_eq!(site.below("realized/").await.len(), 2);
        let check = controller.check().await.unwrap();
        assert!(check.violations.iter().all(|found| found.invariant == Invariant::I9), "{check:?}");

        let controller = site.open().await;
        let failed = controller.recovery().failed;
        assert_eq!(failed.len(), 2);
        assert!(failed[0].contains("driver fake") && failed[0].contains("not loaded"), "{failed:?}");

        let fake = fake.again();
        let controller = site.open_with(&fake).await;
        assert!(fake.made().is_empty());
        clean(&controller).await;
        site.nothing_left().await;
    }
}

#[tokio::test]
async fn a_driver_that_cannot_make_it_whole_is_reported() {
    let (site, fake) = (Site::new(), Fake::planned());
    blue_and_web(&site.open_with(&fake).await).await;
    fake.reboot();
    let fake = fake.again();
    fake.ensuring([Ensure::Refuse]);
    let controller = site.open_with(&fake).await;
    let report = controller.recovery();
    assert_eq!((report.failed.len(), report.ensured.len()), (1, 1), "{report:?}");
    assert!(report.failed[0].contains("network") && report.failed[0].contains("refuses"), "{report:?}");
    assert_eq!(controller.networks().len(), 1);
}
