//! Drivers that plan, and then make on the host what was committed.

use netkeep_controller::ErrorKind::{Forbidden, InUse, NotFound, Unavailable};
use netkeep_controller::{Controller, EndpointInfo, NetworkInfo, Result};
use netkeep_drivers::{Object, Want};
use netkeep_model::{Claim, Class, LinkName, Protocol};
use serde_json::json;

use crate::support::{Ensure, Fake, Gate, Remove, Site, clean, endpoint, network, refused, refused_naming};

const REQUEST: &str = "0123456789abcdef0123018bcfe56800";

async fn blue(controller: &Controller) -> Result<NetworkInfo> {
    let spec = json!({"name": "blue", "driver": "fake", "request": REQUEST,
        "ipam": {"pools": [{"pool": "10.1.0.0/24"}]}});
    controller.create_network(network(spec)).await
}

async fn web(controller: &Controller) -> Result<EndpointInfo> {
    controller.create_endpoint("blue", endpoint(json!({"name": "web", "request": REQUEST}))).await
}

fn number(n: u64) -> Claim {
    Claim::Number { class: Class::new("vni").unwrap(), n }
}

/// Takes a number, ports and a link for everything.
fn claiming(fake: &Fake) {
    fake.adding(|view, on| {
        let number = view.free(&Want::Number { class: Class::new("vni").unwrap(), from: 1, to: 100 });
        let ip = [0, 0, 0, 0].into();
        let ports = view.free(&Want::Ports { protocol: Protocol::Tcp, ip, count: 2, from: 8000, to: 8999 });
        let name = LinkName::new(&format!("{}0", on.kind())).unwrap();
        let link = Claim::Link { name, shared: false };
        (vec![number.unwrap(), ports.unwrap(), link], Vec::new())
    });
}

#[tokio::test]
async fn what_is_made_is_noted_before_and_goes_after() {
    let (site, fake) = (Site::new(), Fake::planned());
    let controller = site.open_with(&fake).await;
    let gate = Gate::new();
    fake.ensuring([Ensure::Wait(gate.clone())]);
    let creating = tokio::spawn({
        let controller = controller.clone();
        async move { blue(&controller).await }
    });
    gate.reached().await;
    assert!(fake.made().is_empty());
    assert_eq!(site.below("realized/").await.len(), 1, "noted before it is made");
    gate.open();
    let made = creating.await.unwrap().unwrap();
    assert_eq!(made.network.allocated["planned"], "yes");
    let web = web(&controller).await.unwrap();
    assert_eq!(fake.made(), [Object::Network(made.id), Object::Endpoint(made.id, web.id)].into());
    assert_eq!(site.below("realized/").await.len(), 2);
    clean(&controller).await;

    assert_eq!(fake.calls(), ["plan network", "ensure network", "plan endpoint", "ensure endpoint"]);
    controller.delete_endpoint("blue", "web").await.unwrap();
    controller.delete_network("blue").await.unwrap();
    assert_eq!(fake.calls(), ["remove endpoint", "remove network"]);
    assert!(fake.made().is_empty());
    site.nothing_left().await;
}

#[tokio::test]
async fn a_refusal_undoes_the_creation() {
    let (site, fake) = (Site::new(), Fake::planned());
    let controller = site.open_with(&fake).await;
    claiming(&fake);
    fake.ensuring([Ensure::Refuse]);
    refused_naming(blue(&controller).await, Forbidden, &["the driver refuses"]);
    site.nothing_left().await;
    blue(&controller).await.unwrap();
    let before = site.left().await;
    fake.ensuring([Ensure::Refuse]);
    refused_naming(web(&controller).await, Forbidden, &["the driver refuses"]);
    assert_eq!(site.left().await, before);
    web(&controller).await.unwrap();
    clean(&controller).await;
}

#[tokio::test]
async fn what_a_stranger_has_is_planned_without() {
    let (site, fake) = (Site::new(), Fake::planned());
    let controller = site.open_with(&fake).await;
    claiming(&fake);
    let port = Claim::Ports { protocol: Protocol::Tcp, ip: [127, 0, 0, 1].into(), from: 8001, to: 8001 };
    fake.ensuring([Ensure::Taken(number(1)), Ensure::Taken(port), Ensure::Taken(number(2))]);
    let made = blue(&controller).await.unwrap();
    assert_eq!(site.below("numbers/").await.len(), 1);
    assert!(site.below("numbers/").await[0].ends_with("3"), "{:?}", site.below("numbers/").await);
    assert_eq!(fake.made(), [Object::Network(made.id)].into());
    assert_eq!(controller.status().ports, 1);
    fake.calls();

    fake.ensuring((2..100).map(|n| Ensure::Taken(number(n))));
    refused_naming(web(&controller).await, Forbidden, &["a stranger has it"]);
    let ensured = fake.calls().iter().filter(|call| *call == "ensure endpoint").count();
    assert_eq!(ensured, 11, "once, and ten times more");
    assert_eq!(site.below("endpoint").await, [""; 0]);
    clean(&controller).await;
}

#[tokio::test]
async fn a_driver_without_a_choice_is_told_at_once_that_a_stranger_has_it() {
    let (site, fake) = (Site::new(), Fake::planned());
    let controller = site.open_with(&fake).await;
    fake.adding(|_, _| (vec![number(7)], Vec::new()));
    fake.ensuring([Ensure::Taken(number(7))]);
    refused_naming(blue(&controller).await, InUse, &["vni 7", "unknown to the store", "a stranger has it"]);
    assert_eq!(fake.calls(), ["plan network", "ensure network", "plan network"]);
    site.nothing_left().await;
}

