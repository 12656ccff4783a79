//! Endpoints join sandboxes of several hosts, on networks that the hosts share.

use std::sync::Arc;
use std::time::Duration;

use netkeep_controller::ErrorKind::{Forbidden, InUse, NotFound, Unavailable, Unknown};
use netkeep_controller::{Controller, ControllerConfig, GlobalState};
use netkeep_drivers_conformance::TestHost;
use netkeep_drivers_conformance::models::{FakeKernel, Overlay};
use netkeep_model::BootId;
use netkeep_store::Prefix;
use netkeep_store::layers::Operation;
use netkeep_store_conformance::fault::{Fault, Step};
use serde_json::json;

use crate::attachments::register;
use crate::support::{
    Host, Shared, clean, endpoint, eventually, network, opened, refused, refused_naming, stands, together,
};

pub(crate) async fn sandbox(controller: &Controller, container: &str) {
    let spec = serde_json::from_value(json!({"container": container})).unwrap();
    controller.create_sandbox(spec).await.unwrap();
}

/// A host with the overlay model on this kernel.
pub(crate) async fn with_overlay(host: &Host, kernel: &FakeKernel) -> Controller {
    let config = host.config().await;
    register(&config, Arc::new(Overlay::new(kernel.clone()))).await;
    let controller = Controller::open(config).await.unwrap();
    opened(&controller).await;
    controller
}

pub(crate) async fn blue(controller: &Controller, driver: &str) {
    let spec = json!({"name": "blue", "driver": driver, "scope": "global",
        "ipam": {"pools": [{"pool": "10.1.0.0/24"}]}});
    controller.create_network(network(spec)).await.unwrap();
}

/// Waits until a controller knows of an endpoint.
pub(crate) async fn knows(controller: &Controller, name: &str) {
    // Not one whose id begins with this name.
    let known = || controller.endpoint("blue", name).ok().filter(|of| of.endpoint.name.as_str() == name);
    eventually("it is known", known).await;
}

#[tokio::test]
async fn what_another_host_has_just_made_can_be_joined() {
    let shared = Shared::new();
    let (one, two) = (shared.host(), shared.host());
    let (a, b) = (one.open().await, two.open().await);
    sandbox(&b, "d").await;
    two.faults.hold_watches(None);
    blue(&a, "manual").await;
    a.create_endpoint("blue", endpoint(json!({"name": "web"}))).await.unwrap();
    let late = async {
        // Long enough for a host that does not wait for what it has not heard to refuse.
        tokio::time::sleep(Duration::from_millis(100)).await;
        two.faults.release_watches();
    };
    let (joined, refusal, ()) = tokio::join!(b.join("blue", "web", "d"), b.join("red", "web", "d"), late);
    assert!(joined.unwrap().endpoint.attachment.is_some());
    refused(refusal, NotFound);
    b.delete_endpoint_by_force("blue", "web").await.unwrap();
    clean(&a).await;
    clean(&b).await;
}

#[tokio::test]
async fn a_repeated_join_is_not_answered_by_what_another_host_has_ended() {
    let shared = Shared::new();
    let (one, two) = (shared.host(), shared.host());
    let (a, b) = (one.open().await, two.open().await);
    blue(&a, "manual").await;
    let web = a.create_endpoint("blue", endpoint(json!({"name": "web"}))).await.unwrap().id.to_string();
    sandbox(&b, "d").await;
    let joined = b.join("blue", &web, "d").await.unwrap();
    assert_eq!(b.join("blue", &web, "d").await.unwrap(), joined);
    two.faults.hold_watches(None);
    a.delete_endpoint_by_force("blue", &web).await.unwrap();
    let late = async {
        // Long enough for a host that does not wait for what it has not heard to answer.
        tokio::time::sleep(Duration::from_millis(100)).await;
        two.faults.release_watches();
    };
    let (again, ()) = tokio::join!(b.join("blue", &web, "d"), late);
    refused(again, NotFound);
    eventually("it is taken down", || b.sandbox("d").unwrap().sandbox.endpoints.is_empty().then_some(()))
        .await;
    clean(&b).await;
}

