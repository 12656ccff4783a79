//! What is wrong is refused, with the field, the value and what would be right; and leaves nothing behind.

use netkeep_controller::ErrorKind::{
    Ambiguous, Exhausted, Exists, Forbidden, InUse, Invalid, NotFound, Unavailable,
};
use netkeep_controller::{AddressRequestSpec, Controller, EndpointSpec, NetworkSpec, PoolRequestSpec};
use netkeep_model::{EndpointName, NetworkName, Pool};
use serde_json::{Value, json};

use crate::support::{Site, clean, endpoint, network, pool, refused_naming, space};

/// A manual network with this pool.
async fn blue(controller: &Controller, cidr: &str) {
    let spec = json!({"name": "blue", "driver": "manual", "ipam": {"pools": [{"pool": cidr}]}});
    controller.create_network(network(spec)).await.unwrap();
}

/// Refuses each of these networks, and leaves nothing.
async fn networks_refused(cases: Vec<(Value, netkeep_controller::ErrorKind, &[&str])>) {
    let site = Site::new();
    let controller = site.open().await;
    for (spec, kind, named) in cases {
        let before = site.left().await;
        refused_naming(controller.create_network(network(spec)).await, kind, named);
        assert_eq!(site.left().await, before);
    }
    clean(&controller).await;
}

#[test]
fn names_and_pools_are_refused_when_they_are_read() {
    for (name, rule) in [("", "1 to 128 bytes"), (" a", "white space"), ("..", "is not"), ("a\nb", "control")]
    {
        for error in [NetworkName::new(name).unwrap_err(), EndpointName::new(name).unwrap_err()] {
            let message = error.to_string();
            assert!(message.contains("name") && message.contains(rule), "{message}");
        }
        let spec = serde_json::from_value::<NetworkSpec>(json!({"name": name, "driver": "manual"}));
        assert!(spec.unwrap_err().to_string().contains("network name"));
        let spec = serde_json::from_value::<EndpointSpec>(json!({"name": name}));
        assert!(spec.unwrap_err().to_string().contains("endpoint name"));
    }
    let message = "10.0.0.7/24".parse::<Pool>().unwrap_err().to_string();
    assert!(message.contains("10.0.0.7/24") && message.contains("did you mean 10.0.0.0/24"), "{message}");
    let message = "10.0.0.0".parse::<Pool>().unwrap_err().to_string();
    assert!(message.contains("an address and a prefix length"), "{message}");
    let spec = serde_json::from_value::<NetworkSpec>(json!({"name": "a", "driver": "manual", "mtu": 1500}));
    let message = spec.unwrap_err().to_string();
    assert!(message.contains("mtu") && message.contains("config_only"), "{message}");
}

#[tokio::test]
async fn names_that_are_given_are_not_given_again() {
    let site = Site::new();
    let controller = site.open().await;
    blue(&controller, "10.1.0.0/24").await;
    let id = controller.network("blue").unwrap().id.to_string();
    let again = network(json!({"name": "blue", "driver": "manual"}));
    refused_naming(controller.create_network(again).await, Exists, &["name", "\"blue\"", &id]);

    let made = controller.create_endpoint("blue", endpoint(json!({"name": "web"}))).await.unwrap();
    let again = controller.create_endpoint("blue", endpoint(json!({"name": "web"}))).await;
    refused_naming(again, Exists, &["name", "\"web\"", "\"blue\"", &made.id.to_string()]);
    controller.create_network(network(json!({"name": "red", "driver": "manual"}))).await.unwrap();
    controller.create_endpoint("red", endpoint(json!({"name": "web"}))).await.unwrap();
}

#[tokio::test]
async fn drivers_scopes_and_options_that_do_not_exist_are_refused() {
    networks_refused(vec![
        (json!({"name": "a", "driver": "brigde"}), NotFound, &["brigde", "host", "manual", "null"]),
        (
            json!({"name": "a", "driver": "manual", "ipam": {"driver": "dhcp"}}),
            NotFound,
            &["dhcp", "default", "null"],
        ),
        (
            json!({"name": "a", "driver": "manual", "scope": "global"}),
            Unavailable,
            &["scope", "global store"],
        ),
        (json!({"name": "a", "driver": "host", "scope": "global"}), Invalid, &["scope", "global", "local"]),
        (
            json!({"name": "a", "driver": "manual", "options": {"com.netkeep.manual.lnik": "eth0"}}),
            Invalid,
            &["com.netkeep.manual.lnik", "com.netkeep.manual.link"],
        ),
        (
            json!({"name": "a", "driver": "manual", "ipam": {"options": {"com.docker.network.ipam.x": 1}}}),
            Invalid,
            &["com.docker.network.ipam.x", "com.docker.network.ipam.serial"],
        ),
        (
            json!({"name": "a", "driver": "null", "ipam": {"pools": [{"pool": "10.0.0.0/24"}]}}),
            Invalid,
            &["ipam.pools", "null", "leave the pools out"],
        ),
        (
            json!({"name": "a", "driver": "manual", "options": {"big": "x".repeat(300_000)}}),
            Invalid,
            &["options", "300", "131072"],
        ),
    ])
    .await;
}

