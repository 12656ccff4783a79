//! What is decided about networks, endpoints and joins.

use std::collections::BTreeMap;
use std::net::IpAddr;

use netkeep_model::{
    Claim, Endpoint, InterfaceNames, InterfaceSpec, LinkName, Network, Object, Options, Scope, TableEntry,
    TableKey,
};
use serde::Serialize;

use super::options::{self, EndpointConfig, NetworkConfig, WantedEntry, WantedLink, WantedNumber};
use super::record::{self, Kept};
use super::{ENTRIES, INTERFACES, Manual, NUMBER, ensure, mac, ports};
use crate::{
    EndpointAnswer, EndpointRequest, EndpointState, Error, ErrorKind, JoinAnswer, JoinRequest, NetworkAnswer,
    NetworkRequest, NetworkState, Origin, Plan, PlanView, Result, Want,
};

/// The names of further interfaces would be too long.
const MAX_INTERFACES: usize = 16;

pub(super) fn network(view: &dyn PlanView, request: &NetworkRequest) -> Result<Plan<NetworkAnswer>> {
    let NetworkRequest { id, network } = request;
    let config = NetworkConfig::read(&network.options)?;
    if network.config_only {
        return Ok(Plan::answer(NetworkAnswer::default()));
    }
    let number = number(view, config.number.as_ref())?;
    let allocated = number.iter().map(|(_, n)| (NUMBER.to_owned(), n.to_string())).collect();
    let mut plan = Plan::answer(NetworkAnswer { tables: config.tables.clone(), allocated });
    if network.scope == Scope::Local {
        plan.claims.extend(link(view, config.link.as_ref())?);
    }
    plan.ensure = config.note;
    keep(&mut plan, network.scope, Object::Network(*id), config, number)?;
    Ok(plan)
}

/// A network of local scope has got everything when it was made.
pub(super) fn here(view: &dyn PlanView, state: &NetworkState) -> Result<Plan<()>> {
    let mut plan = Plan::answer(());
    if state.network.scope == Scope::Global {
        let config = NetworkConfig::read(&state.network.options)?;
        plan.claims.extend(link(view, config.link.as_ref())?);
        plan.ensure = config.note;
    }
    Ok(plan)
}

pub(super) fn endpoint(
    driver: &Manual,
    view: &dyn PlanView,
    request: &EndpointRequest,
) -> Result<Plan<EndpointAnswer>> {
    let EndpointRequest { network, id, endpoint, origin } = request;
    let config = EndpointConfig::read(&endpoint.options)?;
    if *origin == Origin::Elsewhere {
        let Endpoint { interfaces, bindings, .. } = endpoint.clone();
        return Ok(Plan::answer(EndpointAnswer { interfaces, bindings }));
    }
    let scope = network.network.scope;
    check_entries(scope, &config.entries)?;
    if endpoint.interfaces.len() > MAX_INTERFACES || config.interfaces.len() > endpoint.interfaces.len() {
        return Err(Error::invalid(format!(
            "option {INTERFACES:?} names {} interfaces, and the endpoint has {}; it may have {MAX_INTERFACES}, \
             and names for each of them at most",
            config.interfaces.len(),
            endpoint.interfaces.len()
        )));
    }
    let number = number(view, config.number.as_ref())?;
    let interfaces = interfaces(request)?;
    let mut bindings = Vec::new();
    let mut claims = Vec::new();
    if scope == Scope::Local {
        claims.extend(link(view, config.link.as_ref())?);
        let addressed = Endpoint { interfaces: interfaces.clone(), ..endpoint.clone() };
        let (settled, held) = ports::settle(view, *id, &addressed, driver.free_ports)?;
        bindings = settled;
        claims.extend(held);
    }
    let mut plan = Plan::answer(EndpointAnswer { interfaces, bindings });
    plan.claims = claims;
    plan.ensure = config.note || NetworkConfig::read(&network.network.options)?.note;
    keep(&mut plan, scope, Object::Endpoint(network.id, *id), config, number)?;
    Ok(plan)
}

