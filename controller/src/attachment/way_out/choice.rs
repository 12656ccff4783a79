//! Which endpoint of a sandbox is its way out.

use std::cmp::Reverse;

use netkeep_model::{Endpoint, EndpointKey, HostId, IntentAction, Network, Sandbox, SandboxId};
use netkeep_store::datastore::Versioned;

use crate::replica::State;

/// What speaks for an endpoint; the least is the best.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rank<'a> {
    priority: Reverse<i32>,
    gateways: Reverse<u8>,
    network: &'a str,
    joined: usize,
}

/// The endpoint that is the way out of a sandbox of this host, of those that are known and do not leave: one that has a
/// gateway, on a network that is not internal, and is no load balancer. An IPv4 gateway comes before none; then the
/// higher priority, then gateways of both families before one for IPv6 before one for IPv4, then the first network by
/// name. The store of this host is the first of these.
pub(crate) fn choose(
    states: &[&State],
    host: HostId,
    sandbox: &Versioned<Sandbox>,
    without: Option<EndpointKey>,
) -> Option<EndpointKey> {
    let inside = sandbox.record.endpoints.iter().enumerate();
    let inside = inside.map(|(at, is)| (at, EndpointKey { network: is.network, endpoint: is.endpoint }));
    let ranked = inside.filter(|(_, key)| Some(*key) != without).filter_map(|(joined, key)| {
        let (network, endpoint) = states.iter().find_map(|state| {
            let network = &state.tables.networks.get(&key.network)?.record;
            Some((network, &state.tables.endpoints.get(&key)?.record))
        })?;
        if !may_be(network, endpoint, sandbox.id, host) || leaves(states, key) {
            return None;
        }
        let has = |ipv6: bool| gateways(endpoint).any(|ip| ip.is_ipv6() == ipv6);
        let (ipv4, ipv6) = (has(false), has(true));
        let rank = Rank {
            priority: Reverse(endpoint.priority),
            gateways: Reverse(u8::from(ipv4) + 2 * u8::from(ipv6)),
            network: network.name.as_str(),
            joined,
        };
        (ipv4 || ipv6).then_some(((!ipv4, rank), key))
    });
    ranked.min_by(|(one, _), (other, _)| one.cmp(other)).map(|(_, key)| key)
}

fn may_be(network: &Network, endpoint: &Endpoint, sandbox: SandboxId, host: HostId) -> bool {
    let is_inside = endpoint.attachment.as_ref().is_some_and(|attachment| {
        attachment.sandbox == sandbox && attachment.host.host == host && attachment.phase.is_ready()
    });
    is_inside && !network.internal && (!endpoint.load_balancer || network.ingress)
}

/// True if an intent says that it is to go.
fn leaves(states: &[&State], key: EndpointKey) -> bool {
    let Some(local) = states.first() else { return false };
    local.tables.intents.values().any(|intent| {
        let of = intent.record.object;
        intent.record.action == IntentAction::Remove
            && of.network() == key.network
            && of.endpoint() == Some(key.endpoint)
    })
}

fn gateways(endpoint: &Endpoint) -> impl Iterator<Item = &std::net::IpAddr> {
    let attached = endpoint.attachment.iter().flat_map(|attachment| &attachment.gateways);
    endpoint.gateways.iter().chain(attached)
}