#[tokio::test]
async fn what_may_have_been_made_is_removed() {
    let (site, fake) = (Site::new(), Fake::planned());
    let controller = site.open_with(&fake).await;
    claiming(&fake);
    fake.ensuring([Ensure::Lose]);
    refused_naming(blue(&controller).await, Forbidden, &["the answer was lost"]);
    assert!(fake.made().is_empty());
    site.nothing_left().await;
    blue(&controller).await.unwrap();
    fake.ensuring([Ensure::Lose]);
    refused(web(&controller).await, Forbidden);
    assert_eq!(fake.made().len(), 1);

    // If that fails too, the records stay until it succeeds.
    fake.ensuring([Ensure::Lose]);
    fake.removing([Remove::Retry]);
    refused_naming(web(&controller).await, Unavailable, &["\"web\"", "the answer was lost", "not yet"]);
    assert!(controller.endpoint("blue", "web").unwrap().endpoint.phase.is_deleting());
    refused_naming(web(&controller).await, InUse, &["in between", "delete it"]);
    controller.delete_endpoint("blue", "web").await.unwrap();
    controller.delete_network("blue").await.unwrap();
    fake.ensuring([Ensure::Lose]);
    fake.removing([Remove::Retry]);
    refused_naming(blue(&controller).await, Unavailable, &["\"blue\"", "the answer was lost", "not yet"]);
    assert!(controller.network("blue").unwrap().network.phase.is_deleting());
    controller.delete_network("blue").await.unwrap();
    assert!(fake.made().is_empty());
    site.nothing_left().await;
}

#[tokio::test]
async fn what_is_not_taken_down_yet_stays_in_deletion() {
    let (site, fake) = (Site::new(), Fake::planned());
    let controller = site.open_with(&fake).await;
    blue(&controller).await.unwrap();
    web(&controller).await.unwrap();
    fake.removing([Remove::Retry, Remove::Ignore, Remove::Retry]);
    let retry = controller.delete_endpoint("blue", "web").await;
    refused_naming(retry, Unavailable, &["endpoint", "not taken down yet", "delete it again", "not yet"]);
    assert_eq!(controller.endpoints("blue").unwrap().len(), 1);
    controller.delete_endpoint("blue", "web").await.unwrap();

    let retry = controller.delete_network("blue").await;
    refused_naming(retry, Unavailable, &["network", "not taken down yet", "not yet"]);
    assert!(controller.network("blue").unwrap().network.phase.is_deleting());
    refused_naming(web(&controller).await, InUse, &["\"blue\"", "being deleted"]);
    refused_naming(blue(&controller).await, InUse, &["\"blue\"", "in between"]);
    controller.delete_network("blue").await.unwrap();
    site.nothing_left().await;
}

#[tokio::test]
async fn a_veto_comes_before_anything_is_written() {
    let (site, fake) = (Site::new(), Fake::planned());
    let controller = site.open_with(&fake).await;
    blue(&controller).await.unwrap();
    web(&controller).await.unwrap();
    fake.objecting(true);
    let commits = site.metrics.commits();
    refused_naming(controller.delete_endpoint("blue", "web").await, Forbidden, &["the driver objects"]);
    fake.objecting(false);
    controller.delete_endpoint("blue", "web").await.unwrap();
    fake.objecting(true);
    refused_naming(controller.delete_network("blue").await, Forbidden, &["the driver objects"]);
    assert_eq!(site.metrics.commits() - commits, 1, "that of the endpoint");
    assert!(controller.network("blue").unwrap().network.phase.is_ready());
}

#[tokio::test]
async fn an_endpoint_that_comes_first_keeps_its_network_on_the_host() {
    let (site, fake) = (Site::new(), Fake::planned());
    let controller = site.open_with(&fake).await;
    let made = blue(&controller).await.unwrap();
    let gate = Gate::new();
    fake.removal_waits_at(&gate);
    let deleting = tokio::spawn({
        let controller = controller.clone();
        async move { controller.delete_network("blue").await }
    });
    gate.reached().await;
    web(&controller).await.unwrap();
    gate.open();
    refused_naming(deleting.await.unwrap(), InUse, &["active endpoints", "\"web\""]);
    assert!(fake.made().contains(&Object::Network(made.id)), "it was not taken down");
    assert!(controller.network("blue").unwrap().network.phase.is_ready());
}

#[tokio::test]
async fn a_network_that_is_not_made_yet_gets_no_endpoints() {
    let (site, fake) = (Site::new(), Fake::planned());
    let controller = site.open_with(&fake).await;
    for refuses in [true, false] {
        let gate = Gate::new();
        fake.ensuring([match refuses {
            true => Ensure::WaitAndRefuse(gate.clone()),
            false => Ensure::Wait(gate.clone()),
        }]);
        let begin = |task: usize| {
            let controller = controller.clone();
            tokio::spawn(async move {
                match task {
                    0 => blue(&controller).await.map(|_| ()),
                    _ => web(&controller).await.map(|_| ()),
                }
            })
        };
        let creating = begin(0);
        gate.reached().await;
        let endpoint = begin(1);
        // It may have its turn as often as it likes; it does not get further.
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert_eq!(site.below("endpoints/").await, [""; 0]);
        gate.open();
        if refuses {
            refused(creating.await.unwrap(), Forbidden);
            refused(endpoint.await.unwrap(), NotFound);
            site.nothing_left().await;
        } else {
            creating.await.unwrap().unwrap();
            endpoint.await.unwrap().unwrap();
            assert_eq!(fake.made().len(), 2);
        }
    }
}
