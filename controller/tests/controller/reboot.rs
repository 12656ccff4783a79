//! A restart and a reboot are told apart: after a restart nothing is made again, after a reboot each thing is, once, and
//! nothing is taken down for it.

use std::collections::BTreeMap;
use std::sync::Arc;

use netkeep_controller::{Controller, ControllerConfig};
use netkeep_drivers::Object;
use netkeep_model::{BootId, Realized};
use netkeep_store::Prefix;
use netkeep_store::datastore::{Record, Versioned};
use serde_json::json;

use crate::support::{Ensure, Fake, Shared, Site, clean, endpoint, network, opened};

async fn start(site: &Site, boot: &str, fake: Option<&Arc<Fake>>) -> Controller {
    let config = ControllerConfig { boot: Some(BootId::new(boot).unwrap()), ..site.config().await };
    if let Some(fake) = fake {
        fake.register(&config.registry).await;
    }
    Controller::open(config).await.unwrap()
}

/// A network with an endpoint, made in boot `one`; the next driver on that host, and what is there.
async fn made(site: &Site, fake: &Arc<Fake>) -> (Arc<Fake>, [Object; 2]) {
    let controller = start(site, "one", Some(fake)).await;
    assert!(!controller.recovery().rebooted, "nothing was before the first start");
    let spec = json!({"name": "blue", "driver": "fake", "ipam": {"pools": [{"pool": "10.1.0.0/24"}]}});
    let network = controller.create_network(network(spec)).await.unwrap().id;
    let web = controller.create_endpoint("blue", endpoint(json!({"name": "web"}))).await.unwrap().id;
    controller.close().await;
    (fake.again(), [Object::Network(network), Object::Endpoint(network, web)])
}

/// What is noted: the boot and the incarnation of each object.
async fn noted(site: &Site) -> BTreeMap<Object, (String, u64)> {
    let entries = site.store.list(&Prefix::parse(Realized::ROOT).unwrap()).await.unwrap().entries;
    let read = entries.iter().map(|entry| Versioned::<Realized>::read(entry).unwrap());
    read.map(|read| (read.id.0, (read.record.boot.to_string(), read.record.incarnation.get()))).collect()
}

#[tokio::test]
async fn a_restart_makes_nothing_and_a_reboot_makes_each_thing_once() {
    let (site, fake) = (Site::new(), Fake::planned());
    let (fake, objects) = made(&site, &fake).await;
    let first = BTreeMap::from(objects.map(|on| (on, ("one".to_owned(), 1))));
    assert_eq!(noted(&site).await, first);

    let controller = start(&site, "one", Some(&fake)).await;
    assert!(!controller.recovery().rebooted);
    assert_eq!(fake.calls(), [""; 0]);
    assert_eq!(noted(&site).await, first, "nothing was told anew");
    controller.close().await;

    fake.reboot();
    let fake = fake.again();
    let controller = start(&site, "two", Some(&fake)).await;
    let report = controller.recovery();
    assert!(report.rebooted);
    assert_eq!(report.ensured, objects.map(|on| on.to_string()));
    assert_eq!(fake.calls(), ["ensure network", "ensure endpoint"], "each once, and nothing is flushed");
    let again = BTreeMap::from(objects.map(|on| (on, ("two".to_owned(), 3))));
    assert_eq!(noted(&site).await, again);
    controller.close().await;

    let fake = fake.again();
    let controller = start(&site, "two", Some(&fake)).await;
    assert!(!controller.recovery().rebooted);
    assert_eq!(fake.calls(), [""; 0]);
    assert_eq!(noted(&site).await, again);
    clean(&controller).await;
}

#[tokio::test]
async fn what_was_there_all_the_same_is_of_this_boot() {
    let (site, fake) = (Site::new(), Fake::planned());
    let (fake, objects) = made(&site, &fake).await;
    let controller = start(&site, "two", Some(&fake)).await;
    assert!(controller.recovery().rebooted);
    assert_eq!(fake.calls(), [""; 0]);
    assert_eq!(noted(&site).await, BTreeMap::from(objects.map(|on| (on, ("two".to_owned(), 2)))));
}

#[tokio::test]
async fn what_could_not_be_made_again_is_of_the_boot_before() {
    let (site, fake) = (Site::new(), Fake::planned());
    let (fake, [network, web]) = made(&site, &fake).await;
    fake.reboot();
    fake.ensuring([Ensure::Refuse]);
    let controller = start(&site, "two", Some(&fake)).await;
    assert_eq!(controller.recovery().failed.len(), 1, "{:?}", controller.recovery());
    let expected = BTreeMap::from([(network, ("one".to_owned(), 1)), (web, ("two".to_owned(), 2))]);
    assert_eq!(noted(&site).await, expected);
}

#[tokio::test]
async fn what_a_reboot_has_taken_needs_no_driver_to_go() {
    let (site, fake) = (Site::new(), Fake::planned());
    let (_, objects) = made(&site, &fake).await;
    let controller = start(&site, "one", None).await;
    controller.delete_endpoint("blue", "web").await.unwrap();
    controller.delete_network("blue").await.unwrap();
    assert_eq!(noted(&site).await.len(), 2, "its driver has it to take down");
    controller.close().await;

    let controller = start(&site, "two", None).await;
    let report = controller.recovery();
    assert_eq!((report.failed, report.removed), (vec![], objects.map(|on| on.to_string()).into()));
    clean(&controller).await;
    site.nothing_left().await;
}

#[tokio::test]
async fn what_is_deleted_after_a_reboot_without_its_driver_leaves_no_note() {
    let (site, fake) = (Site::new(), Fake::planned());
    made(&site, &fake).await;
    let controller = start(&site, "two", None).await;
    controller.delete_endpoint("blue", "web").await.unwrap();
    controller.delete_network("blue").await.unwrap();
    clean(&controller).await;
    site.nothing_left().await;
}

#[tokio::test]
async fn the_store_that_hosts_share_tells_them_apart_too() {
    let shared = Shared::new();
    let host = shared.host();
    for (boot, rebooted) in [("one", false), ("one", false), ("two", true), ("two", false)] {
        let boot = Some(BootId::new(boot).unwrap());
        let controller = Controller::open(ControllerConfig { boot, ..host.config().await }).await.unwrap();
        opened(&controller).await;
        let global = controller.status().global.unwrap().recovery.unwrap();
        assert_eq!((controller.recovery().rebooted, global.rebooted), (rebooted, rebooted));
        controller.close().await;
    }
}
