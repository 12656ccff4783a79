//! What every plan and every answer has to keep to.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;

use netkeep_drivers::{Answer, EndpointAnswer, JoinAnswer, Mode, NetworkAnswer, Plan};
use netkeep_model::{
    Claim, Endpoint, InterfaceNames, InterfaceSpec, Network, Object, PoolRef, PortBinding, Scope,
};

use crate::claims::{addresses_meet, meet};
use crate::view::LedgerView;

/// What is planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Network,
    Here,
    Endpoint,
    Join,
    Program,
}

/// What a plan is judged against.
pub(crate) struct Asked<'a> {
    pub(crate) stage: Stage,
    /// What is planned.
    pub(crate) what: Object,
    /// The scope of the network.
    pub(crate) scope: Scope,
    pub(crate) mode: Mode,
    /// The pools of the network.
    pub(crate) pools: Vec<PoolRef>,
    /// The bindings that may be settled.
    pub(crate) wanted: &'a [PortBinding],
    pub(crate) view: &'a LedgerView,
}

impl Asked<'_> {
    /// Panics if the plan breaks a clause.
    pub(crate) fn check<T: fmt::Debug>(&self, plan: &Plan<T>) {
        let Self { stage, what, scope, .. } = self;
        let local_stage = matches!(stage, Stage::Here | Stage::Join | Stage::Program);
        let mut names = BTreeSet::new();
        for record in &plan.records {
            assert_eq!(record.on, *what, "D-OWN-1: the plan of {what} hangs a record on something else");
            let in_scope = record.scope == *scope && !matches!(stage, Stage::Here | Stage::Program);
            let on_host = record.scope == Scope::Local && local_stage;
            assert!(
                in_scope || on_host,
                "D-OWN-2: the plan ({stage:?}) of {what} on a network of {scope} scope has a {} record",
                record.scope
            );
            assert!(
                names.insert((record.scope, &record.name)),
                "D-OWN-1: the plan of {what} has two records {}",
                record.name
            );
        }
        for (index, claim) in plan.claims.iter().enumerate() {
            self.check_claim(claim);
            let twin = plan.claims[..index].iter().find(|other| meet(other, claim));
            assert!(twin.is_none(), "D-OWN-4: the plan of {what} claims {claim} twice");
        }
        if matches!(plan.answer, Answer::FromCall) {
            assert_eq!(
                self.mode,
                Mode::Called,
                "D-CALL-1: a driver that is not called answers from the call"
            );
            assert!(plan.ensure, "D-CALL-1: the plan of {what} answers from a call that it does not ask for");
        }
    }

    fn check_claim(&self, claim: &Claim) {
        let Self { stage, what, scope, .. } = self;
        let holder = self.view.held_by(claim);
        assert!(
            holder.is_none(),
            "D-PLAN-4: the plan of {what} claims {claim}, which {} holds in the view",
            holder.map_or(String::new(), |owner| owner.to_string())
        );
        match claim {
            Claim::Ports { .. } | Claim::Link { .. } => {
                let here = matches!(stage, Stage::Here | Stage::Join | Stage::Program);
                assert!(
                    *scope == Scope::Local || here,
                    "D-OWN-3: the plan ({stage:?}) of {what} on a network of global scope claims {claim}, which \
                     each host has for itself"
                );
                if let Claim::Ports { .. } = claim {
                    let wanted = self.wanted.iter().any(|wanted| serves(claim, wanted));
                    assert!(wanted, "D-OWN-4: the plan of {what} claims {claim}, which nobody asked for");
                }
            }
            Claim::Address { space, pool, ip } => {
                let inside = self
                    .pools
                    .iter()
                    .any(|of| of.space == *space && of.master == *pool && pool.contains(*ip));
                assert!(
                    inside,
                    "D-OWN-4: the plan of {what} claims {claim}, which is in no pool of the network"
                );
            }
            Claim::Pool { .. } => {
                panic!("D-OWN-4: the plan of {what} claims {claim}; pools are chosen before a driver plans")
            }
            Claim::Number { .. } => {}
        }
    }
}