#[tokio::test]
async fn what_another_host_joins_while_it_is_deleted_stays() {
    let shared = Shared::new();
    let (one, two) = (shared.host(), shared.host());
    let (a, b) = (one.open().await, two.open().await);
    blue(&b, "manual").await;
    sandbox(&b, "d").await;
    eventually("it is known", || a.network("blue").ok()).await;
    // The deletion has to wait for what hangs on the endpoint.
    one.faults.hold_watches(Some(Prefix::parse("endpoints").unwrap()));
    let web = b.create_endpoint("blue", endpoint(json!({"name": "web"}))).await.unwrap().id.to_string();
    eventually("it is known", || a.endpoint("blue", &web).ok()).await;
    let deleting = tokio::spawn({
        let (a, web) = (a.clone(), web.clone());
        async move { a.delete_endpoint("blue", &web).await }
    });
    // Until it waits: nothing here needs more than its turn.
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    b.join("blue", &web, "d").await.unwrap();
    let attached = || a.endpoint("blue", &web).ok()?.endpoint.attachment;
    eventually("it is known", attached).await;
    one.faults.release_watches();
    refused(deleting.await.unwrap(), InUse);
    assert!(b.endpoint("blue", &web).unwrap().endpoint.attachment.is_some());
    clean(&a).await;
    clean(&b).await;
}

#[tokio::test]
async fn two_hosts_join_endpoints_of_one_network() {
    let shared = Shared::new();
    let (one, two) = (shared.host(), shared.host());
    let (a, b) = (one.open().await, two.open().await);
    blue(&a, "manual").await;
    for name in ["web", "db"] {
        let spec = json!({"name": name, "bindings": [{"protocol": "tcp", "port": 80, "host_ports": "8080"}]});
        a.create_endpoint("blue", endpoint(spec)).await.unwrap();
    }
    sandbox(&a, "c").await;
    sandbox(&b, "d").await;
    knows(&b, "db").await;
    let (local, global) = (one.site.metrics.commits(), one.faults.made(Operation::Commit));
    let web = a.join("blue", "web", "c").await.unwrap();
    assert_eq!(one.site.metrics.commits() - local, 3, "the first use of the network, the intent, its end");
    assert_eq!(one.faults.made(Operation::Commit) - global, 1, "the commit that decides");
    // Each host has port 8080 of its own.
    let db = b.join("blue", "db", "d").await.unwrap();
    for joined in [&web, &db] {
        let attachment = joined.endpoint.attachment.as_ref().unwrap();
        assert_eq!(attachment.bindings[0].host_ports.unwrap().to_string(), "8080");
        assert!(joined.endpoint.bindings.is_empty(), "a port is of the host for as long as the join lasts");
    }
    clean(&a).await;
    clean(&b).await;

    let (local, global) = (one.site.metrics.commits(), one.faults.made(Operation::Commit));
    a.leave("blue", "web", "c").await.unwrap();
    assert_eq!(one.site.metrics.commits() - local, 3, "the intent, its end, the last use of the network");
    assert_eq!(one.faults.made(Operation::Commit) - global, 1);
    b.leave("blue", "db", "d").await.unwrap();
    eventually("a knows", || a.endpoint("blue", "db").unwrap().endpoint.attachment.is_none().then_some(()))
        .await;
    for name in ["web", "db"] {
        a.delete_endpoint("blue", name).await.unwrap();
    }
    a.delete_network("blue").await.unwrap();
    a.delete_sandbox("c").await.unwrap();
    b.delete_sandbox("d").await.unwrap();
    clean(&a).await;
    shared.nothing_left().await;
    one.site.nothing_left().await;
    two.site.nothing_left().await;
}

