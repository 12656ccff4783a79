//! What the driver `manual` decides, and that it does nothing.

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use netkeep_drivers::network::manual::{Manual, NUMBER};
use netkeep_drivers::{
    Answer, EndpointAnswer, EndpointRequest, ErrorKind, HostNotes, HostState, JoinAnswer, JoinState,
    NetworkDriver, Notes, Origin, Plan, Remains, Result,
};
use netkeep_model::{
    Claim, GrantedPool, InterfaceNames, NetworkPool, Object, Options, Pool, PoolRef, Scope, TableEntry,
};
use netkeep_store::Segment;
use serde_json::{Value, json};

use crate::support::{
    View, endpoint_request, endpoint_state, interface, ip, join_request, network_request, network_state,
    owner, pool, space,
};

fn driver() -> Manual {
    Manual::new(&Options::new()).unwrap()
}

fn now<T>(plan: Plan<T>) -> T {
    match plan.answer {
        Answer::Now(answer) => answer,
        Answer::FromCall => panic!("the driver plans"),
    }
}

async fn endpoint(request: &EndpointRequest) -> EndpointAnswer {
    now(driver().plan_endpoint(&View::new(), request).await.unwrap())
}

/// Keeps what is noted.
#[derive(Debug, Default)]
struct Noted(Mutex<BTreeMap<Object, Vec<(String, Value)>>>);

#[async_trait]
impl HostNotes for Noted {
    async fn note(&self, on: &Object, name: &Segment, value: Value) -> Result<()> {
        self.0.lock().unwrap().entry(*on).or_default().push((name.to_string(), value));
        Ok(())
    }
}

impl Noted {
    fn on(&self) -> Vec<Object> {
        self.0.lock().unwrap().keys().copied().collect()
    }
}

#[tokio::test]
async fn a_plain_network_and_endpoint_are_one_commit_with_one_record_each() {
    for scope in [Scope::Local, Scope::Global] {
        let request = network_request("manual", scope, json!({}));
        let plan = driver().plan_network(&View::new(), &request).await.unwrap();
        assert!(plan.claims.is_empty() && !plan.ensure);
        assert_eq!((plan.records.len(), plan.records[0].scope), (1, scope));
        assert_eq!(plan.records[0].on, Object::Network(request.id));
        let request = endpoint_request(&network_state("manual", scope, json!({})), json!({}));
        let plan = driver().plan_endpoint(&View::new(), &request).await.unwrap();
        assert!(plan.claims.is_empty() && !plan.ensure);
        assert_eq!((plan.records[0].name.as_str(), plan.records[0].scope), ("config", scope));
        assert_eq!(plan.records[0].value, Some(json!({})));
    }
    let info = driver().info().clone();
    assert_eq!(info.scope(None).unwrap(), Scope::Local);
    assert_eq!(info.scope(Some(Scope::Global)).unwrap(), Scope::Global);
}

#[tokio::test]
async fn a_missing_hardware_address_is_made_and_a_given_one_is_kept() {
    let network = network_state("manual", Scope::Local, json!({}));
    let mut request = endpoint_request(&network, json!({}));
    request.endpoint.interfaces =
        vec![interface(Some("10.1.2.3/8"), None), interface(None, Some("fd00::1/64")), interface(None, None)];
    let answer = endpoint(&request).await;
    let macs: Vec<_> = answer.interfaces.iter().map(|interface| interface.mac.unwrap()).collect();
    assert_eq!(macs[0].to_string(), "02:6e:0a:01:02:03");
    assert!(macs.iter().all(|mac| mac.is_unicast() && mac.is_locally_administered()));
    assert!(macs[0] != macs[1] && macs[1] != macs[2]);
    assert_eq!(endpoint(&request).await, answer, "planning again answers the same");
    for (answered, asked) in answer.interfaces.iter().zip(&request.endpoint.interfaces) {
        assert_eq!((answered.ipv4, answered.ipv6, &answered.names), (asked.ipv4, asked.ipv6, &asked.names));
    }

    let mac = "00:16:3e:00:00:07".parse().unwrap();
    request.endpoint.requested.mac = Some(mac);
    assert_eq!(endpoint(&request).await.interfaces[0].mac, Some(mac));
    request.endpoint.interfaces[1].mac = Some("00:16:3e:00:00:08".parse().unwrap());
    assert_eq!(endpoint(&request).await.interfaces[1].mac, request.endpoint.interfaces[1].mac);

    let other = endpoint_request(&network, json!({}));
    let mut v6 = other.clone();
    v6.endpoint.interfaces = vec![interface(None, Some("fd00::1/64"))];
    let mut v6_too = v6.clone();
    v6_too.id = request.id;
    assert_ne!(endpoint(&v6).await.interfaces[0].mac, endpoint(&v6_too).await.interfaces[0].mac);
}

