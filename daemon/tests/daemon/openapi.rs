//! The API is what its description says.

use std::collections::BTreeSet;
use std::path::Path;

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::harness::{Answer, Home};
use crate::repair::write;

const METHODS: [&str; 5] = ["get", "put", "post", "delete", "patch"];

/// The description, and what of it was seen.
struct Document {
    value: Value,
    succeeded: BTreeSet<String>,
    failed: BTreeSet<String>,
}

impl Document {
    fn new() -> Self {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
        let value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        Self { value, succeeded: BTreeSet::new(), failed: BTreeSet::new() }
    }

    fn at(&self, pointer: &str) -> &Value {
        self.value.pointer(pointer).unwrap_or_else(|| panic!("no {pointer} in the document"))
    }

    /// What the paths have: each with its methods.
    fn operations(&self) -> BTreeSet<(String, String)> {
        let paths = self.value["paths"].as_object().unwrap();
        let methods = paths.iter().flat_map(|(path, item)| {
            let methods = METHODS.into_iter().filter(|method| item.get(method).is_some());
            methods.map(|method| (path.clone(), method.to_owned()))
        });
        methods.collect()
    }

    fn validator(&self, schema: &Value) -> Validator {
        // References are to be found where they point to.
        let schema = json!({"allOf": [schema], "components": self.value["components"]});
        jsonschema::draft202012::options().should_validate_formats(true).build(&schema).unwrap()
    }

    #[track_caller]
    fn is_valid(&self, schema: &Value, value: &Value, what: &str) {
        let validator = self.validator(schema);
        let wrong: Vec<_> = validator
            .iter_errors(value)
            .map(|error| format!("{} at {}", error, error.instance_path()))
            .collect();
        assert!(wrong.is_empty(), "{what}: {wrong:#?} in {value:#}");
    }

    fn schema(name: &str) -> Value {
        json!({"$ref": format!("#/components/schemas/{name}")})
    }

    /// Asks the daemon, and compares request and answer with what is said of this path.
    #[track_caller]
    fn ask(
        &mut self,
        home: &Home,
        method: &str,
        path: &str,
        parts: &[&str],
        query: &str,
        body: &str,
    ) -> Answer {
        let what = format!("{} {path}", method.to_uppercase());
        let mut place = path.to_owned();
        for part in parts {
            let (from, to) = (place.find('{').unwrap(), place.find('}').unwrap());
            place.replace_range(from..=to, part);
        }
        assert!(!place.contains('{'), "{what}: parts are missing");
        let operation = &self.value["paths"][path][method];
        assert!(operation.is_object(), "{what} is not described");
        if path == "/v1/metrics" {
            assert!(home.page(path).contains("netkeep_"));
            self.succeeded.insert(what);
            return Answer { status: 200, body: Value::Null };
        }
        let answer = home.request(&method.to_uppercase(), &format!("{place}{query}"), body);
        let succeeds = answer.status < 300;
        if succeeds {
            self.knows_query(path, method, query);
            match operation.get("requestBody") {
                None => assert_eq!(body, "", "{what} has a body that is not described"),
                Some(described) => {
                    let sent = serde_json::from_str(body).unwrap();
                    self.is_valid(
                        &described["content"]["application/json"]["schema"],
                        &sent,
                        &format!("{what}, sent"),
                    );
                }
            }
        }
        let described = match operation["responses"].get(answer.status.to_string()) {
            Some(described) => described,
            None if succeeds => panic!("{what}: status {} is not described", answer.status),
            None => self.at("/components/responses/Problem"),
        };
        match described.get("content") {
            None => assert_eq!(answer.body, Value::Null, "{what}"),
            Some(content) => self.is_valid(&content["application/json"]["schema"], &answer.body, &what),
        }
        if succeeds {
            self.succeeded.insert(what)
        } else {
            self.failed.insert(what)
        };
        answer
    }

    /// Whether all that stands in a query is described, and all is there that must be.
    #[track_caller]
    fn knows_query(&self, path: &str, method: &str, query: &str) {
        let none = Vec::new();
        let described = self.value["paths"][path][method]["parameters"].as_array().unwrap_or(&none);
        let sent: BTreeSet<_> = query
            .trim_start_matches('?')
            .split('&')
            .filter_map(|pair| Some(pair.split_once('=')?.0))
            .collect();
        let known: BTreeSet<_> =
            described.iter().map(|parameter| parameter["name"].as_str().unwrap()).collect();
        let needed = described.iter().filter(|parameter| parameter["required"] == true);
        assert!(sent.is_subset(&known), "{method} {path}{query}: described are {known:?}");
        for parameter in needed {
            assert!(
                sent.contains(parameter["name"].as_str().unwrap()),
                "{method} {path}{query}: {parameter}"
            );
        }
    }
}

