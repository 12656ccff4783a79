//! What drivers claim and keep is recorded for its owner, in the commit of the object, and goes with it.

use netkeep_controller::ErrorKind::{InUse, Internal, Invalid};
use netkeep_controller::{Controller, ErrorKind};
use netkeep_drivers::PlannedRecord;
use netkeep_model::{Claim, Class, LinkName, Object, Protocol, Scope};
use netkeep_store::{Key, Segment};
use serde_json::{Value, json};

use crate::support::{Fake, Site, clean, endpoint, network, pool, refused_naming, space};

async fn blue(controller: &Controller) -> netkeep_controller::Result<netkeep_controller::NetworkInfo> {
    let spec = json!({"name": "blue", "driver": "fake", "ipam": {"pools": [{"pool": "10.1.0.0/24"}]}});
    controller.create_network(network(spec)).await
}

/// One claim of every kind; those of one object are not those of another.
fn every_kind(on: Object) -> Vec<Claim> {
    let (n, third) = match on {
        Object::Network(_) => (1, "10.7.1.0/24"),
        _ => (2, "10.7.2.0/24"),
    };
    let (local, part) = (space("LocalDefault"), pool(&format!("10.8.{n}.0/24")));
    let (from, to) = (250 + 20 * u16::from(n), 260 + 20 * u16::from(n));
    vec![
        Claim::Number { class: Class::new("vni").unwrap(), n: u64::from(n) },
        Claim::Link { name: LinkName::new("shared0").unwrap(), shared: true },
        Claim::Link { name: LinkName::new(&format!("own{n}")).unwrap(), shared: false },
        Claim::Ports { protocol: Protocol::Udp, ip: [0, 0, 0, 0].into(), from, to },
        Claim::Address { space: local.clone(), pool: pool("10.1.0.0/24"), ip: [10, 1, 0, 100 + n].into() },
        Claim::Pool { space: local.clone(), pool: pool(third), sub: None },
        Claim::Pool { space: local, pool: pool("10.8.0.0/16"), sub: Some(part) },
    ]
}

fn record(on: Object) -> PlannedRecord {
    PlannedRecord {
        scope: Scope::Local,
        on,
        name: Segment::escape("mine"),
        value: Some(json!({"on": on.to_string()})),
    }
}

/// The owners in the record under this key.
async fn owners(site: &Site, key: &str) -> Vec<Value> {
    let entry = site.store.get(&Key::parse(key).unwrap()).await.unwrap();
    let entry = entry.unwrap_or_else(|| panic!("{key} is not there"));
    let record: Value = serde_json::from_slice(&entry.value).unwrap();
    let record = &record["record"];
    match (&record["owner"], &record["owners"], &record["claims"]) {
        (owner @ Value::Object(_), _, _) => vec![owner.clone()],
        (_, Value::Array(owners), _) => owners.clone(),
        (_, _, Value::Array(claims)) => claims.iter().map(|claim| claim["owner"].clone()).collect(),
        _ => panic!("{key} has no owner: {record}"),
    }
}

#[tokio::test]
async fn claims_of_every_kind_have_their_owner_and_go_with_it() {
    let (site, fake) = (Site::new(), Fake::planned());
    let controller = site.open_with(&fake).await;
    // Those of an endpoint and its names would lie in too many directories with a part of a pool.
    let few = |on| every_kind(on).into_iter().take(if matches!(on, Object::Network(_)) { 7 } else { 6 });
    fake.adding(move |_, on| (few(on).collect(), vec![record(on)]));
    let before = site.metrics.commits();
    let network = blue(&controller).await.unwrap().id;
    assert_eq!(site.metrics.commits() - before, 2, "the network, and the driver's note");
    let of_network = json!({"is": "network", "network": network.to_string()});
    let own_of_network = [
        "numbers/vni/0000000000000001",
        "links/own1",
        "ports/udp/01",
        "addresses/LocalDefault/4-0a010000-24/4-0a010065",
        "pools/LocalDefault/4-0a070100-24",
        "subpools/LocalDefault/4-0a080000-16/4-0a080100-24",
    ];
    for key in own_of_network {
        assert_eq!(owners(&site, key).await, std::slice::from_ref(&of_network), "{key}");
    }
    assert_eq!(site.below("drivers/fake/").await.len(), 1);
    clean(&controller).await;

    let before = site.metrics.commits();
    let web = controller.create_endpoint("blue", endpoint(json!({"name": "web"}))).await.unwrap().id;
    assert_eq!(site.metrics.commits() - before, 2, "the endpoint, and the driver's note");
    let of_web = json!({"is": "endpoint", "network": network.to_string(), "endpoint": web.to_string()});
    for key in [
        "numbers/vni/0000000000000002",
        "links/own2",
        "addresses/LocalDefault/4-0a010000-24/4-0a010066",
        "pools/LocalDefault/4-0a070200-24",
    ] {
        assert_eq!(owners(&site, key).await, std::slice::from_ref(&of_web), "{key}");
    }
    for key in ["links/shared0", "ports/udp/01"] {
        let both = owners(&site, key).await;
        assert_eq!(
            (both.len(), both.contains(&of_network), both.contains(&of_web)),
            (2, true, true),
            "{key}"
        );
    }
    assert_eq!(site.below("drivers/fake/").await.len(), 2);
    clean(&controller).await;
    controller.close().await;

    let controller = site.open_with(&fake.again()).await;
    controller.delete_endpoint("blue", "web").await.unwrap();
    for key in own_of_network.into_iter().chain(["links/shared0"]) {
        assert_eq!(owners(&site, key).await, std::slice::from_ref(&of_network), "{key}");
    }
    clean(&controller).await;
    controller.delete_network("blue").await.unwrap();
    clean(&controller).await;
    site.nothing_left().await;
}