#[tokio::test]
async fn what_another_host_has_attached_is_named_and_goes_only_by_force() {
    let shared = Shared::new();
    let (one, two) = (shared.host(), shared.host());
    let kernel = FakeKernel::new(1);
    let a = with_overlay(&one, &kernel).await;
    let b = with_overlay(&two, &FakeKernel::new(2)).await;
    blue(&a, "model-overlay").await;
    a.create_endpoint("blue", endpoint(json!({"name": "web"}))).await.unwrap();
    sandbox(&a, "c").await;
    sandbox(&b, "d").await;
    let web = a.join("blue", "web", "c").await.unwrap();
    assert!(!kernel.present().is_empty());
    let attachment = web.endpoint.attachment.unwrap();
    eventually("b knows", || b.endpoint("blue", "web").ok()?.endpoint.attachment).await;
    let (id, host) = (attachment.sandbox.to_string(), attachment.host.host.to_string());
    let named = ["web", id.as_str(), "container c", host.as_str()];
    refused_naming(b.join("blue", "web", "d").await, InUse, &named);
    refused_naming(b.leave("blue", "web", "d").await, Forbidden, &named);
    refused_naming(b.delete_endpoint("blue", "web").await, InUse, &named);
    refused_naming(b.delete_network("blue").await, InUse, &["web", "container c"]);

    b.delete_endpoint_by_force("blue", "web").await.unwrap();
    eventually("the host takes it down", || kernel.present().is_empty().then_some(())).await;
    let empty = || a.sandbox("c").unwrap().sandbox.endpoints.is_empty().then_some(());
    eventually("the sandbox is empty", empty).await;
    refused_naming(a.leave("blue", "web", "c").await, NotFound, &["web"]);
    b.delete_network("blue").await.unwrap();
    a.delete_sandbox("c").await.unwrap();
    b.delete_sandbox("d").await.unwrap();
    shared.nothing_left().await;
    eventually_nothing_left(&one).await;
    clean(&a).await;
}

/// Waits until nothing is left in the store of a host: what is taken down while it runs has its own time.
async fn eventually_nothing_left(host: &Host) {
    let begun = std::time::Instant::now();
    loop {
        let left = host.site.left().await;
        if left.iter().all(|key| key == "meta/host") {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{left:?}");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_commit_that_nobody_heard_of_is_judged_once_it_is_settled() {
    let shared = Shared::new();
    let host = shared.host();
    let kernel = FakeKernel::new(1);
    let controller = with_overlay(&host, &kernel).await;
    blue(&controller, "model-overlay").await;
    controller.create_endpoint("blue", endpoint(json!({"name": "web"}))).await.unwrap();
    sandbox(&controller, "c").await;
    // The store freezes in the commit that decides, and makes it later, unless it was shut out by then.
    let next = host.faults.made(Operation::Commit);
    host.faults.set(Step::of(Operation::Commit, next), Fault::Freeze);
    refused(controller.join("blue", "web", "c").await, Unknown);
    stands(&controller, GlobalState::Away).await;
    assert_eq!(host.site.below("intents/").await.len(), 1, "nothing is judged yet");
    refused_naming(controller.leave("blue", "web", "c").await, Unavailable, &["global"]);
    refused_naming(controller.delete_sandbox("c").await, InUse, &["web"]);

    host.faults.thaw();
    stands(&controller, GlobalState::InSync).await;
    let begun = std::time::Instant::now();
    while !host.site.below("intents/").await.is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(30), "the intent is not judged");
        tokio::task::yield_now().await;
    }
    let joined = controller.endpoint("blue", "web").unwrap().endpoint.attachment.is_some();
    let inside = !controller.sandbox("c").unwrap().sandbox.endpoints.is_empty();
    assert_eq!(joined, inside);
    clean(&controller).await;
    controller.join("blue", "web", "c").await.unwrap();
    clean(&controller).await;
    controller.delete_sandbox_by_force("c").await.unwrap();
    controller.delete_endpoint("blue", "web").await.unwrap();
    controller.delete_network("blue").await.unwrap();
    eventually_nothing_left(&host).await;
    shared.nothing_left().await;
    assert!(kernel.present().is_empty(), "{:?}", kernel.present());
}