#[tokio::test]
async fn a_hardware_address_that_no_interface_can_have_is_refused() {
    let network = network_state("manual", Scope::Local, json!({}));
    for (mac, named) in [("01:00:5e:00:00:01", "a group"), ("00:00:00:00:00:00", "no interface")] {
        let mut request = endpoint_request(&network, json!({}));
        request.endpoint.interfaces[0].mac = Some(mac.parse().unwrap());
        let error = driver().plan_endpoint(&View::new(), &request).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.to_string().contains(mac) && error.to_string().contains(named), "{error}");
    }
}

#[tokio::test]
async fn a_network_or_endpoint_holds_a_number_that_is_shown() {
    let view = View::new();
    let with = json!({NUMBER: "vni", "com.netkeep.manual.number-range": "5-6"});
    for (scope, n) in [(Scope::Local, 5), (Scope::Global, 6)] {
        let plan =
            driver().plan_network(&view, &network_request("manual", scope, with.clone())).await.unwrap();
        let claim = Claim::Number { class: "vni".parse().unwrap(), n };
        assert_eq!(plan.claims, [claim]);
        assert_eq!(plan.records[0].value.as_ref().unwrap()["allocated_number"], n);
        view.take(&owner(), &plan.claims);
        assert_eq!(now(plan).allocated[NUMBER], n.to_string());
    }
    let network = network_state("manual", Scope::Local, json!({}));
    let error = driver().plan_endpoint(&view, &endpoint_request(&network, with)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InUse);
    assert!(error.to_string().contains("no number of class vni from 5 to 6 is free"), "{error}");

    let request = endpoint_request(&network, json!({NUMBER: "vni"}));
    let plan = driver().plan_endpoint(&view, &request).await.unwrap();
    assert_eq!(plan.claims, [Claim::Number { class: "vni".parse().unwrap(), n: 1 }]);
    let mut state = endpoint_state(&network, json!({}));
    state.records = plan.records;
    state.endpoint.interfaces[0].mac = Some("02:00:00:00:00:01".parse().unwrap());
    let info = driver().endpoint_info(&state).await.unwrap();
    assert_eq!(info.number(NUMBER).unwrap(), Some(1));
    assert_eq!(info.text("com.docker.network.endpoint.macaddress").unwrap(), Some("02:00:00:00:00:01"));
}

#[tokio::test]
async fn links_are_held_by_one_or_shared_by_many() {
    let view = View::new();
    let plan = |with: Value| {
        let request = network_request("manual", Scope::Local, with);
        let view = &view;
        async move { driver().plan_network(view, &request).await }
    };
    let shared = json!({"com.netkeep.manual.link": "eth0", "com.netkeep.manual.link-shared": true});
    let alone = json!({"com.netkeep.manual.link": "eth0"});
    let first = plan(shared.clone()).await.unwrap();
    assert_eq!(first.claims, [Claim::Link { name: "eth0".parse().unwrap(), shared: true }]);
    view.take(&owner(), &first.claims);
    view.take(&owner(), &plan(shared).await.unwrap().claims);
    let error = plan(alone).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InUse);
    assert!(error.to_string().starts_with("link eth0 of the host is held by network "), "{error}");
}