#[tokio::test]
async fn pools_and_addresses_of_networks_are_checked() {
    let of = |pool: Value| json!({"name": "a", "driver": "manual", "ipv6": true, "ipam": {"pools": [pool]}});
    networks_refused(vec![
        (
            of(json!({"pool": "10.0.0.0/24", "gateway": "10.0.1.1"})),
            Invalid,
            &["gateway", "10.0.1.1", "10.0.0.0/24", "10.0.0.255"],
        ),
        (
            of(json!({"pool": "10.0.0.0/24", "gateway": "fd00::1"})),
            Invalid,
            &["gateway", "fd00::1", "family"],
        ),
        (
            of(json!({"pool": "fd00::/64", "auxiliary": {"router": "10.0.0.1"}})),
            Invalid,
            &["auxiliary address \"router\"", "10.0.0.1", "family"],
        ),
        (
            of(json!({"pool": "10.0.0.0/24", "auxiliary": {"router": "10.9.0.1"}})),
            Invalid,
            &["auxiliary address \"router\"", "10.9.0.1", "outside"],
        ),
        (
            of(json!({"pool": "10.0.0.0/24", "gateway": "10.0.0.0"})),
            Invalid,
            &["gateway 10.0.0.0", "network address", "10.0.0.1"],
        ),
        (
            of(json!({"pool": "10.0.0.0/24", "gateway": "10.0.0.9", "auxiliary": {"router": "10.0.0.9"}})),
            InUse,
            &["auxiliary address \"router\"", "10.0.0.9"],
        ),
        (of(json!({"sub": "10.0.0.0/25"})), Invalid, &["sub-pool", "10.0.0.0/25", "needs the pool"]),
        (of(json!({"pool": "10.0.0.0/24", "sub": "10.0.1.0/25"})), Invalid, &["10.0.1.0/25", "10.0.0.0/24"]),
        (of(json!({"pool": "10.0.0.0/31"})), Exhausted, &["gateway", "10.0.0.0/31", "no free address"]),
        (
            json!({"name": "a", "driver": "manual", "ipam": {"pools": [{"pool": "fd00::/64"}]}}),
            Invalid,
            &["ipam.pools", "fd00::/64", "set ipv6"],
        ),
        (
            json!({"name": "a", "driver": "manual", "ipv4": false, "ipv6": true,
                "ipam": {"pools": [{"pool": "10.0.0.0/24"}]}}),
            Invalid,
            &["ipam.pools", "10.0.0.0/24", "set ipv4"],
        ),
        (json!({"name": "a", "driver": "manual", "ipv6": true}), Exhausted, &["pool", "IPv6", "name a pool"]),
    ])
    .await;
}

#[tokio::test]
async fn pools_that_overlap_are_refused() {
    let site = Site::new();
    let controller = site.open().await;
    blue(&controller, "10.1.0.0/16").await;
    for (other, said) in [
        ("10.1.0.0/16", "already taken"),
        ("10.1.7.0/24", "overlaps pool 10.1.0.0/16"),
        ("10.0.0.0/8", "overlaps pool 10.1.0.0/16"),
    ] {
        let spec = json!({"name": "red", "driver": "manual", "ipam": {"pools": [{"pool": other}]}});
        refused_naming(controller.create_network(network(spec)).await, InUse, &[other, said, "LocalDefault"]);
        let request = PoolRequestSpec { pool: Some(pool(other)), ..PoolRequestSpec::default() };
        refused_naming(controller.request_pool(request).await, InUse, &[other, said]);
    }
    let twice = json!({"name": "red", "driver": "manual",
        "ipam": {"pools": [{"pool": "10.2.0.0/24"}, {"pool": "10.2.0.0/16"}]}});
    refused_naming(controller.create_network(network(twice)).await, InUse, &["10.2.0.0/16", "10.2.0.0/24"]);
    let elsewhere = PoolRequestSpec {
        space: Some(space("other")),
        pool: Some(pool("10.1.0.0/16")),
        ..PoolRequestSpec::default()
    };
    controller.request_pool(elsewhere).await.unwrap();
}

