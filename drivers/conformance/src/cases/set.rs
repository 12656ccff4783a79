//! What the caller has set.

use std::net::IpAddr;
use std::sync::Arc;

use netkeep_drivers::EndpointRequest;
use netkeep_model::{InterfaceNames, LinkName, MacAddress, NetworkId, PortRange, Protocol};

use crate::given::sites;
use crate::script::{Op, join_of};
use crate::site::{binding, endpoint_id, network_id};
use crate::{DriverHarness, Site, Verdict};

/// A site with a network, for each scope; `None` if its endpoints have no interfaces.
async fn networks(h: &Arc<dyn DriverHarness>) -> Option<Vec<Site>> {
    let mut all = sites(h).await;
    for site in &mut all {
        site.perform_all(&[Op::Network(0), Op::Use(0)]).await;
        if site.endpoint_request(network_id(0), 0).endpoint.interfaces.is_empty() {
            return None;
        }
    }
    Some(all)
}

/// Makes an endpoint and attaches it; false if the driver refuses. What is overridden panics on the way.
async fn made(site: &mut Site, request: &EndpointRequest) -> bool {
    if site.create_endpoint(request).await.is_err() {
        return false;
    }
    let state = site.endpoint_state(request.network.id, request.id);
    let request = site.join_request(&state, 0, true);
    let Ok(join) = site.join(&request).await else { return false };
    site.publish(join).await.is_ok()
}

const NO_INTERFACES: Verdict = Verdict::NotOf("its endpoints have no interfaces");

/// D-SET-1: A hardware address that the caller has set is honoured or refused; one that is given is no group's.
pub async fn a_hardware_address_that_is_set_stays(h: Arc<dyn DriverHarness>) -> Verdict {
    let Some(sites) = networks(&h).await else { return NO_INTERFACES };
    for mut site in sites {
        let mac = MacAddress::new([0x02, 0xfe, 1, 2, 3, 4]);
        for (n, of_interface) in [(0, true), (1, false)] {
            let mut request = site.endpoint_request(network_id(0), n);
            if of_interface {
                request.endpoint.interfaces[0].mac = Some(mac);
            } else {
                request.endpoint.requested.mac = Some(MacAddress::new([0x02, 0xfe, 1, 2, 3, 5]));
            }
            let wanted = request.endpoint.interfaces[0].mac.or(request.endpoint.requested.mac);
            if made(&mut site, &request).await {
                let endpoint = site.endpoint_state(network_id(0), request.id).endpoint;
                let has = endpoint.interfaces[0].mac;
                assert_eq!(has, wanted, "D-SET-1: the caller has set the hardware address");
            }
        }
        let group = MacAddress::new([0x03, 0, 0, 0, 0, 1]);
        let mut request = site.endpoint_request(network_id(0), 2);
        request.endpoint.interfaces[0].mac = Some(group);
        let plan = site.driver().plan_endpoint(&site.view(), &request).await;
        let taken = plan.is_ok_and(|plan| !matches!(plan.answer, netkeep_drivers::Answer::FromCall));
        assert!(!taken, "D-SET-1: {group}, which names a group, was taken for an interface");
    }
    Verdict::Kept
}

/// D-SET-2: Addresses that were chosen before the driver is asked stay as they are, and so do their number.
pub async fn addresses_that_are_set_stay(h: Arc<dyn DriverHarness>) -> Verdict {
    let Some(sites) = networks(&h).await else { return NO_INTERFACES };
    for mut site in sites {
        let mut request = site.endpoint_request(network_id(0), 0);
        request.endpoint.interfaces[0].link_local = vec!["169.254.7.7/16".parse().expect("an address")];
        if made(&mut site, &request).await {
            let endpoint = site.endpoint_state(network_id(0), request.id).endpoint;
            let (had, has) = (&request.endpoint.interfaces, &endpoint.interfaces);
            assert_eq!(had.len(), has.len(), "D-SET-2: the number of interfaces");
            for (had, has) in had.iter().zip(has) {
                assert_eq!((had.ipv4, had.ipv6), (has.ipv4, has.ipv6), "D-SET-2: the addresses");
                assert_eq!(had.link_local, has.link_local, "D-SET-2: the link-local addresses");
            }
        }
    }
    Verdict::Kept
}

