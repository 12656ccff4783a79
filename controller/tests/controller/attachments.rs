//! Endpoints join sandboxes and leave them, on networks of one host.

use std::sync::Arc;

use netkeep_controller::ErrorKind::{Exists, Forbidden, InUse, NotFound};
use netkeep_controller::{Controller, ControllerConfig};
use netkeep_drivers::NetworkDriver;
use netkeep_drivers::registry::DriverContext;
use netkeep_drivers_conformance::TestHost;
use netkeep_drivers_conformance::models::{Bridge, FakeKernel};
use netkeep_model::{BootId, Options};
use serde_json::{Value, json};

use crate::support::{Site, clean, endpoint, network, refused, refused_naming, together};

/// Registers a driver beside the built-in ones.
pub(crate) async fn register(config: &ControllerConfig, driver: Arc<dyn NetworkDriver>) {
    let kind = driver.info().kind.clone();
    let init = |context: DriverContext| async move {
        let kind = driver.info().kind.clone();
        context.registrar.network(kind, |_| async move { Ok(driver) }).await
    };
    config.registry.add_driver(kind, init, Options::new()).await.unwrap();
}

async fn sandbox(controller: &Controller, container: &str) -> String {
    let spec = serde_json::from_value(json!({"container": container})).unwrap();
    controller.create_sandbox(spec).await.unwrap().id.to_string()
}

/// A network `blue` with endpoint `web`, and sandboxes of `c` and `d`.
async fn prepare(controller: &Controller, more: Value) {
    let spec = json!({"name": "blue", "driver": "manual", "ipam": {"pools": [{"pool": "10.1.0.0/24"}]}});
    controller.create_network(network(spec)).await.unwrap();
    let mut web = json!({"name": "web"});
    web.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    controller.create_endpoint("blue", endpoint(web)).await.unwrap();
    sandbox(controller, "c").await;
    sandbox(controller, "d").await;
}

async fn open_in(site: &Site, boot: &str) -> Controller {
    let boot = Some(BootId::new(boot).unwrap());
    Controller::open(ControllerConfig { boot, ..site.config().await }).await.unwrap()
}

#[tokio::test]
async fn what_is_joined_is_found_again_and_leaves_without_a_trace() {
    let site = Site::new();
    let controller = site.open().await;
    let options =
        json!({"com.netkeep.manual.routes": "10.9.0.0/16", "com.netkeep.manual.interfaces": "tap0"});
    prepare(&controller, json!({"options": options})).await;
    let before = controller.endpoint("blue", "web").unwrap();
    let commits = site.metrics.commits();
    let joined = controller.join("blue", "web", "c").await.unwrap();
    assert_eq!(site.metrics.commits() - commits, 1);
    let attachment = joined.endpoint.attachment.clone().unwrap();
    let c = controller.sandbox("c").unwrap();
    assert_eq!(attachment.sandbox, c.id);
    assert_eq!(attachment.container, Some(c.sandbox.container.clone()));
    assert_eq!(attachment.host.host, controller.status().host);
    assert_eq!(attachment.interfaces[0].source.as_str(), "tap0");
    assert_eq!(attachment.gateways, ["10.1.0.1".parse::<std::net::IpAddr>().unwrap()]);
    assert_eq!(attachment.routes.len(), 1);
    assert_eq!(c.sandbox.endpoints[0].endpoint, joined.id);
    clean(&controller).await;
    controller.close().await;

    let controller = site.open().await;
    assert_eq!(controller.endpoint("blue", "web").unwrap(), joined);
    assert_eq!(controller.join("blue", "web", "c").await.unwrap(), joined, "again it changes nothing");
    let id = joined.id.to_string();
    refused_naming(
        controller.join("blue", "web", "d").await,
        InUse,
        &["web", &attachment.sandbox.to_string(), "container c", &attachment.host.host.to_string()],
    );
    refused_naming(controller.leave("blue", "web", "d").await, Forbidden, &[&attachment.sandbox.to_string()]);
    refused_naming(
        controller.delete_endpoint("blue", "web").await,
        InUse,
        &[
            "web",
            &id,
            &attachment.sandbox.to_string(),
            "container c",
            &attachment.host.host.to_string(),
            " s)",
        ],
    );
    refused_naming(controller.delete_sandbox("c").await, InUse, &["web", &id]);
    refused_naming(controller.delete_network("blue").await, InUse, &["web", "container c"]);

    let commits = site.metrics.commits();
    let left = controller.leave("blue", "web", "c").await.unwrap();
    assert_eq!(site.metrics.commits() - commits, 1);
    assert_eq!(left.endpoint, before.endpoint, "what the join added is gone");
    refused(controller.leave("blue", "web", "c").await, NotFound);
    assert!(controller.sandbox("c").unwrap().sandbox.endpoints.is_empty());
    clean(&controller).await;

    controller.join("blue", "web", "d").await.unwrap();
    controller.delete_sandbox_by_force("d").await.unwrap();
    assert_eq!(controller.endpoint("blue", "web").unwrap().endpoint.attachment, None);
    controller.join("blue", "web", "c").await.unwrap();
    controller.delete_endpoint_by_force("blue", "web").await.unwrap();
    clean(&controller).await;
    controller.delete_sandbox("c").await.unwrap();
    controller.delete_network("blue").await.unwrap();
    site.nothing_left().await;
}

