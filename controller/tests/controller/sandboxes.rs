//! Sandboxes come, are found again, and go.

use netkeep_controller::{Controller, ErrorKind, SandboxInfo, SandboxSpec};
use serde_json::{Value, json};

use crate::support::{Site, clean, refused, refused_naming, together};

fn spec(json: Value) -> SandboxSpec {
    serde_json::from_value(json).unwrap()
}

fn everything() -> Value {
    json!({
        "container": "c0ffee", "request": "0123456789abcdef0123018bcfe56800", "external_key": true,
        "host_name": "web", "domain_name": "example.org", "hosts_path": "/c/hosts",
        "origin_hosts_path": "/etc/hosts", "resolv_conf_path": "/c/resolv.conf",
        "origin_resolv_conf_path": "/etc/resolv.conf", "extra_hosts": [{"name": "db", "ip": "10.1.2.9"}],
        "dns": [{"ip": "127.0.0.53", "from_host": true}], "dns_search": ["example.org"],
        "dns_options": ["ndots:2"], "options": {"portmap": "x"}, "exposed": ["80/tcp"],
        "bindings": [{"protocol": "tcp", "port": 80, "host_ports": "8080"}], "labels": {"a": "b"},
    })
}

async fn create(controller: &Controller, json: Value) -> netkeep_controller::Result<SandboxInfo> {
    controller.create_sandbox(spec(json)).await
}

#[tokio::test]
async fn what_is_created_is_found_again_and_goes_without_a_trace() {
    let site = Site::new();
    let controller = site.open().await;
    let made = create(&controller, everything()).await.unwrap();
    let shown = serde_json::to_value(&made).unwrap();
    for (field, value) in everything().as_object().unwrap() {
        let field = match field.as_str() {
            "request" => "id",
            "exposed" => "exposed_ports",
            "bindings" => "bindings_wanted",
            field => field,
        };
        assert_eq!(&shown[field], value, "{field}");
    }
    clean(&controller).await;
    controller.close().await;

    let again = site.open().await;
    let id = made.id.to_string();
    for name in ["c0ffee", id.as_str(), &id[..8]] {
        assert_eq!(again.sandbox(name).unwrap(), made, "{name}");
    }
    assert_eq!(again.sandboxes(), [made]);
    again.delete_sandbox("c0ffee").await.unwrap();
    refused(again.sandbox(&id), ErrorKind::NotFound);
    refused(again.delete_sandbox(&id).await, ErrorKind::NotFound);
    site.nothing_left().await;
}

#[tokio::test]
async fn each_change_is_one_commit() {
    let site = Site::new();
    let controller = site.open().await;
    let before = site.metrics.commits();
    create(&controller, json!({"container": "c"})).await.unwrap();
    assert_eq!(site.metrics.commits() - before, 1);
    controller.set_sandbox_key("c", "/run/netns/c").await.unwrap();
    assert_eq!(site.metrics.commits() - before, 2);
    controller.delete_sandbox("c").await.unwrap();
    assert_eq!(site.metrics.commits() - before, 3);
}

#[tokio::test]
async fn a_repeated_request_returns_what_it_made_and_another_is_refused_by_the_field() {
    let site = Site::new();
    let controller = site.open().await;
    let made = create(&controller, everything()).await.unwrap();
    assert_eq!(create(&controller, everything()).await.unwrap(), made);
    for (field, value) in [
        ("host_name", json!("other")),
        ("external_key", json!(false)),
        ("dns", json!([])),
        ("options", json!({})),
        ("labels", json!({"a": "c"})),
        ("bindings", json!([])),
        ("container", json!("other")),
    ] {
        let mut other = everything();
        other[field] = value;
        refused_naming(create(&controller, other).await, ErrorKind::Exists, &["request", field]);
    }
    let twice = create(&controller, json!({"container": "c0ffee"})).await;
    refused_naming(twice, ErrorKind::Exists, &["c0ffee", &made.id.to_string()]);
    let empty = create(&controller, json!({"container": "d", "key": ""})).await;
    refused_naming(empty, ErrorKind::Invalid, &["key"]);
    // A key that came later is no difference.
    controller.set_sandbox_key("c0ffee", "/run/netns/c0ffee").await.unwrap();
    assert_eq!(create(&controller, everything()).await.unwrap().id, made.id);
}

#[tokio::test]
async fn a_key_is_set_once() {
    let site = Site::new();
    let controller = site.open().await;
    create(&controller, json!({"container": "c"})).await.unwrap();
    let set = controller.set_sandbox_key("c", "/run/netns/c").await.unwrap();
    assert_eq!(set.sandbox.key.as_deref(), Some("/run/netns/c"));
    assert_eq!(controller.set_sandbox_key("c", "/run/netns/c").await.unwrap(), set);
    refused_naming(controller.set_sandbox_key("c", "/d").await, ErrorKind::Exists, &["/run/netns/c"]);
    refused_naming(controller.set_sandbox_key("c", "").await, ErrorKind::Invalid, &["key"]);
    refused(controller.set_sandbox_key("absent", "/d").await, ErrorKind::NotFound);
}

#[tokio::test]
async fn a_container_gets_one_sandbox_of_those_that_ask_at_once() {
    let site = Site::new();
    let controller = site.open().await;
    let made = together(16, |_| {
        let controller = controller.clone();
        async move { create(&controller, json!({"container": "c"})).await }
    })
    .await;
    assert_eq!(made.iter().filter(|made| made.is_ok()).count(), 1);
    for error in made.into_iter().filter_map(Result::err) {
        assert_eq!(error.kind(), ErrorKind::Exists, "{error}");
    }
    assert_eq!(controller.sandboxes().len(), 1);
}