#[tokio::test]
async fn a_reboot_while_the_global_store_is_away_ends_attachments_once_it_is_back() {
    let shared = Shared::new();
    let host = shared.host();
    let controller = open_in(&host, "one").await;
    opened(&controller).await;
    blue(&controller, "manual").await;
    controller.create_endpoint("blue", endpoint(json!({"name": "web"}))).await.unwrap();
    sandbox(&controller, "c").await;
    let first = controller.join("blue", "web", "c").await.unwrap();
    controller.close().await;

    // A restart of the daemon keeps it.
    let host = shared.host_over(host.site);
    let controller = open_in(&host, "one").await;
    opened(&controller).await;
    assert_eq!(controller.endpoint("blue", "web").unwrap(), first);
    clean(&controller).await;
    controller.close().await;

    let host = shared.host_over(host.site);
    host.faults.freeze();
    let controller = open_in(&host, "two").await;
    let old = controller.sandbox("c").unwrap();
    assert_eq!(old.sandbox.endpoints.len(), 1, "the attachment is in the store that is away");
    // The container begins anew at once.
    sandbox(&controller, "c").await;
    let new = controller.sandbox("c").unwrap();
    assert_ne!(new.id, old.id);
    host.faults.thaw();
    opened(&controller).await;
    assert_eq!(controller.endpoint("blue", "web").unwrap().endpoint.attachment, None);
    assert_eq!(controller.sandboxes(), [new]);
    clean(&controller).await;
    controller.join("blue", "web", "c").await.unwrap();
    clean(&controller).await;
}

async fn open_in(host: &Host, boot: &str) -> Controller {
    let boot = Some(BootId::new(boot).unwrap());
    Controller::open(ControllerConfig { boot, ..host.config().await }).await.unwrap()
}

#[tokio::test]
async fn one_of_the_joins_of_several_hosts_wins() {
    let shared = Shared::new();
    let hosts = [shared.host(), shared.host()];
    let controllers = [hosts[0].open().await, hosts[1].open().await];
    blue(&controllers[0], "manual").await;
    for controller in &controllers {
        sandbox(controller, "c").await;
    }
    for round in 0..20 {
        let name = format!("e{round}");
        controllers[0].create_endpoint("blue", endpoint(json!({"name": name}))).await.unwrap();
        knows(&controllers[1], &name).await;
        let deletes = round % 2 == 0;
        let outcomes = together(if deletes { 3 } else { 2 }, |i| {
            let (controller, name) = (controllers[i % 2].clone(), name.clone());
            async move {
                match i {
                    2 => controller.delete_endpoint("blue", &name).await,
                    _ => controller.join("blue", &name, "c").await.map(drop),
                }
            }
        })
        .await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
        for error in outcomes.into_iter().filter_map(Result::err) {
            assert!(matches!(error.kind(), InUse | NotFound), "{error}");
        }
        for controller in &controllers {
            if controller.endpoint("blue", &name).is_ok() {
                let _ = controller.leave("blue", &name, "c").await;
            }
        }
        let gone = controllers[0].delete_endpoint_by_force("blue", &name).await;
        assert!(
            gone.as_ref().is_ok() || gone.as_ref().is_err_and(|error| error.kind() == NotFound),
            "{gone:?}"
        );
    }
    controllers[0].delete_network("blue").await.unwrap();
    for (controller, host) in controllers.iter().zip(&hosts) {
        controller.delete_sandbox("c").await.unwrap();
        eventually_nothing_left(host).await;
        clean(controller).await;
    }
    shared.nothing_left().await;
}