/// Refuses a network of a driver that claims or keeps this.
async fn network_refused(
    claims: Vec<Claim>,
    records: fn(Object) -> Vec<PlannedRecord>,
    kind: ErrorKind,
    named: &[&str],
) {
    let (site, fake) = (Site::new(), Fake::planned());
    let controller = site.open_with(&fake).await;
    fake.adding(move |_, on| (claims.clone(), records(on)));
    refused_naming(blue(&controller).await, kind, named);
    assert!(fake.made().is_empty());
    site.nothing_left().await;
}

#[tokio::test]
async fn a_driver_gets_nothing_that_it_must_not_have() {
    let local = || space("LocalDefault");
    let global = |on| vec![PlannedRecord { scope: Scope::Global, ..record(on) }];
    network_refused(vec![], global, Internal, &["driver fake", "global record", "local scope"]).await;
    let elsewhere = |_| vec![record(Object::Network(netkeep_model::NetworkId::generate()))];
    network_refused(vec![], elsewhere, Internal, &["driver fake", "record", "another object"]).await;
    let twice = |on| vec![record(on), record(on)];
    network_refused(vec![], twice, Internal, &["driver fake", "mine", "twice"]).await;

    let overlapping = Claim::Pool { space: local(), pool: pool("10.0.0.0/8"), sub: None };
    network_refused(vec![overlapping], |_| vec![], InUse, &["10.0.0.0/8", "overlaps pool 10.1.0.0/24"]).await;
    let nobodys = Claim::Pool { space: space("other"), pool: pool("10.0.0.0/8"), sub: None };
    network_refused(vec![nobodys], |_| vec![], Internal, &["space other"]).await;
    let no_pool = Claim::Address { space: local(), pool: pool("10.9.0.0/24"), ip: [10, 9, 0, 1].into() };
    network_refused(vec![no_pool], |_| vec![], Internal, &["10.9.0.1", "pool is not there"]).await;
    let outside = Claim::Address { space: local(), pool: pool("10.1.0.0/24"), ip: [10, 9, 0, 1].into() };
    network_refused(vec![outside], |_| vec![], Internal, &["10.9.0.1", "not in its pool"]).await;
    let backwards = Claim::Ports { protocol: Protocol::Tcp, ip: [0, 0, 0, 0].into(), from: 9, to: 8 };
    network_refused(vec![backwards], |_| vec![], Invalid, &["port range", "9-8"]).await;
    let twice = Claim::Number { class: Class::new("vni").unwrap(), n: 1 };
    network_refused(vec![twice.clone(), twice], |_| vec![], Internal, &["vni 1", "twice"]).await;
}

#[tokio::test]
async fn what_another_holds_is_refused() {
    let (site, fake) = (Site::new(), Fake::planned());
    let controller = site.open_with(&fake).await;
    fake.adding(|_, on| (every_kind(on), Vec::new()));
    blue(&controller).await.unwrap();
    let before = site.left().await;
    let red =
        || network(json!({"name": "red", "driver": "fake", "ipam": {"pools": [{"pool": "10.2.0.0/24"}]}}));
    for claim in every_kind(controller.networks().iter().map(|info| Object::Network(info.id)).next().unwrap())
    {
        if matches!(&claim, Claim::Link { shared: true, .. }) {
            continue;
        }
        let named = claim.clone();
        fake.adding(move |_, _| (vec![claim.clone()], Vec::new()));
        let attempts = site.metrics.commit_attempts();
        refused_naming(controller.create_network(red()).await, InUse, &["held by"]);
        let tried = site.metrics.commit_attempts() - attempts;
        assert!(tried <= 1, "{named}: it was tried {tried} times");
        assert_eq!(site.left().await, before, "{named}");
    }
}
