//! A crash at every step of a repair: what was done is done, what was not is found again, and the next plan ends
//! it.

use std::collections::BTreeSet;

use netkeep_controller::Controller;
use netkeep_drivers_conformance::{Fault, Place};
use netkeep_store::{Key, Txn};
use serde_json::{Value, json};

use crate::crash::ground::Memory;
use crate::crash::operation::Operation;
use crate::crash::shape::Shape;
use crate::crash::world::World;
use crate::crash::wrong::{GONE, GONE_KEY, mend};

#[tokio::test]
async fn repair() {
    let (whole, controller) = broken().await;
    whole.faults.calm();
    mend(&controller).await;
    let steps = whole.faults.passed();
    check(&controller, "without a crash").await;
    let wanted: BTreeSet<String> = whole.keys().await.into_iter().collect();
    assert!(steps.len() >= 18, "too few steps: {steps:?}");
    for (at, step) in steps.iter().enumerate() {
        let place = format!("at step {at} ({step})");
        let (world, controller) = broken().await;
        world.faults.arm(Fault::End, Place::ALL, at);
        let ended = world.faults.until_end(mend(&controller)).await;
        assert!(ended.is_none(), "{place}: no crash happened");
        world.restart().await;
        let controller = world.open().await.unwrap();
        mend(&controller).await;
        check(&controller, &place).await;
        let left: BTreeSet<String> = world.keys().await.into_iter().collect();
        assert_eq!(left, wanted, "{place}");
        controller.close().await;
    }
    println!("repair: {} steps", steps.len());
}

/// A host with a network and an endpoint, and one thing that is wrong for each way of mending.
async fn broken() -> (World, Controller) {
    let world = World::new(Shape::Bridge, &Memory { connects_all: false }).await;
    let controller = world.open().await.unwrap();
    Operation::DeleteEndpoint.prepare(Shape::Bridge, &controller).await;
    let network = controller.network("blue").unwrap();
    let endpoint = controller.endpoint("blue", "web").unwrap();
    let gone = json!({"is": "endpoint", "network": GONE, "endpoint": GONE});
    let created = json!({"name": "lost", "created": 1, "owner": {"host": GONE, "incarnation": 1}});
    let told = json!({"driver": "model-bridge", "scope": "local", "boot": "b", "incarnation": 1, "since": 1});
    let leaked = json!({"is": "endpoint", "network": network.id, "endpoint": GONE});
    let mut wrong: Vec<(String, &str, Value)> = vec![
        // Goes with all that it holds, in pieces.
        (format!("endpoints/{GONE_KEY}/{GONE_KEY}"), "endpoint", created),
        (format!("endpoint-names/{GONE_KEY}/lost"), "endpoint-name", json!({"endpoint": GONE})),
        // Is released.
        (
            "pools/LocalDefault/4-0a050000-24".to_owned(),
            "pool",
            json!({"owner": {"is": "network", "network": GONE}}),
        ),
        // Is taken down.
        (format!("realized/network/{GONE_KEY}"), "realized", told),
        // Is removed.
        ("addresses/LocalDefault/4-0a010000-24/4-0a0100f0".to_owned(), "address", json!({"owner": leaked})),
        ("network-names/lost".to_owned(), "network-name", json!({"network": GONE})),
    ];
    wrong.extend(
        (0..60).map(|n| (format!("numbers/vni/00000000000000{n:02x}"), "number", json!({"owner": gone}))),
    );
    let store = world.connect();
    for (key, kind, record) in wrong {
        let stored = json!({"kind": kind, "version": 1, "record": record}).to_string();
        store.commit(&Txn::new().put(Key::parse(&key).unwrap(), stored)).await.unwrap();
    }
    // Its record does not lead to it any more.
    let name = world
        .keys()
        .await
        .into_iter()
        .find(|key| key.starts_with("endpoint-names/") && key.ends_with("/web"));
    store.commit(&Txn::new().delete(Key::parse(&name.unwrap()).unwrap())).await.unwrap();
    assert_eq!(endpoint.network, network.id);
    (world, controller)
}

async fn check(controller: &Controller, place: &str) {
    let report = controller.check().await.unwrap();
    assert!(report.is_clean(), "{place}: {:#?}", report.violations);
}