/// The controller refuses a plan that claims something of one host for all hosts.
#[tokio::test]
async fn on_a_global_network_what_is_the_hosts_own_is_claimed_here_and_at_join() {
    let view = View::new();
    let link = json!({"com.netkeep.manual.link": "br0"});
    let claim = Claim::Link { name: "br0".parse().unwrap(), shared: false };
    let request = network_request("manual", Scope::Global, link.clone());
    assert!(driver().plan_network(&view, &request).await.unwrap().claims.is_empty());
    let global = network_state("manual", Scope::Global, link.clone());
    assert_eq!(driver().plan_here(&view, &global).await.unwrap().claims, [claim]);
    let local = network_state("manual", Scope::Local, link);
    assert!(driver().plan_here(&view, &local).await.unwrap().claims.is_empty());

    let network = network_state("manual", Scope::Global, json!({}));
    let of_endpoint = json!({"com.netkeep.manual.link": "tap7"});
    let request = endpoint_request(&network, of_endpoint.clone());
    assert!(driver().plan_endpoint(&view, &request).await.unwrap().claims.is_empty());
    let join = join_request(&endpoint_state(&network, of_endpoint), json!({}));
    let plan = driver().plan_join(&view, &join).await.unwrap();
    assert_eq!(plan.claims, [Claim::Link { name: "tap7".parse().unwrap(), shared: false }]);
    assert!(plan.records.is_empty());
}

#[tokio::test]
async fn an_endpoint_of_another_host_takes_nothing() {
    let network = network_state("manual", Scope::Local, json!({}));
    let mut request = endpoint_request(&network, json!({NUMBER: "vni", "com.netkeep.manual.link": "x"}));
    request.origin = Origin::Elsewhere;
    let plan = driver().plan_endpoint(&View::new(), &request).await.unwrap();
    assert!(plan.claims.is_empty() && plan.records.is_empty() && !plan.ensure);
    assert_eq!(now(plan).interfaces, request.endpoint.interfaces);
}

fn pool_of_network(master: Pool, gateway: &str) -> NetworkPool {
    NetworkPool {
        granted: Some(GrantedPool {
            pool: PoolRef { space: space("s"), master, sub: None },
            foreign_id: None,
        }),
        gateway: Some(gateway.parse().unwrap()),
        ..NetworkPool::default()
    }
}

/// A global network with two pools a family, and an endpoint that has an address of the second ones.
fn joined(of_network: Value, of_endpoint: Value) -> netkeep_drivers::EndpointState {
    let mut network = network_state("manual", Scope::Global, of_network);
    network.network.ipam.pools = vec![
        pool_of_network(pool("10.0.0.0/24"), "10.0.0.1/24"),
        pool_of_network(pool("10.0.1.0/24"), "10.0.1.1/24"),
        pool_of_network(pool("fd00::/64"), "fd00::1/64"),
    ];
    let mut state = endpoint_state(&network, of_endpoint);
    let mut spec = interface(Some("10.0.1.9/24"), Some("fd00::9/64"));
    spec.ipv4_pool = Some(PoolRef { space: space("s"), master: pool("10.0.1.0/24"), sub: None });
    spec.ipv6_pool = Some(PoolRef { space: space("s"), master: pool("fd00::/64"), sub: None });
    state.endpoint.interfaces = vec![spec];
    state
}

async fn join(state: &netkeep_drivers::EndpointState, with: Value) -> JoinAnswer {
    now(driver().plan_join(&View::new(), &join_request(state, with)).await.unwrap())
}

