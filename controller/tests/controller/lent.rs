//! Networks that lend their configuration, and those that take it.

use netkeep_controller::ErrorKind::{Forbidden, InUse, Invalid, NotFound};
use serde_json::{Value, json};

use crate::support::{Fake, Gate, Site, clean, endpoint, network, refused_naming, together};

fn lender() -> Value {
    json!({"name": "lender", "driver": "manual", "config_only": true, "ipv6": true, "labels": {"a": "b"},
        "options": {"com.netkeep.manual.tables": "t"},
        "ipam": {"options": {"com.docker.network.ipam.serial": "false"},
            "pools": [{"pool": "10.1.0.0/24", "gateway": "10.1.0.9"}, {"pool": "fd00::/64"}]}})
}

#[tokio::test]
async fn the_configuration_is_taken_and_its_source_stays_as_long() {
    let site = Site::new();
    let controller = site.open().await;
    let lender = controller.create_network(network(lender())).await.unwrap();
    assert_eq!(
        (controller.pools().len(), controller.addresses(None, None).len()),
        (0, 0),
        "it holds nothing"
    );
    let no = controller.create_endpoint("lender", endpoint(json!({"name": "web"}))).await;
    refused_naming(no, Forbidden, &["\"lender\"", "cannot have endpoints"]);

    let borrower = json!({"name": "borrower", "driver": "manual", "config_from": "lender"});
    let made = controller.create_network(network(borrower)).await.unwrap().network;
    assert_eq!(made.config_from, Some(lender.id));
    assert_eq!((&made.options, &made.labels), (&lender.network.options, &lender.network.labels));
    assert!(made.ipv4 && made.ipv6);
    assert_eq!(made.ipam.options, lender.network.ipam.options);
    assert_eq!(made.ipam.pools[0].gateway.unwrap().to_string(), "10.1.0.9/24");
    assert_eq!(made.ipam.granted().count(), 2);
    assert_eq!(made.tables.len(), 1, "the driver was told");
    let web = controller.create_endpoint("borrower", endpoint(json!({"name": "web"}))).await.unwrap();
    assert!(web.endpoint.interfaces[0].ipv6.is_some());

    refused_naming(controller.delete_network("lender").await, InUse, &["\"lender\"", "borrower"]);
    assert!(controller.network("lender").unwrap().network.phase.is_ready());
    clean(&controller).await;
    controller.delete_endpoint("borrower", "web").await.unwrap();
    controller.delete_network("borrower").await.unwrap();
    controller.delete_network("lender").await.unwrap();
    site.nothing_left().await;
}

#[tokio::test]
async fn what_comes_from_the_source_is_not_given_too() {
    let site = Site::new();
    let controller = site.open().await;
    controller.create_network(network(lender())).await.unwrap();
    controller.create_network(network(json!({"name": "plain", "driver": "manual"}))).await.unwrap();
    for (field, value) in [
        ("labels", json!({"a": "c"})),
        ("options", json!({"a": "c"})),
        ("ipv6", json!(true)),
        ("ipam.pools", json!({"pools": [{"pool": "10.7.0.0/24"}]})),
        ("ipam.driver", json!({"driver": "default"})),
        ("ipam.space", json!({"space": "other"})),
        ("ipam.options", json!({"options": {"a": 1}})),
    ] {
        let mut spec = json!({"name": "borrower", "driver": "manual", "config_from": "lender"});
        let outer = field.split('.').next().unwrap();
        spec[outer] = value;
        refused_naming(controller.create_network(network(spec)).await, Invalid, &[field, "config_from"]);
    }
    let from = |name: &str| network(json!({"name": "borrower", "driver": "manual", "config_from": name}));
    refused_naming(
        controller.create_network(from("plain")).await,
        Invalid,
        &["config_from", "\"plain\"", "config_only"],
    );
    refused_naming(controller.create_network(from("nobody")).await, NotFound, &["\"nobody\""]);
    for (field, value) in [
        ("internal", json!(true)),
        ("attachable", json!(true)),
        ("ingress", json!(true)),
        ("config_from", json!("lender")),
        ("scope", json!("global")),
    ] {
        let mut spec = json!({"name": "other", "driver": "manual", "config_only": true});
        spec[field] = value;
        refused_naming(controller.create_network(network(spec)).await, Invalid, &[field]);
    }
}

#[tokio::test]
async fn a_borrower_that_comes_in_between_keeps_the_lender() {
    let (site, fake) = (Site::new(), Fake::planned());
    let controller = site.open_with(&fake).await;
    let mut spec = lender();
    spec["driver"] = "fake".into();
    controller.create_network(network(spec)).await.unwrap();
    let gate = Gate::new();
    fake.removal_waits_at(&gate);
    let deleting = tokio::spawn({
        let controller = controller.clone();
        async move { controller.delete_network("lender").await }
    });
    gate.reached().await;
    let borrower = json!({"name": "borrower", "driver": "manual", "config_from": "lender"});
    controller.create_network(network(borrower)).await.unwrap();
    gate.open();
    refused_naming(deleting.await.unwrap(), InUse, &["\"lender\"", "borrower"]);
    assert!(controller.network("lender").unwrap().network.phase.is_ready());
    clean(&controller).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_lender_goes_or_has_borrowers() {
    let site = Site::new();
    let controller = site.open().await;
    for round in 0..100 {
        controller.create_network(network(lender())).await.unwrap();
        let answers = together(2, |i| {
            let controller = controller.clone();
            let borrower = network(json!({"name": "borrower", "driver": "manual", "config_from": "lender"}));
            async move {
                match i {
                    0 => controller.delete_network("lender").await,
                    _ => controller.create_network(borrower).await.map(|_| ()),
                }
            }
        })
        .await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "round {round}: {answers:?}");
        clean(&controller).await;
        if answers[1].is_ok() {
            controller.delete_network("borrower").await.unwrap();
            controller.delete_network("lender").await.unwrap();
        }
        site.nothing_left().await;
    }
}