/// Whether this claim is what the binding may get.
fn serves(claim: &Claim, wanted: &PortBinding) -> bool {
    let Claim::Ports { protocol, ip, from, to } = claim else { return false };
    *protocol == wanted.protocol
        && wanted.host_ip.is_none_or(|host| host == *ip)
        && wanted.host_ports.is_none_or(|ports| ports.contains(*from) && ports.contains(*to))
}

/// Keeps what a driver has answered of a network.
pub(crate) fn settle_network(network: &mut Network, answer: NetworkAnswer) {
    network.tables = answer.tables;
    network.allocated = answer.allocated;
}

/// Panics if a driver that plans says something else of a network when it makes it.
pub(crate) fn check_network_again(network: &Network, answer: NetworkAnswer) {
    if answer == NetworkAnswer::default() {
        return;
    }
    let kept = NetworkAnswer { tables: network.tables.clone(), allocated: network.allocated.clone() };
    assert_eq!(kept, answer, "D-ENSURE-5: the answer of ensure is not that of the plan");
}

/// Panics if a driver that plans says something else of an endpoint when it makes it.
pub(crate) fn check_endpoint_again(endpoint: &Endpoint, answer: EndpointAnswer) {
    let EndpointAnswer { interfaces, bindings } = answer;
    let mut kept = endpoint.clone();
    for (had, answered) in kept.interfaces.iter_mut().zip(interfaces) {
        fill_interface(had, answered);
    }
    assert_eq!(kept.interfaces, endpoint.interfaces, "D-ENSURE-5: ensure answers what the plan did not");
    assert!(
        bindings.is_empty() || bindings == endpoint.bindings,
        "D-ENSURE-5: ensure answers the bindings {bindings:?}, and the plan has settled {:?}",
        endpoint.bindings
    );
}

/// Keeps what a driver has answered of an endpoint; panics if it overrides what was set.
pub(crate) fn settle_endpoint(endpoint: &mut Endpoint, answer: EndpointAnswer, requested: &Endpoint) {
    if !answer.interfaces.is_empty() {
        assert_eq!(
            answer.interfaces.len(),
            endpoint.interfaces.len(),
            "D-SET-2: the driver answers with another number of interfaces"
        );
        for (had, answered) in endpoint.interfaces.iter_mut().zip(answer.interfaces) {
            fill_interface(had, answered);
        }
    }
    let first = endpoint.interfaces.first();
    if let (Some(asked), Some(mac)) = (requested.requested.mac, first.and_then(|first| first.mac)) {
        assert_eq!(asked, mac, "D-SET-1: the caller has asked for MAC address {asked}");
    }
    for mac in endpoint.interfaces.iter().filter_map(|interface| interface.mac) {
        assert!(mac.is_unicast(), "D-SET-1: MAC address {mac} names a group of interfaces");
    }
    settle_bindings(endpoint, answer.bindings);
}

fn fill_interface(had: &mut InterfaceSpec, answered: InterfaceSpec) {
    fill(&mut had.mac, answered.mac, "D-SET-1", "the MAC address");
    fill(&mut had.ipv4, answered.ipv4, "D-SET-2", "the IPv4 address");
    fill(&mut had.ipv6, answered.ipv6, "D-SET-2", "the IPv6 address");
    fill(&mut had.names, answered.names, "D-SET-3", "the names of the interface");
    if had.link_local.is_empty() {
        had.link_local = answered.link_local;
    } else if !answered.link_local.is_empty() {
        assert_eq!(had.link_local, answered.link_local, "D-SET-2: the driver overrides link-local addresses");
    }
}