#[tokio::test]
async fn a_sandbox_gets_the_gateways_of_the_pools_that_its_addresses_are_from() {
    let mut state = joined(json!({}), json!({}));
    assert_eq!(join(&state, json!({})).await.gateways, [ip("10.0.1.1"), ip("fd00::1")]);
    state.endpoint.gateways = vec![ip("10.0.1.77")];
    assert_eq!(join(&state, json!({})).await.gateways, [ip("10.0.1.77"), ip("fd00::1")]);
    state.network.network.internal = true;
    assert!(join(&state, json!({})).await.gateways.is_empty());

    let without = json!({"com.netkeep.manual.gateway": false, "com.netkeep.manual.gateway-service": "false"});
    let answer = join(&joined(json!({}), without), json!({})).await;
    assert!(answer.gateways.is_empty() && answer.no_gateway_service);
    assert!(!join(&joined(json!({}), json!({})), json!({})).await.no_gateway_service);
}

#[tokio::test]
async fn interfaces_have_the_names_that_are_asked_for_or_ones_made_from_the_id() {
    let state = joined(json!({}), json!({}));
    let made = join(&state, json!({})).await.interfaces.remove(0);
    assert_eq!(made.source.as_str(), format!("nk{}0", state.id.short()));
    assert_eq!(made.prefix.as_str(), "eth");

    let named = json!({"com.netkeep.manual.interfaces": "tap7"});
    let state = joined(json!({"com.netkeep.manual.interface-prefix": "net"}), named);
    let names = InterfaceNames { source: "tap7".parse().unwrap(), prefix: "net".parse().unwrap() };
    assert_eq!(join(&state, json!({})).await.interfaces, [names]);

    let own = json!({"com.netkeep.manual.interface-prefix": "wan"});
    let mut state = joined(json!({"com.netkeep.manual.interface-prefix": "net"}), own);
    assert_eq!(join(&state, json!({})).await.interfaces[0].prefix.as_str(), "wan");
    let kept = InterfaceNames { source: "old".parse().unwrap(), prefix: "old".parse().unwrap() };
    state.endpoint.interfaces[0].names = Some(kept.clone());
    assert_eq!(join(&state, json!({})).await.interfaces, [kept]);
}

#[tokio::test]
async fn routes_of_the_option_follow_those_of_the_endpoint() {
    let with = json!({"com.netkeep.manual.routes": "10.9.0.0/16 via 10.0.1.254, fd09::/16"});
    let mut state = joined(json!({}), with);
    let routes = join(&state, json!({})).await.routes;
    assert_eq!(routes.len(), 2);
    assert_eq!((routes[0].destination, routes[0].next_hop), (pool("10.9.0.0/16"), Some(ip("10.0.1.254"))));
    assert_eq!((routes[1].destination, routes[1].next_hop), (pool("fd09::/16"), None));
    state.endpoint.routes = vec![routes[1].clone()];
    let again = join(&state, json!({})).await.routes;
    assert_eq!(again, [routes[1].clone(), routes[0].clone()], "none stands there twice");
}

#[tokio::test]
async fn table_entries_of_endpoint_and_sandbox_are_published_at_join() {
    let state = joined(json!({}), json!({"com.netkeep.manual.entries": ["peers/k,1=a=b", "peers=mine"]}));
    let entries = join(&state, json!({"com.netkeep.manual.entries": "other/x=1"})).await.table_entries;
    let shown: Vec<String> = entries
        .iter()
        .map(|TableEntry { table, key, value }| {
            format!("{table}/{key}={}", std::str::from_utf8(value.as_bytes()).unwrap())
        })
        .collect();
    let mut expected =
        ["other/x=1".to_owned(), "peers/k,1=a=b".to_owned(), format!("peers/{}=mine", state.id)];
    expected.sort();
    let mut sorted = shown.clone();
    sorted.sort();
    assert_eq!(sorted, expected);

    let tables = driver();
    let tables = tables.tables().unwrap();
    let mine = entries.iter().find(|entry| entry.key.as_str() == state.id.to_string()).unwrap();
    let (on, texts) = tables.decode(&state.network.id, mine).unwrap();
    assert_eq!((on, texts["value"].as_str()), (Object::Endpoint(state.network.id, state.id), "mine"));
    let other = entries.iter().find(|entry| entry.key.as_str() == "x").unwrap();
    assert_eq!(tables.decode(&state.network.id, other).unwrap().0, Object::Network(state.network.id));
}

