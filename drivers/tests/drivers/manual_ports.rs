//! A port of the host is given once, the one that is asked for or a free one.

use std::collections::BTreeSet;
use std::net::IpAddr;

use netkeep_drivers::network::manual::Manual;
use netkeep_drivers::{Answer, EndpointRequest, Error, ErrorKind, NetworkDriver, Result, Want};
use netkeep_model::{Claim, Options, PortBinding, Protocol, Scope};
use serde_json::json;

use crate::support::{
    View, endpoint_request, endpoint_state, interface, ip, join_request, network_state, options, owner,
};

/// A wish for port 80, written as the host's part of it: `""`, `8000`, `8000-8010`, `10.0.0.1:`, `udp:8000`.
fn wish(text: &str) -> PortBinding {
    let (protocol, text) = match text.strip_prefix("udp:") {
        Some(rest) => (Protocol::Udp, rest),
        None => (Protocol::Tcp, text),
    };
    let (host_ip, ports) = text.rsplit_once(':').map_or((None, text), |(ip, ports)| (Some(ip), ports));
    PortBinding {
        protocol,
        port: 80,
        ip: None,
        host_ip: host_ip.map(ip),
        host_ports: (!ports.is_empty()).then(|| ports.parse().unwrap()),
    }
}

fn request(wishes: &[&str]) -> EndpointRequest {
    let mut request = endpoint_request(&network_state("manual", Scope::Local, json!({})), json!({}));
    request.endpoint.bindings_wanted = wishes.iter().map(|text| wish(text)).collect();
    request
}

fn small() -> Manual {
    Manual::new(&options(json!({"port-range": "700-1000"}))).unwrap()
}

/// The host's ports in the order of the wishes; they are held afterwards.
async fn settle(driver: &Manual, view: &View, request: &EndpointRequest) -> Result<Vec<(IpAddr, u16)>> {
    let plan = driver.plan_endpoint(view, request).await?;
    let Answer::Now(answer) = plan.answer else { panic!("the driver plans") };
    view.take(&owner(), &plan.claims);
    let wanted = &request.endpoint.bindings_wanted;
    assert_eq!((answer.bindings.len(), plan.claims.len()), (wanted.len(), wanted.len()));
    let mut claims: BTreeSet<(u16, IpAddr, Protocol)> = BTreeSet::new();
    for claim in &plan.claims {
        let Claim::Ports { protocol, ip, from, to } = claim else { panic!("a claim on ports, not {claim}") };
        assert_eq!(from, to);
        claims.insert((*from, *ip, *protocol));
    }
    let port = |binding: &PortBinding| {
        let ports = binding.host_ports.unwrap();
        assert_eq!(ports.count(), 1);
        let ip = binding.host_ip.unwrap();
        assert!(claims.contains(&(ports.first(), ip, binding.protocol)), "what is answered is claimed");
        (ip, ports.first())
    };
    for (binding, wanted) in answer.bindings.iter().zip(wanted) {
        assert_eq!((binding.protocol, binding.port), (wanted.protocol, wanted.port));
    }
    Ok(answer.bindings.iter().map(port).collect())
}

async fn ports(driver: &Manual, view: &View, wishes: &[&str]) -> Result<Vec<u16>> {
    let settled = settle(driver, view, &request(wishes)).await?;
    Ok(settled.into_iter().map(|(_, port)| port).collect())
}

async fn refused(view: &View, wishes: &[&str]) -> Error {
    ports(&small(), view, wishes).await.unwrap_err()
}

#[tokio::test]
async fn a_fixed_port_is_given_to_one_and_the_other_is_told_who_has_it() {
    let view = View::new();
    assert_eq!(ports(&small(), &view, &["8080"]).await.unwrap(), [8080]);
    for wish in ["8080", "127.0.0.1:8080", "8080-8080"] {
        let error = refused(&view, &[wish]).await;
        assert_eq!(error.kind(), ErrorKind::InUse);
        assert!(error.to_string().starts_with("port 8080/tcp on "), "{error}");
        assert!(error.to_string().contains("is held by network "), "{error}");
    }
    assert_eq!(ports(&small(), &view, &["udp:8080"]).await.unwrap(), [8080]);
    assert_eq!(ports(&small(), &view, &["::1:8080"]).await.unwrap(), [8080]);
}

