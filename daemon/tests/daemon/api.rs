//! The API itself: its status codes, its strictness, its limits.

use serde_json::json;

use crate::harness::Home;

#[test]
fn each_refusal_has_its_status_kind_and_message() {
    let home = Home::new();
    let _daemon = home.daemon();
    let network = r#"{"name":"blue","driver":"manual","ipam":{"pools":[{"pool":"10.1.0.0/24"}]}}"#;
    assert_eq!(home.request("POST", "/v1/networks", network).status, 201);
    assert_eq!(home.request("POST", "/v1/networks/blue/endpoints", r#"{"name":"web"}"#).status, 201);
    for (method, path, body, status, kind, part) in [
        ("GET", "/v1/networks/absent", "", 404, "not-found", "\"absent\""),
        ("GET", "/v1/netwroks", "", 404, "not-found", "/v1/netwroks"),
        ("GET", "/networks", "", 404, "not-found", "begin with /v1/"),
        ("PATCH", "/v1/networks", "", 405, "unsupported", "PATCH"),
        ("POST", "/v1/networks", network, 409, "exists", "\"blue\""),
        ("DELETE", "/v1/networks/blue", "", 409, "in-use", "\"web\""),
        ("POST", "/v1/networks", "", 400, "invalid", "body: EOF"),
        ("POST", "/v1/networks", "{", 400, "invalid", "body: EOF"),
        ("POST", "/v1/networks", "[]", 400, "invalid", "body: "),
        ("POST", "/v1/networks", r#"{"name":"n"}"#, 400, "invalid", "`driver`"),
        ("POST", "/v1/networks", r#"{"name":"n","driver":"manual"} {}"#, 400, "invalid", "trailing"),
        (
            "POST",
            "/v1/networks",
            r#"{"name":"n","driver":"manual","subnet":1}"#,
            400,
            "invalid",
            "unknown field `subnet`",
        ),
        (
            "POST",
            "/v1/networks",
            r#"{"name":" n","driver":"manual"}"#,
            400,
            "invalid",
            "name: network name \" n\"",
        ),
        (
            "POST",
            "/v1/networks",
            r#"{"name":"n","driver":"manual","ipam":{"pools":[{"pool":"10.0.0.1/8"}]}}"#,
            400,
            "invalid",
            "ipam.pools[0].pool: pool \"10.0.0.1/8\"",
        ),
        (
            "POST",
            "/v1/networks/blue/endpoints",
            r#"{"name":"n","binding":[]}"#,
            400,
            "invalid",
            "unknown field `binding`, expected one of `name`",
        ),
        ("GET", "/v1/ipam/addresses?pol=1", "", 400, "invalid", "`pol`"),
        ("POST", "/v1/sync?scope=global", "", 503, "unavailable", "shares no store"),
        ("GET", "/v1/ipam/addresses?pool=1", "", 400, "invalid", "\"1\""),
    ] {
        let answer = home.request(method, path, body);
        let message = answer.body["error"]["message"].as_str().unwrap_or_default();
        assert_eq!(answer.status, status, "{method} {path} {body}: {answer:?}");
        assert_eq!(answer.body["error"]["kind"], kind, "{method} {path} {body}: {answer:?}");
        assert!(message.contains(part), "{method} {path} {body}: no {part:?} in {message}");
    }
}

#[test]
fn what_is_too_large_is_refused() {
    let home = Home::new();
    let _daemon = home.daemon();
    let labelled = |bytes: usize| {
        let body =
            json!({ "name": "n", "driver": "manual", "labels": { "a": "x".repeat(bytes) } }).to_string();
        home.request("POST", "/v1/networks", &body)
    };
    let over_the_store = labelled(300 * 1024);
    assert_eq!((over_the_store.status, &over_the_store.body["error"]["kind"]), (400, &json!("invalid")));
    let message = over_the_store.body["error"]["message"].to_string();
    assert!(message.contains("131072"), "{message}");
    let over_the_body = labelled(1024 * 1024);
    assert_eq!((over_the_body.status, &over_the_body.body["error"]["kind"]), (413, &json!("invalid")));
    let message = over_the_body.body["error"]["message"].to_string();
    assert!(message.contains("1048576"), "{message}");
    assert_eq!(home.json(&["network", "ls"]), json!([]));
    assert_eq!(labelled(100 * 1024).status, 201);
}

#[test]
fn pools_and_addresses_are_taken_and_given_back() {
    let home = Home::new();
    let _daemon = home.daemon();
    let pool = home.request("POST", "/v1/ipam/pools", r#"{"pool":"10.9.0.0/24"}"#);
    assert_eq!((pool.status, &pool.body["pool"]), (201, &json!("10.9.0.0/24")), "{pool:?}");
    let space = pool.body["space"].as_str().unwrap();
    let wish = json!({ "space": space, "pool": "10.9.0.0/24", "address": "10.9.0.7" }).to_string();
    let address = home.request("POST", "/v1/ipam/addresses", &wish);
    assert_eq!((address.status, &address.body["address"]), (201, &json!("10.9.0.7")), "{address:?}");
    assert_eq!(home.request("POST", "/v1/ipam/addresses", &wish).status, 409);
    let pools = format!("/v1/ipam/pools?space={space}&pool=10.9.0.0%2F24");
    assert_eq!(home.request("DELETE", &pools, "").status, 409, "it has an address");
    let addresses = format!("/v1/ipam/addresses?space={space}&pool=10.9.0.0%2F24&address=10.9.0.7");
    assert_eq!(home.request("GET", "/v1/ipam/addresses", "").body.as_array().unwrap().len(), 1);
    let holders = |filter: &str| home.request("GET", &format!("/v1/ipam/addresses?{filter}"), "").body;
    assert_eq!(holders("address=10.9.0.7")[0]["owner"]["is"], "client");
    assert_eq!(holders("address=10.9.0.7&pool=10.9.1.0%2F24"), json!([]));
    assert_eq!(holders("address=10.9.0.8"), json!([]));
    assert_eq!(home.request("DELETE", &addresses, "").status, 204);
    assert_eq!(home.request("DELETE", &addresses, "").status, 404);
    assert_eq!(home.request("DELETE", &pools, "").status, 204);
    assert_eq!(home.request("GET", "/v1/ipam/pools", "").body, json!([]));
}

#[test]
fn the_state_is_told() {
    let home = Home::new();
    let daemon = home.daemon();
    home.ok(&["network", "create", "blue"]);
    home.ok(&["endpoint", "create", "blue", "web", "-p", "80"]);
    assert_eq!(home.request("GET", "/v1/version", "").body["api"], json!(["v1"]));
    let records = home.request("GET", "/v1/records", "").body;
    assert_eq!((&records["records"]["endpoint"], &records["ports"]), (&json!(1), &json!(1)));
    daemon.kill();
    let _daemon = home.daemon();
    let recovery = home.request("GET", "/v1/recovery", "").body;
    assert_eq!((&recovery["networks"], &recovery["endpoints"]), (&json!(1), &json!(1)));
    assert_eq!(home.request("GET", "/v1/check", "").body["violations"], json!([]));
}

#[test]
fn figures_are_told_in_the_format_of_prometheus() {
    let home = Home::new();
    let _daemon = home.daemon();
    home.ok(&["network", "create", "blue"]);
    home.run(&["network", "create", "blue"]).failed(4, &["blue"]);
    let page = home.page("/v1/metrics");
    for line in [
        "netkeep_records{scope=\"local\",kind=\"network\"} 1",
        "netkeep_quarantined_records{scope=\"local\"} 0",
        "netkeep_in_sync{scope=\"local\"} 1",
        "netkeep_operations_total{scope=\"local\",operation=\"create_network\",outcome=\"ok\"} 1",
        "netkeep_operations_total{scope=\"local\",operation=\"create_network\",outcome=\"exists\"} 1",
        "netkeep_operation_commits_total{scope=\"local\",operation=\"create_network\",store=\"local\"} 1",
        "netkeep_operation_conflicts_total{scope=\"local\",operation=\"create_network\"} 0",
        "netkeep_operation_retries_total{scope=\"local\",operation=\"create_network\"} 0",
        "netkeep_operation_seconds_count{scope=\"local\",operation=\"create_network\"} 2",
        "netkeep_store_operations_total{scope=\"local\",store=\"redb\",operation=\"commit\",outcome=\"ok\"} 2",
        "netkeep_store_operation_seconds_count{scope=\"local\",store=\"redb\",operation=\"commit\"} 2",
        "# TYPE netkeep_store_operation_seconds histogram",
    ] {
        assert!(page.lines().any(|found| found == line), "no {line} in\n{page}");
    }
    is_of_prometheus(&page);
}

/// Every figure stands below the head of its metric, and each metric has one head.
pub(crate) fn is_of_prometheus(page: &str) {
    let mut heads = std::collections::BTreeSet::new();
    let mut metric = "";
    for line in page.lines() {
        if let Some(head) = line.strip_prefix("# HELP ") {
            metric = head.split(' ').next().unwrap();
            assert!(heads.insert(metric), "{metric} has two heads");
        } else if let Some(head) = line.strip_prefix("# TYPE ") {
            assert_eq!(head.split(' ').next(), Some(metric), "{line}");
        } else {
            let (name, value) = line.rsplit_once(' ').unwrap();
            assert!(value.parse::<f64>().is_ok(), "{line}");
            let name = name.split('{').next().unwrap();
            let rest = name.strip_prefix(metric).unwrap_or_else(|| panic!("{line} below {metric}"));
            assert!(["", "_bucket", "_sum", "_count"].contains(&rest), "{line} below {metric}");
        }
    }
}