pub(super) fn join(driver: &Manual, view: &dyn PlanView, request: &JoinRequest) -> Result<Plan<JoinAnswer>> {
    let state = &request.endpoint;
    let mut answer = join_answer(state, &request.options)?;
    let mut claims = Vec::new();
    if state.network.network.scope == Scope::Global {
        let config = EndpointConfig::read(&state.endpoint.options)?;
        claims.extend(link(view, config.link.as_ref())?);
        let (bindings, held) = ports::settle(view, state.id, &state.endpoint, driver.free_ports)?;
        claims.extend(held);
        answer.bindings = bindings;
    }
    let mut plan = Plan::answer(answer);
    plan.claims = claims;
    plan.ensure = ensure::wants_notes(state)?;
    Ok(plan)
}

/// What a sandbox gets with an endpoint, but for the ports.
pub(super) fn join_answer(state: &EndpointState, options: &Options) -> Result<JoinAnswer> {
    let network = &state.network.network;
    let endpoint = &state.endpoint;
    let config = EndpointConfig::read(&endpoint.options)?;
    let of_network = NetworkConfig::read(&network.options)?.interface_prefix;
    let prefix = config.interface_prefix.clone().or(of_network);
    let mut entries = options::of_join(options)?;
    check_entries(network.scope, &entries)?;
    entries.extend(config.entries.iter().cloned());
    let mut routes = endpoint.routes.clone();
    routes.extend(config.routes.iter().filter(|route| !endpoint.routes.contains(route)).cloned());
    Ok(JoinAnswer {
        interfaces: names(state, &config, prefix)?,
        gateways: if config.no_gateway { Vec::new() } else { gateways(network, endpoint) },
        routes,
        no_gateway_service: config.no_gateway_service || endpoint.no_gateway_service,
        bindings: Vec::new(),
        table_entries: published(state, entries)?,
        hosts_path: None,
        resolv_conf_path: None,
    })
}

/// What is to be shown of an endpoint.
pub(super) fn endpoint_info(state: &EndpointState) -> Result<Options> {
    let mut info = Options::new();
    if let Some(mac) = state.endpoint.interfaces.iter().find_map(|interface| interface.mac) {
        info.insert("com.docker.network.endpoint.macaddress", mac.to_string());
    }
    let json = |what, value| {
        serde_json::to_value(value).map_err(|error| {
            Error::new(ErrorKind::Internal, format!("{what} cannot be shown")).with_source(error)
        })
    };
    if !state.endpoint.bindings.is_empty() {
        info.insert("com.docker.network.portmap", json("the bindings", &state.endpoint.bindings)?);
    }
    if let Some(n) = record::read::<EndpointConfig>(&state.records)?.and_then(|kept| kept.allocated_number) {
        info.insert(NUMBER, n);
    }
    Ok(info)
}

fn keep<T, C: Serialize>(
    plan: &mut Plan<T>,
    scope: Scope,
    on: Object,
    config: C,
    number: Option<(Claim, u64)>,
) -> Result<()> {
    let kept = Kept { config, allocated_number: number.as_ref().map(|(_, n)| *n) };
    plan.records.push(record::planned(scope, on, &kept)?);
    plan.claims.extend(number.map(|(claim, _)| claim));
    Ok(())
}

fn number(view: &dyn PlanView, wanted: Option<&WantedNumber>) -> Result<Option<(Claim, u64)>> {
    let Some(WantedNumber { class, from, to }) = wanted else { return Ok(None) };
    match view.free(&Want::Number { class: class.clone(), from: *from, to: *to }) {
        Some(Claim::Number { class, n }) => Ok(Some((Claim::Number { class, n }, n))),
        Some(other) => {
            Err(Error::new(ErrorKind::Internal, format!("the view answers {other} to a want of a number")))
        }
        None => Err(Error::new(
            ErrorKind::InUse,
            format!("option {NUMBER:?}: no number of class {class} from {from} to {to} is free"),
        )),
    }
}