#[tokio::test]
async fn the_same_port_of_two_addresses_of_the_host_may_be_had_but_not_beside_all_of_them() {
    let view = View::new();
    assert_eq!(ports(&small(), &view, &["127.0.0.1:99", "127.0.0.2:99"]).await.unwrap(), [99, 99]);
    assert_eq!(refused(&view, &["99"]).await.kind(), ErrorKind::InUse);
    assert_eq!(refused(&view, &["0.0.0.0:99"]).await.kind(), ErrorKind::InUse);
}

#[tokio::test]
async fn of_a_range_one_free_port_is_taken() {
    let view = View::new();
    assert_eq!(ports(&small(), &view, &["8001"]).await.unwrap(), [8001]);
    for expected in [8000, 8002] {
        assert_eq!(ports(&small(), &view, &["8000-8002"]).await.unwrap(), [expected]);
    }
    let error = refused(&view, &["8000-8002"]).await;
    assert_eq!(error.kind(), ErrorKind::InUse);
    assert!(
        error.to_string().contains("none of the ports 8000-8002 on 0.0.0.0 of the host is free"),
        "{error}"
    );
}

#[tokio::test]
async fn any_free_port_is_of_the_range_and_sought_first_in_the_endpoints_own_block() {
    let view = View::new();
    let driver = Manual::new(&Options::new()).unwrap();
    let mut blocks = BTreeSet::new();
    for _ in 0..40 {
        let request = request(&[""]);
        let port = settle(&driver, &view, &request).await.unwrap()[0].1;
        assert!((32_768..=60_999).contains(&port));
        let wanted = view.wanted();
        let [Want::Ports { from, to, .. }] = wanted.as_slice() else { panic!("one block is enough") };
        assert_eq!(from / 256, to / 256, "a block of 256");
        blocks.insert(from / 256);
        let again = driver.plan_endpoint(&View::new(), &request).await.unwrap();
        let Answer::Now(again) = again.answer else { panic!("the driver plans") };
        assert_eq!(
            again.bindings[0].host_ports.unwrap().first() / 256,
            from / 256,
            "it is the same block again"
        );
    }
    assert!(blocks.len() > 10, "endpoints rarely meet: {blocks:?}");
}

#[tokio::test]
async fn when_the_own_block_is_full_the_others_follow_until_the_range_is_exhausted() {
    // Three blocks, of 12, 256 and 9 ports: whoever begins in the last one goes on in the first.
    let driver = Manual::new(&options(json!({"port-range": "500-776"}))).unwrap();
    let view = View::new();
    let mut given = BTreeSet::new();
    for _ in 500..=776 {
        let port = ports(&driver, &view, &[""]).await.unwrap()[0];
        assert!((500..=776).contains(&port) && given.insert(port), "{port}");
    }
    let error = ports(&driver, &view, &[""]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InUse);
    assert!(error.to_string().contains("none of the ports 500-776 on 0.0.0.0"), "{error}");
    assert_eq!(ports(&driver, &view, &["udp:"]).await.unwrap().len(), 1);
}

#[tokio::test]
async fn whoever_has_less_choice_chooses_first() {
    let given = ports(&small(), &View::new(), &["700-702", "700-701", "700"]).await.unwrap();
    assert_eq!(given, [702, 701, 700]);
}

#[tokio::test]
async fn the_bindings_of_one_endpoint_do_not_meet() {
    let view = View::new();
    let given = ports(&small(), &view, &["", "", "", "800", "799-801", "799-801", "udp:"]).await.unwrap();
    assert_eq!(given[3], 800);
    let tcp: BTreeSet<u16> = given[..6].iter().copied().collect();
    assert_eq!(tcp.len(), 6, "{given:?}");
    assert_eq!(BTreeSet::from([given[4], given[5]]), BTreeSet::from([799, 801]));

    let error = refused(&View::new(), &["80", "127.0.0.1:80"]).await;
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.to_string().contains("another binding of the endpoint has port 80"), "{error}");
    let error = refused(&View::new(), &["5-6", "5-6", "5-6"]).await;
    assert_eq!(error.kind(), ErrorKind::InUse);
}