#[tokio::test]
async fn pain_23_a_restart_of_the_daemon_keeps_attachments_and_a_reboot_ends_them() {
    let site = Site::new();
    let controller = open_in(&site, "one").await;
    let noted = json!({"options": {"com.netkeep.manual.note": "true"}});
    prepare(&controller, noted).await;
    let joined = controller.join("blue", "web", "c").await.unwrap();
    controller.close().await;

    let controller = open_in(&site, "one").await;
    assert_eq!(controller.endpoint("blue", "web").unwrap(), joined);
    assert_eq!(site.below("realized/join/").await.len(), 1);
    controller.close().await;

    let controller = open_in(&site, "two").await;
    let report = controller.recovery();
    assert!(report.failed.is_empty(), "{report:?}");
    assert!(report.finished.iter().any(|what| what.contains(&joined.id.to_string())), "{report:?}");
    assert_eq!(report.removed.iter().filter(|what| what.contains("earlier boot")).count(), 2, "{report:?}");
    assert_eq!(controller.endpoint("blue", "web").unwrap().endpoint.attachment, None);
    assert!(controller.sandboxes().is_empty());
    assert_eq!(site.below("realized/join/").await, [""; 0]);
    clean(&controller).await;
    sandbox(&controller, "c").await;
    controller.join("blue", "web", "c").await.unwrap();
    clean(&controller).await;
}

#[tokio::test]
async fn a_key_that_comes_later_moves_the_interface() {
    let site = Site::new();
    let kernel = FakeKernel::new(0);
    let config = site.config().await;
    register(&config, Arc::new(Bridge::new(kernel.clone()))).await;
    let controller = Controller::open(config).await.unwrap();
    let spec =
        json!({"name": "blue", "driver": "model-bridge", "ipam": {"pools": [{"pool": "10.1.0.0/24"}]}});
    controller.create_network(network(spec)).await.unwrap();
    controller.create_endpoint("blue", endpoint(json!({"name": "web"}))).await.unwrap();
    sandbox(&controller, "c").await;
    controller.join("blue", "web", "c").await.unwrap();
    let moved = |kernel: &FakeKernel| kernel.present().iter().any(|thing| thing.contains("/run/netns/c"));
    assert!(!moved(&kernel), "{:?}", kernel.present());
    controller.set_sandbox_key("c", "/run/netns/c").await.unwrap();
    assert!(moved(&kernel), "{:?}", kernel.present());
    clean(&controller).await;
    controller.leave("blue", "web", "c").await.unwrap();
    controller.delete_sandbox("c").await.unwrap();
    controller.delete_endpoint("blue", "web").await.unwrap();
    controller.delete_network("blue").await.unwrap();
    assert!(kernel.present().is_empty(), "{:?}", kernel.present());
    site.nothing_left().await;
}

#[tokio::test]
async fn what_is_not_there_is_named() {
    let site = Site::new();
    let controller = site.open().await;
    prepare(&controller, json!({})).await;
    refused_naming(controller.join("blue", "absent", "c").await, NotFound, &["absent"]);
    refused_naming(controller.join("absent", "web", "c").await, NotFound, &["absent"]);
    refused_naming(controller.join("blue", "web", "absent").await, NotFound, &["absent"]);
    refused_naming(controller.leave("blue", "web", "c").await, NotFound, &["web", "no sandbox"]);
    let again = serde_json::from_value(json!({"container": "c"})).unwrap();
    refused(controller.create_sandbox(again).await, Exists);
    clean(&controller).await;
}

#[tokio::test]
async fn one_of_two_joins_at_once_wins_and_the_other_is_told_where() {
    let site = Site::new();
    let controller = site.open().await;
    prepare(&controller, json!({})).await;
    for _ in 0..50 {
        let joined = together(2, |i| {
            let controller = controller.clone();
            async move { controller.join("blue", "web", ["c", "d"][i]).await }
        })
        .await;
        assert_eq!(joined.iter().filter(|joined| joined.is_ok()).count(), 1);
        let winner = joined.iter().flatten().next().unwrap().endpoint.attachment.clone().unwrap();
        for error in joined.into_iter().filter_map(Result::err) {
            assert_eq!(error.kind(), InUse, "{error}");
            assert!(error.to_string().contains(&winner.sandbox.to_string()), "{error}");
        }
        controller.leave("blue", "web", &winner.sandbox.to_string()).await.unwrap();
    }
    clean(&controller).await;
}

#[tokio::test]
async fn a_join_or_a_leave_and_a_deletion_at_once_leave_no_half() {
    let site = Site::new();
    let controller = site.open().await;
    prepare(&controller, json!({})).await;
    for round in 0..50 {
        // No beginning of an id, by which another endpoint would be found.
        let name = format!("once-{round}");
        controller.create_endpoint("blue", endpoint(json!({"name": name}))).await.unwrap();
        let leaves = round % 2 == 0;
        if leaves {
            controller.join("blue", &name, "c").await.unwrap();
        }
        let outcomes = together(2, |i| {
            let (controller, name) = (controller.clone(), name.clone());
            async move {
                match (i, leaves) {
                    (0, true) => controller.leave("blue", &name, "c").await.map(drop),
                    (0, false) => controller.join("blue", &name, "c").await.map(drop),
                    _ => controller.delete_endpoint("blue", &name).await,
                }
            }
        })
        .await;
        let there = controller.endpoint("blue", &name).is_ok();
        assert_eq!(outcomes[1].is_err(), there, "{outcomes:?}");
        if let Err(error) = &outcomes[1] {
            assert_eq!(error.kind(), InUse, "{error}");
        }
        if let Err(error) = &outcomes[0] {
            assert_eq!(error.kind(), NotFound, "{error}");
        }
        clean(&controller).await;
        if there {
            controller.delete_endpoint_by_force("blue", &name).await.unwrap();
        }
    }
    assert!(controller.sandbox("c").unwrap().sandbox.endpoints.is_empty());
    clean(&controller).await;
}