#[tokio::test]
async fn two_entries_of_one_key_are_refused() {
    let state = joined(json!({}), json!({"com.netkeep.manual.entries": "t/k=1"}));
    let request = join_request(&state, json!({"com.netkeep.manual.entries": "t/k=2"}));
    let error = driver().plan_join(&View::new(), &request).await.unwrap_err();
    assert!(error.to_string().contains("two entries t/k"), "{error}");
}

#[tokio::test]
async fn a_network_of_local_scope_has_no_tables() {
    let local = network_state("manual", Scope::Local, json!({}));
    let entries = json!({"com.netkeep.manual.entries": "t/k=1"});
    let error =
        driver().plan_endpoint(&View::new(), &endpoint_request(&local, entries.clone())).await.unwrap_err();
    assert!(error.to_string().contains("a network of local scope has no tables"), "{error}");
    let request = join_request(&endpoint_state(&local, json!({})), entries);
    assert!(driver().plan_join(&View::new(), &request).await.is_err());
}

#[tokio::test]
async fn without_the_option_nothing_is_noted_and_with_it_each_thing_once() {
    let note = json!({"com.netkeep.manual.note": true});
    for (of_network, of_endpoint, count) in
        [(json!({}), json!({}), 0), (note.clone(), json!({}), 3), (json!({}), note, 2)]
    {
        let view = View::new();
        let noted = Noted::default();
        let request = network_request("manual", Scope::Local, of_network.clone());
        let plan = driver().plan_network(&view, &request).await.unwrap();
        assert_eq!(plan.ensure, count == 3);
        let network = network_state("manual", Scope::Local, of_network);
        let plan =
            driver().plan_endpoint(&view, &endpoint_request(&network, of_endpoint.clone())).await.unwrap();
        assert_eq!(plan.ensure, count > 0);
        let endpoint = endpoint_state(&network, of_endpoint);
        let request = join_request(&endpoint, json!({}));
        assert_eq!(driver().plan_join(&view, &request).await.unwrap().ensure, count > 0);
        let join = JoinState {
            endpoint: endpoint.clone(),
            sandbox: request.sandbox,
            sandbox_key: None,
            options: Options::new(),
            records: Vec::new(),
            notes: Notes::new(),
        };
        driver().ensure_network(&noted, &network).await.unwrap();
        driver().ensure_endpoint(&noted, &endpoint).await.unwrap();
        let answer = driver().ensure_join(&noted, &join).await.unwrap();
        assert_eq!(answer.interfaces.len(), 1);
        assert_eq!(noted.on().len(), count);
    }
}

#[tokio::test]
async fn recovery_notes_what_is_wanted_gives_up_what_is_not_and_does_neither_twice() {
    let with = json!({"com.netkeep.manual.note": true});
    let mut network = network_state("manual", Scope::Local, with);
    let endpoint = endpoint_state(&network, json!({}));
    let left = |on| Remains { on, notes: Notes::new(), records: Vec::new() };
    let gone = Object::Network(network_request("manual", Scope::Local, json!({})).id);
    let wanted =
        HostState { networks: vec![network.clone()], endpoints: vec![endpoint.clone()], joins: vec![] };
    let noted = Noted::default();
    let report = driver().recover(&noted, wanted, vec![left(gone), left(network.object())]).await.unwrap();
    assert_eq!(report.ensured, [network.object(), endpoint.object()]);
    assert_eq!(report.removed, [gone]);
    assert!(report.failed.is_empty());

    let kept = noted.0.lock().unwrap()[&network.object()].clone();
    network.notes = kept.into_iter().map(|(name, value)| (Segment::parse(&name).unwrap(), value)).collect();
    let again = HostState { networks: vec![network.clone()], ..HostState::default() };
    let report = driver().recover(&noted, again, vec![left(network.object())]).await.unwrap();
    assert!(report.ensured.is_empty() && report.removed.is_empty());
    driver().remove(&noted, &left(gone)).await.unwrap();
}
