//! Drivers that answer only when they are called: the answer is kept by a second commit, and what was begun is
//! finished or taken back.

use netkeep_controller::ErrorKind::{Forbidden, InUse, Internal, Unavailable};
use netkeep_controller::{Controller, EndpointInfo, NetworkInfo, Result};
use netkeep_drivers::{EndpointAnswer, Object};
use netkeep_model::{InterfaceSpec, PortBinding, Protocol};
use serde_json::{Value, json};

use crate::support::{Ensure, Fake, Gate, Remove, Site, clean, endpoint, network, refused, refused_naming};

const REQUEST: &str = "0123456789abcdef0123018bcfe56800";

async fn blue(controller: &Controller) -> Result<NetworkInfo> {
    let spec = json!({"name": "blue", "driver": "fake", "request": REQUEST,
        "ipam": {"pools": [{"pool": "10.1.0.0/24"}]}});
    controller.create_network(network(spec)).await
}

async fn web(controller: &Controller, mut more: Value) -> Result<EndpointInfo> {
    more["name"] = "web".into();
    more["request"] = REQUEST.into();
    controller.create_endpoint("blue", endpoint(more)).await
}

fn answer(interface: InterfaceSpec) -> EndpointAnswer {
    EndpointAnswer { interfaces: vec![interface], bindings: Vec::new() }
}

#[tokio::test]
async fn the_answer_is_kept_by_a_second_commit() {
    let (site, fake) = (Site::new(), Fake::called());
    let controller = site.open_with(&fake).await;
    let before = site.metrics.commits();
    let made = blue(&controller).await.unwrap();
    assert_eq!(site.metrics.commits() - before, 3, "creating, the note of the driver, ready");
    assert_eq!(made.network.allocated["called"], "yes");
    assert!(made.network.phase.is_ready());
    assert_eq!(controller.network("blue").unwrap(), made);

    let mac = "02:00:00:00:00:07".parse().unwrap();
    let binding = PortBinding {
        protocol: Protocol::Tcp,
        port: 80,
        ip: None,
        host_ip: None,
        host_ports: Some("8080".parse().unwrap()),
    };
    let filled = InterfaceSpec { mac: Some(mac), ..InterfaceSpec::default() };
    fake.ensuring([Ensure::Make(EndpointAnswer { bindings: vec![binding.clone()], ..answer(filled) })]);
    let before = site.metrics.commits();
    let spec = json!({"bindings": [{"protocol": "tcp", "port": 80, "host_ports": "8000-8999"}]});
    let web = web(&controller, spec).await.unwrap();
    assert_eq!(site.metrics.commits() - before, 3);
    assert_eq!(web.endpoint.interfaces[0].mac, Some(mac));
    assert!(web.endpoint.interfaces[0].ipv4.is_some(), "what was set stays");
    assert_eq!(web.endpoint.bindings, [binding]);
    assert_eq!(controller.endpoint("blue", "web").unwrap(), web);
    clean(&controller).await;

    let before = site.metrics.commits();
    controller.delete_endpoint("blue", "web").await.unwrap();
    assert_eq!(site.metrics.commits() - before, 2);
    controller.delete_network("blue").await.unwrap();
    assert_eq!(site.metrics.commits() - before, 4);
    assert!(fake.made().is_empty());
    site.nothing_left().await;
}

#[tokio::test]
async fn what_is_refused_or_lost_leaves_nothing() {
    let (site, fake) = (Site::new(), Fake::called());
    let controller = site.open_with(&fake).await;
    for outcome in [Ensure::Refuse, Ensure::Lose] {
        fake.ensuring([outcome]);
        refused(blue(&controller).await, Forbidden);
        assert!(fake.made().is_empty());
        site.nothing_left().await;
    }
    blue(&controller).await.unwrap();
    let before = site.left().await;
    for outcome in [Ensure::Refuse, Ensure::Lose] {
        fake.ensuring([outcome]);
        refused(web(&controller, json!({})).await, Forbidden);
        assert_eq!(fake.made().len(), 1);
        assert_eq!(site.left().await, before);
    }
    web(&controller, json!({})).await.unwrap();
    clean(&controller).await;
}

#[tokio::test]
async fn an_answer_that_overrides_what_was_set_is_taken_down() {
    let (site, fake) = (Site::new(), Fake::called());
    let controller = site.open_with(&fake).await;
    blue(&controller).await.unwrap();
    let before = site.left().await;
    let interface = InterfaceSpec::default;
    let wrong = [
        ("ipv4", answer(InterfaceSpec { ipv4: Some("10.1.0.9/24".parse().unwrap()), ..interface() })),
        ("mac", answer(InterfaceSpec { mac: Some("02:00:00:00:00:09".parse().unwrap()), ..interface() })),
        (
            "link_local",
            answer(InterfaceSpec { link_local: vec!["fe80::9/64".parse().unwrap()], ..interface() }),
        ),
        (
            "the number of interfaces",
            EndpointAnswer { interfaces: vec![interface(); 2], bindings: Vec::new() },
        ),
        (
            "bindings",
            EndpointAnswer {
                interfaces: Vec::new(),
                bindings: vec![PortBinding {
                    protocol: Protocol::Tcp,
                    port: 80,
                    ip: None,
                    host_ip: None,
                    host_ports: Some("9".parse().unwrap()),
                }],
            },
        ),
    ];
    for (field, answer) in wrong {
        fake.ensuring([Ensure::Make(answer)]);
        let spec = json!({"ipv4": "10.1.0.7", "mac": "02:00:00:00:00:07", "link_local": ["fe80::7"],
            "bindings": [{"protocol": "tcp", "port": 80, "host_ports": "8000-8999"}]});
        refused_naming(web(&controller, spec).await, Internal, &["overrides", field]);
        assert_eq!(fake.made().len(), 1, "{field}: it was taken down");
        assert_eq!(site.left().await, before);
    }
}

