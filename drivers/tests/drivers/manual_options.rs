//! Each option of the driver `manual` is checked, and a wrong one is named with what would be right.

use netkeep_drivers::network::manual::Manual;
use netkeep_drivers::{ErrorKind, NetworkDriver};
use netkeep_model::{Options, Scope};
use serde_json::{Value, json};

use crate::support::{
    View, endpoint_request, endpoint_state, join_request, network_request, network_state, options,
};

fn full(json: Value) -> Value {
    let Value::Object(short) = json else { panic!("an object of options") };
    short.into_iter().map(|(name, value)| (format!("com.netkeep.manual.{name}"), value)).collect()
}

fn driver() -> Manual {
    Manual::new(&Options::new()).unwrap()
}

async fn of_network(with: Value) -> netkeep_drivers::Error {
    let request = network_request("manual", Scope::Global, full(with));
    driver().plan_network(&View::new(), &request).await.unwrap_err()
}

async fn of_endpoint(with: Value) -> netkeep_drivers::Error {
    let network = network_state("manual", Scope::Global, json!({}));
    driver().plan_endpoint(&View::new(), &endpoint_request(&network, full(with))).await.unwrap_err()
}

fn check(error: &netkeep_drivers::Error, named: &[&str]) {
    assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
    for text in named {
        assert!(error.to_string().contains(text), "{error:?} does not say {text}");
    }
}

#[tokio::test]
async fn options_that_are_not_known_are_refused_with_the_known_ones() {
    check(
        &of_network(json!({"nmber": "vni"})).await,
        &["com.netkeep.manual.nmber", "com.netkeep.manual.number,"],
    );
    // Each level has its own.
    check(&of_network(json!({"routes": "10.0.0.0/8"})).await, &["com.netkeep.manual.routes"]);
    check(&of_endpoint(json!({"tables": "peers"})).await, &["com.netkeep.manual.tables"]);
    let state = endpoint_state(&network_state("manual", Scope::Global, json!({})), json!({}));
    let request = join_request(&state, full(json!({"note": true})));
    let error = driver().plan_join(&View::new(), &request).await.unwrap_err();
    check(&error, &["com.netkeep.manual.note", "com.netkeep.manual.* are com.netkeep.manual.entries"]);
    // Names of others are nobody's business here.
    let request = network_request("manual", Scope::Local, json!({"com.example.x": [1]}));
    driver().plan_network(&View::new(), &request).await.unwrap();
}

#[tokio::test]
async fn wrong_options_of_networks_and_endpoints_are_refused() {
    for (with, named) in [
        (json!({"number": ""}), ["number", "a number class has"]),
        (json!({"number": 7}), ["number", "a text"]),
        (json!({"number": "vni", "number-range": "9-1"}), ["number-range", "the lowest first"]),
        (json!({"number": "vni", "number-range": "x"}), ["number-range", "4096-8191"]),
        (json!({"number-range": "1-9"}), ["number-range", "only with option \"com.netkeep.manual.number\""]),
        (json!({"link": "a/b"}), ["link", "1 to 15 bytes"]),
        (json!({"link": "sixteen-bytes-xx"}), ["link", "1 to 15 bytes"]),
        (json!({"link": "eth0", "link-shared": "so"}), ["link-shared", "true or false"]),
        (json!({"link-shared": true}), ["link-shared", "only with option \"com.netkeep.manual.link\""]),
        (json!({"note": "maybe"}), ["note", "true or false"]),
        (json!({"interface-prefix": "a b"}), ["interface-prefix", "white space"]),
        (json!({"interface-prefix": "thirteenbytes"}), ["interface-prefix", "may have 12"]),
        (json!({"data": "x".repeat(16 * 1024)}), ["data", "it may have 16384"]),
    ] {
        check(&of_network(with.clone()).await, &named);
        check(&of_endpoint(with).await, &named);
    }
}

#[tokio::test]
async fn wrong_options_of_networks_are_refused() {
    check(&of_network(json!({"tables": "a b"})).await, &["tables", "\"a b\""]);
    check(&of_network(json!({"tables": "peers,peers"})).await, &["tables", "\"peers\" twice"]);
    check(&of_network(json!({"tables": {"a": 1}})).await, &["tables"]);
}