fn link(view: &dyn PlanView, wanted: Option<&WantedLink>) -> Result<Option<Claim>> {
    let Some(WantedLink { name, shared }) = wanted else { return Ok(None) };
    let claim = Claim::Link { name: name.clone(), shared: *shared };
    match view.holder(&claim) {
        None => Ok(Some(claim)),
        Some(owner) => {
            Err(Error::new(ErrorKind::InUse, format!("link {name} of the host is held by {owner}")))
        }
    }
}

fn check_entries(scope: Scope, entries: &[WantedEntry]) -> Result<()> {
    if scope == Scope::Local && !entries.is_empty() {
        return Err(Error::invalid(format!(
            "option {ENTRIES:?}: a network of local scope has no tables; use one of global scope"
        )));
    }
    Ok(())
}

/// The interfaces of the request, with hardware addresses.
fn interfaces(request: &EndpointRequest) -> Result<Vec<InterfaceSpec>> {
    let mut interfaces = request.endpoint.interfaces.clone();
    for (index, interface) in (0_u8..).zip(&mut interfaces) {
        let asked = interface.mac.or(request.endpoint.requested.mac.filter(|_| index == 0));
        interface.mac = Some(match asked {
            Some(mac) => mac::check(mac)?,
            None => mac::made(interface, request.id, index),
        });
    }
    Ok(interfaces)
}

/// The names of the interfaces: those that they have, those of the option, or made from the endpoint's id.
fn names(
    state: &EndpointState,
    config: &EndpointConfig,
    prefix: Option<LinkName>,
) -> Result<Vec<InterfaceNames>> {
    let prefix = prefix.map_or_else(|| LinkName::new("eth"), Ok)?;
    let short = state.id.short();
    let mut names: Vec<InterfaceNames> = Vec::new();
    for (index, interface) in state.endpoint.interfaces.iter().enumerate() {
        let next = match (&interface.names, config.interfaces.get(index)) {
            (Some(names), _) => names.clone(),
            (None, Some(source)) => InterfaceNames { source: source.clone(), prefix: prefix.clone() },
            (None, None) => {
                let source = LinkName::new(&format!("nk{short}{index:x}"))?;
                InterfaceNames { source, prefix: prefix.clone() }
            }
        };
        if names.iter().any(|other| other.source == next.source) {
            return Err(Error::invalid(format!(
                "option {INTERFACES:?}: two interfaces of the endpoint are called {}",
                next.source
            )));
        }
        names.push(next);
    }
    Ok(names)
}

/// One gateway a family: the one that the endpoint has, or that of the pool that its address is from.
fn gateways(network: &Network, endpoint: &Endpoint) -> Vec<IpAddr> {
    if network.internal {
        return Vec::new();
    }
    let of_pool = |interface: &InterfaceSpec, ipv6: bool| {
        let pool = if ipv6 { &interface.ipv6_pool } else { &interface.ipv4_pool };
        let pool = pool.as_ref()?;
        let granted = |entry: &&netkeep_model::NetworkPool| {
            entry.granted.as_ref().is_some_and(|granted| granted.pool == *pool)
        };
        network.ipam.pools.iter().find(granted)?.gateway.map(|gateway| gateway.addr())
    };
    let gateway = |ipv6: bool| {
        let own = endpoint.gateways.iter().find(|ip| ip.is_ipv6() == ipv6).copied();
        own.or_else(|| endpoint.interfaces.iter().find_map(|interface| of_pool(interface, ipv6)))
    };
    [false, true].into_iter().filter_map(gateway).collect()
}

fn published(state: &EndpointState, wanted: Vec<WantedEntry>) -> Result<Vec<TableEntry>> {
    let mut entries = BTreeMap::new();
    for WantedEntry { table, key, value } in wanted {
        let key = key.map_or_else(|| TableKey::new(&state.id.to_string()), Ok)?;
        if entries.insert((table.clone(), key.clone()), value).is_some() {
            return Err(Error::invalid(format!(
                "option {ENTRIES:?}: there are two entries {table}/{key}; each key may stand there once"
            )));
        }
    }
    Ok(entries.into_iter().map(|((table, key), value)| TableEntry { table, key, value }).collect())
}
