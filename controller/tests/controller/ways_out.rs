//! Of all endpoints in a sandbox one is its way out, and publishes its ports.

use std::sync::Arc;

use netkeep_controller::ErrorKind::InUse;
use netkeep_controller::{Controller, ControllerConfig};
use netkeep_drivers_conformance::TestHost;
use netkeep_drivers_conformance::models::{Bridge, FakeKernel};
use netkeep_model::{BootId, Protocol};
use serde_json::{Value, json};

use crate::attachments::register;
use crate::shared_attachments::knows;
use crate::support::{Host, Shared, Site, clean, endpoint, eventually, network, opened, refused_naming};

/// A controller with the bridge model on this kernel.
async fn open(site: &Site, kernel: &FakeKernel) -> Controller {
    open_in(site, kernel, "one").await
}

async fn open_in(site: &Site, kernel: &FakeKernel, boot: &str) -> Controller {
    let boot = Some(BootId::new(boot).unwrap());
    let config = ControllerConfig { boot, ..site.config().await };
    register(&config, Arc::new(Bridge::new(kernel.clone()))).await;
    Controller::open(config).await.unwrap()
}

/// A network with this driver, the n-th, and an endpoint `web` in it.
async fn web(controller: &Controller, name: &str, driver: &str, n: usize, more: Value) {
    let spec =
        json!({"name": name, "driver": driver, "ipam": {"pools": [{"pool": format!("10.{n}.0.0/24")}]}});
    controller.create_network(network(spec)).await.unwrap();
    let mut spec = json!({"name": "web"});
    spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    controller.create_endpoint(name, endpoint(spec)).await.unwrap();
}

/// A sandbox that wants its port 80 at port 8080 of the host.
async fn sandbox(controller: &Controller, container: &str) {
    let spec = json!({"container": container,
        "bindings": [{"protocol": "tcp", "port": 80, "host_ports": "8080"}]});
    controller.create_sandbox(serde_json::from_value(spec).unwrap()).await.unwrap();
}

/// The network of the way out of sandbox `c`, and the ports of the host that lead there.
fn way_out(controller: &Controller) -> Option<(String, Vec<String>)> {
    let way_out = controller.sandbox("c").unwrap().way_out?;
    let network = controller.network(&way_out.network.to_string()).unwrap().network.name.to_string();
    let ports = way_out.bindings.iter().map(|binding| binding.host_ports.unwrap().to_string());
    Some((network, ports.collect()))
}

fn is(network: &str, ports: &[&str]) -> Option<(String, Vec<String>)> {
    Some((network.to_owned(), ports.iter().map(|port| (*port).to_owned()).collect()))
}

fn listens(kernel: &FakeKernel, port: u16) -> bool {
    kernel.listener(Protocol::Tcp, [0, 0, 0, 0].into(), port).is_some()
}

#[tokio::test]
async fn the_best_endpoint_of_a_sandbox_publishes_its_ports() {
    let (site, kernel) = (Site::new(), FakeKernel::new(0));
    let controller = open(&site, &kernel).await;
    let own = json!([{"protocol": "tcp", "port": 81, "host_ports": "8081"}]);
    web(&controller, "blue", "model-bridge", 1, json!({"bindings": own})).await;
    let own = json!([{"protocol": "tcp", "port": 82, "host_ports": "8082"}]);
    web(&controller, "red", "model-bridge", 2, json!({"bindings": own, "priority": 1})).await;
    sandbox(&controller, "c").await;
    assert_eq!(way_out(&controller), None);

    controller.join("blue", "web", "c").await.unwrap();
    assert_eq!(way_out(&controller), is("blue", &["8081", "8080"]));
    assert!(listens(&kernel, 8080) && listens(&kernel, 8081));
    clean(&controller).await;

    let commits = site.metrics.commits();
    controller.join("red", "web", "c").await.unwrap();
    let notes = 3;
    assert_eq!(
        site.metrics.commits() - commits,
        3 + notes,
        "the join, the move, its end, and the driver's notes"
    );
    assert_eq!(way_out(&controller), is("red", &["8082", "8080"]));
    assert!(listens(&kernel, 8080) && listens(&kernel, 8082) && !listens(&kernel, 8081));
    clean(&controller).await;
    assert_eq!(controller.status().ports, 2, "what the first one has claimed alone is free");
    controller.close().await;

    // A restart changes nothing, a reboot ends all of it.
    let controller = open(&site, &kernel).await;
    assert_eq!(way_out(&controller), is("red", &["8082", "8080"]));
    assert!(controller.recovery().finished.is_empty(), "{:?}", controller.recovery());
    controller.leave("red", "web", "c").await.unwrap();
    assert_eq!(way_out(&controller), is("blue", &["8081", "8080"]));
    assert!(listens(&kernel, 8080) && listens(&kernel, 8081) && !listens(&kernel, 8082));
    clean(&controller).await;
    controller.join("red", "web", "c").await.unwrap();
    controller.close().await;
    let controller = open_in(&site, &kernel, "two").await;
    assert!(controller.recovery().failed.is_empty(), "{:?}", controller.recovery());
    assert!(controller.sandboxes().is_empty() && controller.status().ports == 0);
    clean(&controller).await;

    sandbox(&controller, "c").await;
    for name in ["blue", "red"] {
        controller.join(name, "web", "c").await.unwrap();
    }
    controller.delete_endpoint_by_force("red", "web").await.unwrap();
    assert_eq!(way_out(&controller), is("blue", &["8081", "8080"]));
    controller.delete_sandbox_by_force("c").await.unwrap();
    controller.delete_endpoint("blue", "web").await.unwrap();
    for name in ["blue", "red"] {
        controller.delete_network(name).await.unwrap();
    }
    assert!(kernel.present().is_empty(), "{:?}", kernel.present());
    site.nothing_left().await;
}