/// All schemas within this value, with where they are.
fn objects<'a>(value: &'a Value, place: String, found: &mut Vec<(String, &'a Value)>) {
    match value {
        Value::Object(fields) => {
            if fields.get("properties").is_some_and(Value::is_object) {
                found.push((place.clone(), value));
            }
            fields.iter().for_each(|(name, value)| objects(value, format!("{place}/{name}"), found));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, value)| objects(value, format!("{place}/{at}"), found));
        }
        _ => {}
    }
}

#[test]
fn nothing_is_left_open() {
    let document = Document::new();
    let mut found = Vec::new();
    objects(&document.value["components"]["schemas"], String::new(), &mut found);
    assert!(found.len() > 50, "{}", found.len());
    for (place, schema) in found {
        assert_eq!(schema["additionalProperties"], false, "{place}");
        for required in schema["required"].as_array().into_iter().flatten() {
            assert!(schema["properties"].get(required.as_str().unwrap()).is_some(), "{place}: {required}");
        }
    }
    let network = json!({"id": "0123456789abcdef0123456789abcdef", "revision": 5, "name": "n", "driver": "manual",
        "scope": "local", "created": 1});
    document.is_valid(&Document::schema("NetworkInfo"), &network, "a network");
    for (field, value) in [("id", json!("short")), ("scope", json!("nowhere")), ("colour", json!("blue"))] {
        let mut wrong = network.clone();
        wrong[field] = value;
        let validator = document.validator(&Document::schema("NetworkInfo"));
        assert!(!validator.is_valid(&wrong), "{wrong} was taken");
    }
}