#[tokio::test]
async fn wrong_options_of_endpoints_are_refused() {
    for (with, named) in [
        (json!({"routes": "10.0.0.0/8 via x"}), ["routes", "\"x\" is no address"]),
        (json!({"routes": "10.0.0.1/8"}), ["routes", "did you mean 10.0.0.0/8"]),
        (json!({"routes": "10.0.0.0/8 via fd00::1"}), ["routes", "different families"]),
        (json!({"routes": 7}), ["routes", "7"]),
        (json!({"interfaces": "a,a"}), ["interfaces", "\"a\" twice"]),
        (json!({"interfaces": "a,b"}), ["interfaces", "names 2 interfaces, and the endpoint has 1"]),
        (json!({"interfaces": "a/b"}), ["interfaces", "1 to 15 bytes"]),
        (json!({"gateway": "none"}), ["gateway", "true or false"]),
        (json!({"gateway-service": 7}), ["gateway-service", "true or false"]),
        (json!({"entries": "peers"}), ["entries", "there is no \"=\""]),
        (json!({"entries": "a b/k=1"}), ["entries", "table/key=value"]),
        (json!({"entries": ["t/ k=1"]}), ["entries", "table/key=value"]),
        (json!({"entries": 5}), ["entries", "5"]),
    ] {
        check(&of_endpoint(with).await, &named);
    }
}

#[tokio::test]
async fn too_many_interfaces_are_refused() {
    let network = network_state("manual", Scope::Local, json!({}));
    let mut request = endpoint_request(&network, json!({}));
    request.endpoint.interfaces = vec![request.endpoint.interfaces[0].clone(); 16];
    driver().plan_endpoint(&View::new(), &request).await.unwrap();
    request.endpoint.interfaces.push(request.endpoint.interfaces[0].clone());
    let error = driver().plan_endpoint(&View::new(), &request).await.unwrap_err();
    check(&error, &["the endpoint has 17; it may have 16"]);
}

#[tokio::test]
async fn right_options_are_kept_in_a_typed_form() {
    let with = full(json!({
        "number": "vni", "number-range": "5-9", "link": "eth0", "link-shared": "1", "note": "true",
        "tables": ["peers", "routes"], "interface-prefix": "net", "data": {"mine": [1, 2]}
    }));
    let request = network_request("manual", Scope::Local, with);
    let plan = driver().plan_network(&View::new(), &request).await.unwrap();
    assert_eq!(
        plan.records[0].value,
        Some(json!({
            "number": {"class": "vni", "from": 5, "to": 9}, "link": {"name": "eth0", "shared": true},
            "note": true, "tables": ["peers", "routes"], "interface_prefix": "net", "data": {"mine": [1, 2]},
            "allocated_number": 5
        }))
    );
    let netkeep_drivers::Answer::Now(answer) = plan.answer else { panic!("the driver plans") };
    assert_eq!(answer.tables.len(), 2);

    let with =
        full(json!({"routes": ["10.1.0.0/16"], "gateway": "0", "entries": "t=v", "interfaces": ["a"]}));
    let network = network_state("manual", Scope::Global, json!({}));
    let plan = driver().plan_endpoint(&View::new(), &endpoint_request(&network, with)).await.unwrap();
    assert_eq!(
        plan.records[0].value,
        Some(json!({
            "routes": [{"destination": "10.1.0.0/16"}], "no_gateway": true,
            "entries": [{"table": "t", "value": "dg=="}], "interfaces": ["a"]
        }))
    );
}

#[test]
fn a_wrong_configuration_is_refused() {
    for (config, named) in [
        (json!({"port-range": "0-9"}), "port-range"),
        (json!({"port-range": "70000"}), "ports from 1 to 65535"),
        (json!({"ports": "1-9"}), "the options are port-range"),
    ] {
        check(&Manual::new(&options(config)).unwrap_err(), &[named]);
    }
}