fn fill<T: PartialEq + fmt::Debug>(had: &mut Option<T>, answered: Option<T>, clause: &str, what: &str) {
    match (&had, answered) {
        (_, None) => {}
        (Some(set), Some(answered)) => {
            assert_eq!(*set, answered, "{clause}: the driver overrides {what}, which the caller has set");
        }
        (None, answered) => *had = answered,
    }
}

/// Adds settled bindings to those that an endpoint has; panics if they are not what is wanted.
pub(crate) fn settle_bindings(endpoint: &mut Endpoint, settled: Vec<PortBinding>) {
    for binding in settled {
        let position = endpoint.bindings.len();
        let wanted = endpoint.bindings_wanted.get(position).unwrap_or_else(|| {
            panic!("D-SET-4: {binding:?} was settled, and the endpoint wants {position} bindings in all")
        });
        assert_eq!((binding.protocol, binding.port), (wanted.protocol, wanted.port), "D-SET-4: another port");
        if wanted.host_ip.is_some() {
            assert_eq!(binding.host_ip, wanted.host_ip, "D-SET-4: another address of the host");
        }
        let ports = binding.host_ports.expect("D-SET-4: a settled binding has a port of the host");
        assert_eq!(ports.count(), 1, "D-SET-4: {binding:?} is settled, and has several ports of the host");
        if let Some(wanted) = wanted.host_ports {
            assert!(wanted.covers(ports), "D-SET-4: port {ports} of the host is not in {wanted}");
        }
        if wanted.ip.is_some() {
            assert_eq!(binding.ip, wanted.ip, "D-SET-4: another address of the endpoint");
        }
        endpoint.bindings.push(binding);
    }
}

/// Panics unless each of these bindings is claimed.
pub(crate) fn check_claimed(bindings: &[PortBinding], claims: &[Claim]) {
    for binding in bindings {
        let claimed = claims.iter().any(|claim| {
            let Claim::Ports { protocol, ip, from, to } = claim else { return false };
            let port = binding.host_ports.map(|ports| ports.first());
            *protocol == binding.protocol
                && binding.host_ip.is_none_or(|host| addresses_meet(host, *ip))
                && port.is_some_and(|port| *from <= port && port <= *to)
        });
        assert!(claimed, "D-OWN-5: {binding:?} is settled, and its port of the host is not claimed");
    }
}

/// Panics if a driver's answer to a join overrides what was set, or is not possible.
pub(crate) fn check_join(network: &Network, endpoint: &Endpoint, answer: &JoinAnswer) {
    let names = &answer.interfaces;
    assert!(
        names.is_empty() || names.len() == endpoint.interfaces.len(),
        "D-SET-3: the endpoint has {} interfaces, and {} are named",
        endpoint.interfaces.len(),
        names.len()
    );
    for (interface, named) in endpoint.interfaces.iter().zip(names) {
        if let Some(InterfaceNames { source, prefix }) = &interface.names {
            assert_eq!((source, prefix), (&named.source, &named.prefix), "D-SET-3: other names were set");
        }
    }
    for ipv6 in [false, true] {
        let of_family = |ip: &&IpAddr| ip.is_ipv6() == ipv6;
        let answered: Vec<&IpAddr> = answer.gateways.iter().filter(of_family).collect();
        assert!(answered.len() < 2, "D-SET-5: a sandbox has one gateway a family at most: {answered:?}");
        let set = endpoint.gateways.iter().find(of_family);
        if let (Some(set), Some(answered)) = (set, answered.first()) {
            assert_eq!(set, *answered, "D-SET-5: the driver overrides the gateway of the endpoint");
        }
    }
    if network.scope == Scope::Local {
        assert!(
            answer.table_entries.is_empty(),
            "D-OWN-6: a network of local scope has no tables, and the driver publishes {:?}",
            answer.table_entries
        );
    }
    let mut keys = BTreeSet::new();
    for entry in &answer.table_entries {
        let key = (entry.table.clone(), entry.key.clone());
        assert!(keys.insert(key), "D-OWN-6: two entries {}/{}", entry.table, entry.key);
    }
}