#[tokio::test]
async fn a_hundred_ports_of_one_endpoint_lie_in_few_blocks() {
    let driver = Manual::new(&Options::new()).unwrap();
    let given = ports(&driver, &View::new(), &[""; 100]).await.unwrap();
    let blocks: BTreeSet<u16> = given.iter().map(|port| port / 256).collect();
    assert!(blocks.len() <= 2, "{blocks:?}");
    assert_eq!(given.iter().collect::<BTreeSet<_>>().len(), 100);
}

#[tokio::test]
async fn the_highest_port_can_be_had() {
    let driver = Manual::new(&options(json!({"port-range": "65534-65535"}))).unwrap();
    let view = View::new();
    let mut given = ports(&driver, &view, &["", ""]).await.unwrap();
    given.sort_unstable();
    assert_eq!(given, [65_534, 65_535]);
    assert!(ports(&driver, &view, &[""]).await.is_err());
    let driver = Manual::new(&options(json!({"port-range": "1-2"}))).unwrap();
    assert_eq!(ports(&driver, &View::new(), &["1-2", "1-2"]).await.unwrap().len(), 2);
}

#[tokio::test]
async fn the_addresses_of_a_binding_are_filled_in() {
    let binding = |interfaces, wish: PortBinding| async move {
        let mut request = request(&[]);
        request.endpoint.interfaces = interfaces;
        request.endpoint.bindings_wanted = vec![wish];
        let plan = small().plan_endpoint(&View::new(), &request).await?;
        let Answer::Now(answer) = plan.answer else { panic!("the driver plans") };
        Ok::<_, Error>((answer.bindings[0].ip, answer.bindings[0].host_ip.unwrap()))
    };
    let both = vec![interface(Some("10.0.0.5/24"), Some("fd00::5/64"))];
    let v6 = vec![interface(None, Some("fd00::5/64"))];
    assert_eq!(binding(both.clone(), wish("80")).await.unwrap(), (Some(ip("10.0.0.5")), ip("0.0.0.0")));
    assert_eq!(binding(both.clone(), wish(":::80")).await.unwrap(), (Some(ip("fd00::5")), ip("::")));
    assert_eq!(binding(v6.clone(), wish("80")).await.unwrap(), (Some(ip("fd00::5")), ip("::")));
    assert_eq!(binding(v6, wish("0.0.0.0:80")).await.unwrap(), (Some(ip("fd00::5")), ip("0.0.0.0")));
    assert_eq!(binding(Vec::new(), wish("80")).await.unwrap(), (None, ip("0.0.0.0")));
    let asked = PortBinding { ip: Some(ip("fd00::5")), ..wish("80") };
    assert_eq!(binding(both.clone(), asked).await.unwrap(), (Some(ip("fd00::5")), ip("::")));
    let wrong = PortBinding { ip: Some(ip("10.0.0.6")), ..wish("80") };
    let error = binding(both.clone(), wrong).await.unwrap_err();
    assert!(error.to_string().contains("10.0.0.6 is no address of the endpoint"), "{error}");
    let zero = PortBinding { port: 0, ..wish("80") };
    assert!(binding(both, zero).await.unwrap_err().to_string().contains("1 to 65535"));
}

#[tokio::test]
async fn on_a_global_network_ports_are_held_from_join_to_leave() {
    let network = network_state("manual", Scope::Global, json!({}));
    let mut request = endpoint_request(&network, json!({}));
    request.endpoint.bindings_wanted = vec![wish("8080")];
    let plan = small().plan_endpoint(&View::new(), &request).await.unwrap();
    assert!(plan.claims.is_empty());
    let Answer::Now(answer) = plan.answer else { panic!("the driver plans") };
    assert!(answer.bindings.is_empty());

    let mut state = endpoint_state(&network, json!({}));
    state.endpoint.bindings_wanted = vec![wish("8080"), wish("")];
    let plan = small().plan_join(&View::new(), &join_request(&state, json!({}))).await.unwrap();
    assert_eq!(plan.claims.len(), 2);
    let Answer::Now(answer) = plan.answer else { panic!("the driver plans") };
    assert_eq!(answer.bindings[0].host_ports.unwrap().first(), 8080);

    // On a local network they are the endpoint's from its creation on.
    let mut state = endpoint_state(&network_state("manual", Scope::Local, json!({})), json!({}));
    state.endpoint.bindings_wanted = vec![wish("8080")];
    let plan = small().plan_join(&View::new(), &join_request(&state, json!({}))).await.unwrap();
    assert!(plan.claims.is_empty());
}