#[test]
fn what_is_described_is_what_is_served() {
    let home = Home::new();
    let _daemon = home.daemon();
    let document = Document::new();
    let served: Vec<String> = netkeep::server::paths().collect();
    let described: BTreeSet<_> = document.value["paths"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(served.iter().cloned().collect::<BTreeSet<_>>(), described);
    let operations = document.operations();
    for path in served {
        let place = path.replace(['{', '}'], "");
        for method in METHODS {
            let answer = home.request(&method.to_uppercase(), &place, "");
            let is_served = answer.status != 405;
            assert_eq!(
                is_served,
                operations.contains(&(path.clone(), method.to_owned())),
                "{method} {path}: {answer:?}"
            );
        }
    }
    assert_eq!(home.request("GET", "/v1/openapi.json", "").body, document.value);
}

#[test]
fn records_of_every_form_are_described() {
    let document = Document::new();
    let id = "0123456789abcdef0123456789abcdef";
    let owns = json!({"endpoints": 0, "addresses": 0, "pools": 0, "numbers": 0, "entries": 0, "between": 0});
    for (kind, schema, more) in [
        ("network", "NetworkInfo", json!({"id": id, "revision": 1})),
        ("endpoint", "EndpointInfo", json!({"id": id, "network": id, "network_name": "n", "revision": 1})),
        (
            "sandbox",
            "SandboxInfo",
            json!({"id": id, "revision": 1, "way_out": {"network": id, "endpoint": id, "bindings": [
                {"protocol": "tcp", "port": 80, "host_ip": "0.0.0.0", "host_ports": "8080"}
            ]}}),
        ),
        (
            "host",
            "HostInfo",
            json!({"id": id, "this": true, "state": "gone", "since": 1, "owns": owns, "revision": 1}),
        ),
    ] {
        let golden =
            Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../model/tests/golden/{kind}.v1.json"));
        let golden: Value = serde_json::from_str(&std::fs::read_to_string(golden).unwrap()).unwrap();
        for record in [&golden["stored"]["record"], &golden["minimal"]] {
            let mut shown = record.clone();
            shown.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            document.is_valid(&Document::schema(schema), &shown, kind);
        }
    }
    for kind in ["address", "pool", "number", "link"] {
        let golden =
            Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../model/tests/golden/{kind}.v1.json"));
        let golden: Value = serde_json::from_str(&std::fs::read_to_string(golden).unwrap()).unwrap();
        if let Some(owner) = golden["stored"]["record"].get("owner") {
            document.is_valid(&Document::schema("Owner"), owner, kind);
        }
    }
}

#[test]
fn every_answer_is_as_it_is_described() {
    let home = Home::new();
    let unreadable = "networks/0123456789abcdef0123018bcfe56800";
    write(&home, unreadable, "gibberish");
    write(
        &home,
        "numbers/vni/0000000000000042",
        r#"{"kind":"number","version":1,"record":{"owner":{"is":"network","network":"0123456789abcdef0123018bcfe56801"}}}"#,
    );
    let global = format!("global = \"redb://{}\"\n", home.path("global.redb").display());
    let other = Home::new();
    other.configure(&global);
    let daemon = other.daemon();
    let gone = other.in_sync()["controller"]["host"].as_str().unwrap().to_owned();
    daemon.stop();
    home.configure(&global);
    let _daemon = home.daemon();
    let host = home.in_sync()["controller"]["host"].as_str().unwrap().to_owned();
    let seen = &mut Document::new();

    let network = json!({"name": "blue", "driver": "manual", "scope": "global", "ipv6": true,
        "labels": {"team": "a"},
        "options": {"com.netkeep.manual.number": "vni", "com.netkeep.manual.tables": "peers", "com.netkeep.manual.data": {"a": [1]}},
        "ipam": {"pools": [
            {"pool": "10.1.0.0/16", "sub": "10.1.1.0/24", "gateway": "10.1.1.1", "auxiliary": {"router": "10.1.1.2"}},
            {"pool": "fd01::/64"}]}});
    let networks = "/v1/networks";
    seen.ask(&home, "post", networks, &[], "", &network.to_string());
    seen.ask(&home, "post", networks, &[], "", &network.to_string());
    seen.ask(&home, "post", networks, &[], "", r#"{"name":"here","driver":"manual"}"#);
    seen.ask(&home, "get", networks, &[], "", "");
    seen.ask(&home, "get", "/v1/networks/{network}", &["blue"], "", "");
    seen.ask(&home, "get", "/v1/networks/{network}", &["absent"], "", "");
    let endpoint = json!({"name": "web", "mac": "02:42:0a:01:01:05", "ipv4": "10.1.1.5", "aliases": ["www"],
        "exposed": ["80/tcp"], "dns": ["192.0.2.53"], "priority": -1,
        "bindings": [{"protocol": "tcp", "port": 80, "host_ports": "20000-20010"}],
        "options": {"com.netkeep.manual.entries": "peers/web=up", "com.netkeep.manual.routes": "10.9.0.0/16 via 10.1.1.9"}});
    let endpoints = "/v1/networks/{network}/endpoints";
    seen.ask(&home, "post", endpoints, &["blue"], "", &endpoint.to_string());
    seen.ask(&home, "post", endpoints, &["blue"], "", &endpoint.to_string());
    seen.ask(&home, "get", endpoints, &["blue"], "", "");
    seen.ask(&home, "get", endpoints, &["absent"], "", "");
    let endpoint = "/v1/networks/{network}/endpoints/{endpoint}";
    seen.ask(&home, "get", endpoint, &["blue", "web"], "", "");
    seen.ask(&home, "get", endpoint, &["blue", "absent"], "", "");

    let sandbox = json!({"container": "c0ffee", "host_name": "web", "extra_hosts": [{"name": "db", "ip": "10.1.1.9"}],
        "dns": [{"ip": "192.0.2.53"}], "labels": {"a": "b"}, "exposed": ["80/tcp"]});
    let sandboxes = "/v1/sandboxes";
    seen.ask(&home, "post", sandboxes, &[], "", &sandbox.to_string());
    seen.ask(&home, "post", sandboxes, &[], "", &sandbox.to_string());
    let key = "/v1/sandboxes/{sandbox}/key";
    seen.ask(&home, "put", key, &["c0ffee"], "", r#"{"key":"/run/netns/c0ffee"}"#);
    seen.ask(&home, "put", key, &["c0ffee"], "", r#"{"key":"/elsewhere"}"#);
    let (join, leave) = (
        "/v1/networks/{network}/endpoints/{endpoint}/join",
        "/v1/networks/{network}/endpoints/{endpoint}/leave",
    );
    let into = r#"{"sandbox":"c0ffee"}"#;
    seen.ask(&home, "post", join, &["blue", "web"], "", into);
    seen.ask(&home, "post", join, &["blue", "absent"], "", into);
    seen.ask(&home, "get", sandboxes, &[], "", "");
    seen.ask(&home, "get", "/v1/sandboxes/{sandbox}", &["c0ffee"], "", "");
    seen.ask(&home, "get", "/v1/sandboxes/{sandbox}", &["absent"], "", "");
    let tables = "/v1/networks/{network}/tables";
    let published = seen.ask(&home, "get", tables, &["blue"], "", "");
    assert_eq!(published.body.as_array().unwrap().len(), 1, "{published:?}");
    seen.ask(&home, "get", tables, &["absent"], "", "");
    for path in ["openapi.json", "version", "status", "check", "recovery", "records", "metrics", "hosts"] {
        seen.ask(&home, "get", &format!("/v1/{path}"), &[], "", "");
    }
    seen.ask(&home, "get", "/v1/hosts/{host}", &[&host], "", "");
    seen.ask(&home, "get", "/v1/hosts/{host}", &["absent"], "", "");

    let pools = "/v1/ipam/pools";
    seen.ask(&home, "post", pools, &[], "", r#"{"pool":"10.2.0.0/16","sub":"10.2.1.0/24"}"#);
    seen.ask(&home, "post", pools, &[], "", r#"{"pool":"10.2.0.0/8"}"#);
    seen.ask(&home, "get", pools, &[], "", "");
    let addresses = "/v1/ipam/addresses";
    let address = r#"{"space":"LocalDefault","pool":"10.2.0.0/16","sub":"10.2.1.0/24","address":"10.2.1.7"}"#;
    seen.ask(&home, "post", addresses, &[], "", address);
    seen.ask(&home, "post", addresses, &[], "", address);
    seen.ask(&home, "get", addresses, &[], "", "");
    seen.ask(&home, "get", addresses, &[], "?space=LocalDefault&pool=10.2.0.0/16", "");
    seen.ask(&home, "get", addresses, &[], "?pol=1", "");
    let released = "?space=LocalDefault&pool=10.2.0.0/16&address=10.2.1.7";
    seen.ask(&home, "delete", addresses, &[], released, "");
    seen.ask(&home, "delete", addresses, &[], released, "");
    let released = "?space=LocalDefault&pool=10.2.0.0/16&sub=10.2.1.0/24";
    seen.ask(&home, "delete", pools, &[], released, "");
    seen.ask(&home, "delete", pools, &[], released, "");

    let listed = seen.ask(&home, "get", "/v1/quarantine", &[], "", "").body;
    let found = seen.ask(&home, "get", "/v1/check", &[], "", "").body;
    let (identity, revision) = (&found["identity"], &found["revision"]);
    assert!(!found["repairs"].as_array().unwrap().is_empty(), "{found}");
    let plan = json!({"version": 1, "stores": [
        {"scope": "local", "identity": identity, "revision": revision, "repairs": found["repairs"]}]});
    seen.ask(&home, "post", "/v1/repair", &[], "", &plan.to_string());
    seen.ask(&home, "post", "/v1/repair", &[], "?apply=true", &plan.to_string());
    seen.ask(&home, "post", "/v1/repair", &[], "?apply=true", &plan.to_string());
    let taken = format!("?scope=local&key={unreadable}&revision={}", listed[0]["revision"]);
    seen.ask(&home, "delete", "/v1/quarantine", &[], &taken, "");
    seen.ask(&home, "delete", "/v1/quarantine", &[], &taken, "");
    seen.ask(&home, "post", "/v1/sync", &[], "?scope=global", "");
    seen.ask(&home, "post", "/v1/sync", &[], "", "");
    seen.ask(&home, "post", "/v1/sync", &[], "?scope=nowhere", "");

    seen.ask(&home, "delete", endpoint, &["blue", "web"], "", "");
    seen.ask(&home, "delete", "/v1/sandboxes/{sandbox}", &["c0ffee"], "", "");
    seen.ask(&home, "delete", "/v1/networks/{network}", &["blue"], "", "");
    seen.ask(&home, "post", leave, &["blue", "web"], "", into);
    seen.ask(&home, "post", leave, &["blue", "web"], "", into);
    seen.ask(&home, "delete", endpoint, &["blue", "web"], "?force=true", "");
    seen.ask(&home, "delete", "/v1/sandboxes/{sandbox}", &["c0ffee"], "?force=false", "");
    seen.ask(&home, "delete", "/v1/networks/{network}", &["blue"], "", "");

    let evict = "/v1/hosts/{host}/evict";
    seen.ask(&home, "post", evict, &[&host], "", r#"{"force":true}"#);
    seen.ask(&home, "post", evict, &[&gone], "", r#"{"force":true}"#);

    let all: BTreeSet<_> = seen.operations();
    for (path, method) in all {
        let what = format!("{} {path}", method.to_uppercase());
        assert!(seen.succeeded.contains(&what), "{what} was not seen to succeed");
        let operation = &seen.value["paths"][&path][&method];
        let may_fail = path.contains('{')
            || operation.get("parameters").is_some()
            || operation.get("requestBody").is_some();
        assert!(!may_fail || seen.failed.contains(&what), "{what} was not seen to fail");
    }
}
