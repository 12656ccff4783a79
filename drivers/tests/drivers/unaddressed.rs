//! A host has one network `host` and one network `null`, without addresses.

use std::sync::Arc;

use netkeep_drivers::network::{host, null};
use netkeep_drivers::{Answer, EndpointRequest, ErrorKind, NetworkDriver};
use netkeep_model::{
    GrantedPool, NetworkPool, Object, Options, PoolRef, PortBinding, Protocol, RequestedAddresses, Scope,
};
use serde_json::json;

use crate::support::{
    View, endpoint_request, endpoint_state, interface, join_request, network_request, network_state, options,
    owner, pool, space,
};

fn drivers() -> [(&'static str, Arc<dyn NetworkDriver>); 2] {
    [
        (host::KIND, host::driver(&Options::new()).unwrap()),
        (null::KIND, null::driver(&Options::new()).unwrap()),
    ]
}

#[tokio::test]
async fn only_one_network_of_each_is_allowed() {
    let view = View::new();
    for (kind, driver) in drivers() {
        assert_eq!(driver.info().kind.as_str(), kind);
        assert_eq!((driver.info().addresses, driver.info().max_networks), (false, Some(1)));
        let request = network_request(kind, Scope::Local, json!({}));
        let plan = driver.plan_network(&view, &request).await.unwrap();
        assert!(plan.records.is_empty() && !plan.ensure);
        assert_eq!(plan.claims.len(), 1, "so that two at once meet in the store");
        view.take(&owner(), &plan.claims);
        let error = driver.plan_network(&view, &request).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Forbidden);
        assert_eq!(error.to_string(), format!("only one instance of \"{kind}\" network is allowed"));

        let mut settings = request;
        settings.network.config_only = true;
        assert!(driver.plan_network(&view, &settings).await.unwrap().claims.is_empty());
    }
}

#[tokio::test]
async fn the_network_cannot_be_deleted_unless_the_configuration_says_so() {
    let view = View::new();
    let request = network_request("host", Scope::Local, json!({}));
    let network = Object::Network(request.id);
    for (kind, driver) in drivers() {
        let error = driver.may_remove(&view, &network).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Forbidden);
        assert!(error.to_string().starts_with(&format!("network of type \"{kind}\" cannot be deleted")));
        let endpoint = endpoint_request(&network_state(kind, Scope::Local, json!({})), json!({}));
        driver.may_remove(&view, &Object::Endpoint(request.id, endpoint.id)).await.unwrap();
    }
    let config = options(json!({"removable": "true"}));
    host::driver(&config).unwrap().may_remove(&view, &network).await.unwrap();
    null::driver(&config).unwrap().may_remove(&view, &network).await.unwrap();
}

#[tokio::test]
async fn endpoints_succeed_and_nothing_is_done() {
    let view = View::new();
    for (kind, driver) in drivers() {
        let network = network_state(kind, Scope::Local, json!({}));
        let mut request = endpoint_request(&network, json!({}));
        request.endpoint.interfaces = vec![interface(None, None)];
        let plan = driver.plan_endpoint(&view, &request).await.unwrap();
        assert!(plan.claims.is_empty() && plan.records.is_empty() && !plan.ensure);
        let Answer::Now(answer) = plan.answer else { panic!("the driver plans") };
        assert_eq!(answer.interfaces, request.endpoint.interfaces);
        let state = endpoint_state(&network, json!({}));
        let plan = driver.plan_join(&view, &join_request(&state, json!({}))).await.unwrap();
        assert!(plan.claims.is_empty() && !plan.ensure);
        let Answer::Now(answer) = plan.answer else { panic!("the driver plans") };
        assert!(answer.no_gateway_service && answer.interfaces.is_empty());
        assert!(driver.endpoint_info(&state).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn what_such_an_endpoint_cannot_have_is_refused() {
    let network = network_state("host", Scope::Local, json!({}));
    let with = |change: &dyn Fn(&mut EndpointRequest)| {
        let mut request = endpoint_request(&network, json!({}));
        request.endpoint.interfaces = vec![interface(None, None)];
        change(&mut request);
        request
    };
    let asked = |requested: RequestedAddresses| with(&|r| r.endpoint.requested = requested.clone());
    let none = RequestedAddresses::default;
    for (request, named) in [
        (
            asked(RequestedAddresses { mac: Some("02:00:00:00:00:01".parse().unwrap()), ..none() }),
            "MAC address 02:",
        ),
        (
            asked(RequestedAddresses { ipv4: Some("10.0.0.1".parse().unwrap()), ..none() }),
            "IPv4 address 10.0.0.1",
        ),
        (
            asked(RequestedAddresses { ipv6: Some("fd00::1".parse().unwrap()), ..none() }),
            "IPv6 address fd00::1",
        ),
        (
            asked(RequestedAddresses { link_local: vec!["fe80::1/64".parse().unwrap()], ..none() }),
            "link-local address fe80::1/64",
        ),
        (
            with(&|r| r.endpoint.interfaces = vec![interface(Some("10.0.0.7/8"), None)]),
            "IPv4 address 10.0.0.7: endpoints of driver host have none",
        ),
        (
            with(&|r| {
                r.endpoint.bindings_wanted = vec![PortBinding {
                    protocol: Protocol::Tcp,
                    port: 80,
                    ip: None,
                    host_ip: None,
                    host_ports: None,
                }];
            }),
            "published port 80/tcp",
        ),
        (with(&|r| r.endpoint.options = options(json!({"com.netkeep.host.x": 1}))), "com.netkeep.host.x"),
    ] {
        let driver = host::driver(&Options::new()).unwrap();
        let error = driver.plan_endpoint(&View::new(), &request).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.to_string().contains(named), "{error}");
    }
}

#[tokio::test]
async fn a_network_with_pools_options_or_another_scope_is_refused() {
    let driver = null::driver(&Options::new()).unwrap();
    let global = network_request("null", Scope::Global, json!({}));
    let wrong = network_request("null", Scope::Local, json!({"com.netkeep.null.mtu": 9}));
    let mut pools = network_request("null", Scope::Local, json!({}));
    let granted = PoolRef { space: space("x"), master: pool("10.0.0.0/8"), sub: None };
    pools.network.ipam.pools = vec![NetworkPool {
        granted: Some(GrantedPool { pool: granted, foreign_id: None }),
        ..NetworkPool::default()
    }];
    for (request, named) in [
        (global, "scope: networks of driver null cannot be global; they can be local"),
        (wrong, "option \"com.netkeep.null.mtu\" is not known here; none of com.netkeep.null.* are"),
        (pools, "pool x 10.0.0.0/8: networks of driver null give no addresses"),
    ] {
        let error = driver.plan_network(&View::new(), &request).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.to_string().contains(named), "{error}");
    }
    assert!(null::driver(&options(json!({"removable": "perhaps"}))).is_err());
}