#[tokio::test]
async fn addresses_of_endpoints_are_checked() {
    let site = Site::new();
    let controller = site.open().await;
    blue(&controller, "10.1.0.0/29").await;
    let create = |spec: Value| controller.create_endpoint("blue", endpoint(spec));
    create(json!({"name": "web", "ipv4": "10.1.0.5"})).await.unwrap();
    for (spec, kind, named) in [
        (json!({"ipv4": "10.2.0.5"}), Invalid, ["ipv4", "10.2.0.5", "10.1.0.0/29"]),
        (json!({"ipv4": "10.1.0.5"}), InUse, ["ipv4", "10.1.0.5", "endpoint"]),
        (json!({"ipv4": "10.1.0.1"}), InUse, ["ipv4", "10.1.0.1", "network"]),
        (json!({"ipv4": "10.1.0.7"}), Invalid, ["ipv4", "10.1.0.7", "broadcast"]),
        (json!({"ipv6": "fd00::5"}), Invalid, ["ipv6", "fd00::5", "none of this family"]),
        (json!({"link_local": ["10.1.0.9"]}), Invalid, ["link_local", "10.1.0.9", "169.254.0.0/16"]),
        (json!({"mac": "01:00:5e:00:00:01"}), Invalid, ["MAC address", "01:00:5e:00:00:01", "group"]),
    ] {
        let mut spec = spec;
        spec["name"] = "other".into();
        let before = site.left().await;
        refused_naming(create(spec).await, kind, &named);
        assert_eq!(site.left().await, before);
    }
    for n in 0..4 {
        create(json!({"name": format!("e{n}")})).await.unwrap();
    }
    let full = create(json!({"name": "full"})).await;
    refused_naming(full, Exhausted, &["\"blue\"", "10.1.0.0/29", "no free address"]);
    controller.delete_endpoint("blue", "e2").await.unwrap();
    create(json!({"name": "fits"})).await.unwrap();
}

#[tokio::test]
async fn endpoints_of_drivers_without_addresses_ask_for_none() {
    let site = Site::new();
    let controller = site.open().await;
    controller.create_network(network(json!({"name": "none", "driver": "null"}))).await.unwrap();
    let second = controller.create_network(network(json!({"name": "other", "driver": "null"}))).await;
    refused_naming(second, Forbidden, &["only one", "null"]);
    let wrong = controller.create_endpoint("none", endpoint(json!({"name": "e", "ipv4": "10.0.0.1"}))).await;
    refused_naming(wrong, Invalid, &["ipv4", "null", "leave them out"]);
    controller.create_endpoint("none", endpoint(json!({"name": "e"}))).await.unwrap();
}

#[tokio::test]
async fn what_is_absent_or_used_is_not_deleted() {
    let site = Site::new();
    let controller = site.open().await;
    refused_naming(controller.delete_network("blue").await, NotFound, &["network \"blue\" not found"]);
    blue(&controller, "10.1.0.0/24").await;
    let absent = controller.delete_endpoint("blue", "web").await;
    refused_naming(absent, NotFound, &["endpoint \"web\" not found", "network blue"]);
    refused_naming(controller.delete_endpoint("red", "web").await, NotFound, &["network \"red\""]);
    refused_naming(controller.endpoints("red"), NotFound, &["network \"red\""]);
    let made = controller.create_endpoint("blue", endpoint(json!({"name": "web"}))).await.unwrap();
    let short = made.id.to_string()[..12].to_owned();
    let used = controller.delete_network("blue").await;
    refused_naming(used, InUse, &["active endpoints", "\"web\"", &short, "container none", "s old"]);

    let (default, free) = (space("LocalDefault"), pool("10.9.0.0/24"));
    let absent = controller.release_pool(default.clone(), free, None).await;
    refused_naming(absent, NotFound, &["10.9.0.0/24", "LocalDefault"]);
    let held = controller.release_pool(default.clone(), pool("10.1.0.0/24"), None).await;
    refused_naming(held, InUse, &["10.1.0.0/24", "held by network", "delete that instead"]);
    let gateway =
        controller.release_address(default.clone(), pool("10.1.0.0/24"), [10, 1, 0, 1].into()).await;
    refused_naming(gateway, InUse, &["10.1.0.1", "held by network"]);
    let absent =
        controller.release_address(default.clone(), pool("10.1.0.0/24"), [10, 1, 0, 77].into()).await;
    refused_naming(absent, NotFound, &["10.1.0.77", "not given"]);
    let request = AddressRequestSpec::new(default, free);
    refused_naming(controller.request_address(request).await, NotFound, &["10.9.0.0/24", "LocalDefault"]);
}

#[tokio::test]
async fn the_beginning_of_several_ids_is_ambiguous() {
    let site = Site::new();
    let controller = site.open().await;
    let mut seen = std::collections::BTreeMap::new();
    let digit = loop {
        let spec = network(json!({"name": format!("network {}", seen.len()), "driver": "manual",
            "ipam": {"pools": [{"pool": format!("10.1.{}.0/24", seen.len())}]}}));
        let id = controller.create_network(spec).await.unwrap().id.to_string();
        let digit = id[..1].to_owned();
        if let Some(other) = seen.insert(digit.clone(), id.clone()) {
            refused_naming(controller.network(&digit), Ambiguous, &[&digit, &id, &other]);
            assert_eq!(controller.network(&id[..12]).unwrap().id.to_string(), id);
            break digit;
        }
    };
    refused_naming(controller.delete_network(&digit).await, Ambiguous, &[&digit]);
}