#[tokio::test]
async fn a_planned_answer_that_overrides_what_was_set_is_refused() {
    let (site, fake) = (Site::new(), Fake::planned());
    let controller = site.open_with(&fake).await;
    blue(&controller).await.unwrap();
    let before = (site.left().await, site.metrics.commits());
    fake.answering(answer(InterfaceSpec {
        ipv4: Some("10.1.0.9/24".parse().unwrap()),
        ..InterfaceSpec::default()
    }));
    refused_naming(web(&controller, json!({})).await, Internal, &["overrides", "ipv4"]);
    assert_eq!((site.left().await, site.metrics.commits()), before);
    assert_eq!(fake.made().len(), 1);
}

#[tokio::test]
async fn what_is_called_is_in_deletion_first() {
    let (site, fake) = (Site::new(), Fake::called());
    let controller = site.open_with(&fake).await;
    blue(&controller).await.unwrap();
    web(&controller, json!({})).await.unwrap();
    let gate = Gate::new();
    fake.removing([Remove::Wait(gate.clone())]);
    let deleting = tokio::spawn({
        let controller = controller.clone();
        async move { controller.delete_endpoint("blue", "web").await }
    });
    gate.reached().await;
    assert!(controller.endpoint("blue", "web").unwrap().endpoint.phase.is_deleting());
    refused_naming(controller.delete_network("blue").await, InUse, &["active endpoints", "\"web\""]);
    gate.open();
    deleting.await.unwrap().unwrap();

    fake.removing([Remove::Retry]);
    refused(controller.delete_network("blue").await, Unavailable);
    assert!(controller.network("blue").unwrap().network.phase.is_deleting());
    controller.delete_network("blue").await.unwrap();
    site.nothing_left().await;
}

#[tokio::test]
async fn the_next_run_takes_back_a_creation_and_finishes_a_deletion() {
    for made_before_the_crash in [true, false] {
        let (site, fake) = (Site::new(), Fake::called());
        let controller = site.open_with(&fake).await;
        let gate = Gate::new();
        let hang = || match made_before_the_crash {
            true => Ensure::MakeAndWait(gate.clone()),
            false => Ensure::Wait(gate.clone()),
        };
        // A network is being created.
        fake.ensuring([hang()]);
        let run = controller.clone();
        let hanging = tokio::spawn(async move { blue(&run).await });
        gate.reached().await;
        assert!(matches!(
            controller.network("blue").unwrap().network.phase,
            netkeep_model::Phase::Creating { .. }
        ));
        let fake = fake.again();
        let controller = site.open_with(&fake).await;
        assert_eq!(controller.recovery().undone.len(), 1, "{:?}", controller.recovery());
        assert!(fake.made().is_empty());
        site.nothing_left().await;
        hanging.abort();

        // An endpoint is being created.
        blue(&controller).await.unwrap();
        fake.ensuring([hang()]);
        let run = controller.clone();
        let hanging = tokio::spawn(async move { web(&run, json!({})).await });
        gate.reached().await;
        let fake = fake.again();
        let controller = site.open_with(&fake).await;
        assert_eq!(controller.recovery().undone.len(), 1, "{:?}", controller.recovery());
        assert_eq!(fake.made().len(), 1);
        clean(&controller).await;
        hanging.abort();

        // Both are being deleted.
        web(&controller, json!({})).await.unwrap();
        fake.removing([Remove::Wait(gate.clone())]);
        let run = controller.clone();
        let hanging = tokio::spawn(async move { run.delete_endpoint("blue", "web").await });
        gate.reached().await;
        let fake = fake.again();
        let controller = site.open_with(&fake).await;
        assert_eq!(controller.recovery().finished.len(), 1, "{:?}", controller.recovery());
        assert_eq!(fake.made(), [Object::Network(controller.network("blue").unwrap().id)].into());
        hanging.abort();
        fake.removing([Remove::Wait(gate.clone())]);
        let run = controller.clone();
        let hanging = tokio::spawn(async move { run.delete_network("blue").await });
        gate.reached().await;
        let fake = fake.again();
        let controller = site.open_with(&fake).await;
        assert_eq!(controller.recovery().finished.len(), 1, "{:?}", controller.recovery());
        assert!(fake.made().is_empty());
        clean(&controller).await;
        site.nothing_left().await;
        hanging.abort();
    }
}