#[tokio::test]
async fn the_way_out_is_chosen_by_priority_gateway_and_name() {
    let (site, kernel) = (Site::new(), FakeKernel::new(0));
    let controller = open(&site, &kernel).await;
    sandbox(&controller, "c").await;
    let internal = json!({"name": "inside", "driver": "manual", "internal": true,
        "ipam": {"pools": [{"pool": "10.9.0.0/24"}]}});
    controller.create_network(network(internal)).await.unwrap();
    controller.create_endpoint("inside", endpoint(json!({"name": "web", "priority": 9}))).await.unwrap();
    let sixth = json!({"name": "a6", "driver": "manual", "ipv4": false, "ipv6": true,
        "ipam": {"pools": [{"pool": "fd00:6::/64"}]}});
    controller.create_network(network(sixth)).await.unwrap();
    controller.create_endpoint("a6", endpoint(json!({"name": "web", "priority": 5}))).await.unwrap();
    web(&controller, "green", "manual", 3, json!({})).await;
    web(&controller, "blue", "manual", 4, json!({})).await;
    web(&controller, "red", "manual", 5, json!({"priority": 1})).await;
    for (joins, network) in [
        ("inside", None),
        ("a6", Some("a6")),
        ("green", Some("green")),
        ("blue", Some("blue")),
        ("red", Some("red")),
    ] {
        controller.join(joins, "web", "c").await.unwrap();
        assert_eq!(way_out(&controller).map(|found| found.0).as_deref(), network, "{joins} has joined");
    }
    assert_eq!(site.below("ways-out/").await, [""; 0], "this driver publishes nothing for a way out");
    clean(&controller).await;
}

#[tokio::test]
async fn a_way_out_whose_port_is_held_does_not_join_and_nothing_has_moved() {
    let (site, kernel) = (Site::new(), FakeKernel::new(0));
    let controller = open(&site, &kernel).await;
    web(&controller, "blue", "model-bridge", 1, json!({})).await;
    let taken = json!([{"protocol": "tcp", "port": 82, "host_ports": "9000"}]);
    web(&controller, "red", "model-bridge", 2, json!({"bindings": taken, "priority": 1})).await;
    web(&controller, "held", "manual", 3, json!({"bindings": taken})).await;
    sandbox(&controller, "c").await;
    controller.join("blue", "web", "c").await.unwrap();
    // By an endpoint of this store.
    let before = (kernel.present(), site.left().await);
    refused_naming(controller.join("red", "web", "c").await, InUse, &["9000"]);
    assert_eq!((kernel.present(), site.left().await), before);
    clean(&controller).await;
    controller.delete_endpoint("held", "web").await.unwrap();
    // By a stranger, whom only the host knows.
    kernel.listen(Protocol::Tcp, [0, 0, 0, 0].into(), 9000, "stranger").await.unwrap();
    let before = (kernel.present(), site.left().await);
    refused_naming(controller.join("red", "web", "c").await, InUse, &["9000"]);
    assert_eq!((kernel.present(), site.left().await), before, "what was published before is published again");
    assert_eq!(way_out(&controller), is("blue", &["8080"]));
    clean(&controller).await;
}

/// A host with the bridge model.
async fn open_shared(host: &Host, kernel: &FakeKernel) -> Controller {
    let config = host.config().await;
    register(&config, Arc::new(Bridge::new(kernel.clone()))).await;
    let controller = Controller::open(config).await.unwrap();
    opened(&controller).await;
    controller
}

#[tokio::test]
async fn the_way_out_moves_between_networks_of_both_scopes() {
    let shared = Shared::new();
    let (one, two, kernel) = (shared.host(), shared.host(), FakeKernel::new(0));
    let (a, b) = (open_shared(&one, &kernel).await, two.open().await);
    web(&a, "red", "model-bridge", 2, json!({})).await;
    let spec = json!({"name": "blue", "driver": "manual", "scope": "global",
        "ipam": {"pools": [{"pool": "10.1.0.0/24"}]}});
    a.create_network(network(spec)).await.unwrap();
    sandbox(&a, "c").await;
    for forced in [false, true] {
        a.create_endpoint("blue", endpoint(json!({"name": "web", "priority": 1}))).await.unwrap();
        if !forced {
            a.join("red", "web", "c").await.unwrap();
        }
        assert_eq!(way_out(&a), is("red", &["8080"]));
        a.join("blue", "web", "c").await.unwrap();
        assert_eq!(way_out(&a), is("blue", &[]));
        assert!(!listens(&kernel, 8080) && a.status().ports == 0);
        clean(&a).await;
        if forced {
            knows(&b, "web").await;
            b.delete_endpoint_by_force("blue", "web").await.unwrap();
            eventually("it is published again", || listens(&kernel, 8080).then_some(())).await;
        } else {
            a.leave("blue", "web", "c").await.unwrap();
            a.delete_endpoint("blue", "web").await.unwrap();
        }
        eventually("it is the way out", || (way_out(&a) == is("red", &["8080"])).then_some(())).await;
        assert!(listens(&kernel, 8080));
    }
    a.delete_sandbox_by_force("c").await.unwrap();
    assert!(!listens(&kernel, 8080) && a.status().ports == 0);
    clean(&a).await;
}