/// D-SET-3: Names of interfaces that the caller has set are honoured or refused.
pub async fn names_that_are_set_stay(h: Arc<dyn DriverHarness>) -> Verdict {
    let Some(sites) = networks(&h).await else { return NO_INTERFACES };
    for mut site in sites {
        let link = |text: &str| LinkName::new(text).expect("a link name of the suite is well-formed");
        let mut request = site.endpoint_request(network_id(0), 0);
        let names = InterfaceNames { source: link("suite0"), prefix: link("suite") };
        request.endpoint.interfaces[0].names = Some(names.clone());
        if made(&mut site, &request).await {
            let endpoint = site.endpoint_state(network_id(0), request.id).endpoint;
            assert_eq!(endpoint.interfaces[0].names, Some(names), "D-SET-3: the caller has set the names");
        }
    }
    Verdict::Kept
}

/// D-SET-4: Ports that are asked for are published as asked, any one of several where several will do, or refused.
pub async fn ports_are_published_as_asked_or_refused(h: Arc<dyn DriverHarness>) -> Verdict {
    let publishes = h.sample().ports;
    for mut site in sites(&h).await {
        site.perform_all(&[Op::Network(0), Op::Use(0)]).await;
        let host: IpAddr = [192, 0, 2, 9].into();
        let range = PortRange::new(20_000, 20_003).expect("a range of the suite is well-formed");
        let mut bindings = vec![
            binding(Protocol::Tcp, 81, None),
            binding(Protocol::Tcp, 82, Some(20_001)),
            binding(Protocol::Udp, 82, Some(20_001)),
            binding(Protocol::Tcp, 83, None),
        ];
        bindings[3].host_ports = Some(range);
        bindings[1].host_ip = Some(host);
        let mut request = site.endpoint_request(network_id(0), 0);
        request.endpoint.bindings_wanted = bindings;
        let was_made = made(&mut site, &request).await;
        assert_eq!(
            was_made, publishes,
            "D-SET-4: the samples say that it publishes ports: {publishes}; and an endpoint with ports was made: {was_made}"
        );
        if !was_made {
            continue;
        }
        let endpoint = site.endpoint_state(network_id(0), request.id).endpoint;
        let (wanted, has) = (&endpoint.bindings_wanted, &endpoint.bindings);
        assert_eq!(wanted.len(), has.len(), "D-SET-4: of {wanted:?}, there are {has:?}");
        expect_port_refused(&mut site, network_id(0)).await;
    }
    Verdict::Kept
}

/// A port that another endpoint has is refused to the next one.
async fn expect_port_refused(site: &mut Site, network: NetworkId) {
    let mut request = site.endpoint_request(network, 1);
    request.endpoint.bindings_wanted = vec![binding(Protocol::Udp, 80, Some(20_001))];
    let endpoint = endpoint_id(network, 1);
    if site.create_endpoint(&request).await.is_err() {
        return;
    }
    let state = site.endpoint_state(network, endpoint);
    let request = site.join_request(&state, 1, true);
    if site.join(&request).await.is_err() {
        return;
    }
    let published = site.publish(join_of(0, 1)).await;
    assert!(published.is_err(), "D-SET-4: port 20001/udp is published twice");
}

/// D-SET-5: A gateway that the endpoint has is not replaced, and a sandbox gets one a family at most.
pub async fn a_gateway_that_is_set_stays(h: Arc<dyn DriverHarness>) -> Verdict {
    let Some(sites) = networks(&h).await else { return NO_INTERFACES };
    for mut site in sites {
        let mut request = site.endpoint_request(network_id(0), 0);
        request.endpoint.gateways = vec![[10, 77, 0, 99].into()];
        // Replacing it panics where the join is judged.
        made(&mut site, &request).await;
    }
    Verdict::Kept
}
