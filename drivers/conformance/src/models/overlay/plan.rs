//! What the overlay model decides.

use std::collections::BTreeMap;
use std::net::IpAddr;

use netkeep_drivers::{
    EndpointAnswer, EndpointRequest, EndpointState, Error, ErrorKind, JoinAnswer, JoinRequest, NetworkAnswer,
    NetworkRequest, NetworkState, Origin, Plan, PlanView, PlannedRecord, Result, Want,
};
use netkeep_model::{Claim, Class, LinkName, Object, Options, Scope, TableEntry, TableKey, TableName};
use netkeep_store::Segment;
use serde_json::json;

use super::options::{VNI, check_none, vni};
use super::peers;
use crate::models::interfaces::{answer, check_one, join_answer, link_name, refuse_ports};

/// What numbers are allocated from, and among which one is sought.
const CLASS: &str = "model-vni";
const FREE: (u64, u64) = (4096, 16_777_215);
/// What the records are called: the number of a network, the device of a network on one host, the interface of
/// an endpoint on one host.
pub(super) const NUMBER: &str = "vni";
const DEVICE: &str = "device";
const LINK: &str = "link";

/// A network is a number, which all hosts share.
pub(super) fn network(view: &dyn PlanView, request: &NetworkRequest) -> Result<Plan<NetworkAnswer>> {
    let wanted = vni(&request.network.options)?;
    if request.network.config_only {
        return Ok(Plan::answer(NetworkAnswer::default()));
    }
    let n = number(view, wanted)?;
    let allocated = BTreeMap::from([(VNI.to_owned(), n.to_string())]);
    let mut plan = Plan::answer(NetworkAnswer { tables: vec![TableName::new(peers::TABLE)?], allocated });
    plan.claims.push(Claim::Number { class: Class::new(CLASS)?, n });
    plan.records.push(PlannedRecord {
        scope: Scope::Global,
        on: Object::Network(request.id),
        name: Segment::escape(NUMBER),
        value: Some(json!(n)),
    });
    Ok(plan)
}

/// The planning half of a network alone, for a cluster.
pub(super) fn allocate(
    view: &dyn PlanView,
    request: &NetworkRequest,
) -> Result<Plan<BTreeMap<String, String>>> {
    let n = number(view, vni(&request.network.options)?)?;
    let mut plan = Plan::answer(BTreeMap::from([(VNI.to_owned(), n.to_string())]));
    plan.claims.push(Claim::Number { class: Class::new(CLASS)?, n });
    Ok(plan)
}

/// Each host has its own device for a network.
pub(super) fn here(view: &dyn PlanView, state: &NetworkState) -> Result<Plan<()>> {
    let name = device(state)?;
    let claim = Claim::Link { name: name.clone(), shared: false };
    if let Some(owner) = view.holder(&claim) {
        return Err(Error::new(ErrorKind::InUse, format!("device {name} is held by {owner}")));
    }
    let mut plan = Plan::answer(());
    plan.claims.push(claim);
    plan.records.push(local_record(state.object(), DEVICE, &name));
    plan.ensure = true;
    Ok(plan)
}

pub(super) fn endpoint(request: &EndpointRequest) -> Result<Plan<EndpointAnswer>> {
    check_none(&request.endpoint.options)?;
    if request.origin == Origin::Requested {
        check_one(request)?;
        refuse_ports(&request.endpoint.bindings_wanted)?;
    }
    Ok(Plan::answer(answer(request)?))
}

/// The other hosts hear where the endpoint is, for as long as it is joined.
pub(super) fn join(request: &JoinRequest, address: IpAddr) -> Result<Plan<JoinAnswer>> {
    let state = &request.endpoint;
    let answer = answer_to_join(state, &request.options, address)?;
    let mut plan = Plan { ensure: true, ..Plan::answer(answer) };
    let on = Object::Join(state.network.id, state.id, request.sandbox);
    plan.records.push(local_record(on, LINK, &link_name("ov", state.id)?));
    Ok(plan)
}

/// What a sandbox gets with an endpoint.
pub(super) fn answer_to_join(
    state: &EndpointState,
    options: &Options,
    address: IpAddr,
) -> Result<JoinAnswer> {
    check_none(options)?;
    // Such a network leads nowhere else: no gateway.
    let mut answer = join_answer(state, link_name("ov", state.id)?, Vec::new())?;
    for interface in &state.endpoint.interfaces {
        let (Some(mac), Some(ipv4)) = (interface.mac, interface.ipv4) else { continue };
        answer.table_entries.push(TableEntry {
            table: TableName::new(peers::TABLE)?,
            key: TableKey::new(&state.id.to_string())?,
            value: peers::value(mac, ipv4.addr().into(), address),
        });
    }
    Ok(answer)
}

/// The device of a network, named for its number.
pub(super) fn device(state: &NetworkState) -> Result<LinkName> {
    let record = state.records.iter().find(|record| record.name.as_str() == NUMBER);
    let n = record.and_then(|record| record.value.as_ref()?.as_u64());
    let n = n.ok_or_else(|| {
        Error::new(
            ErrorKind::Internal,
            format!("network {} has no record {NUMBER}; it was not planned", state.id),
        )
    })?;
    Ok(LinkName::new(&format!("vx-{n:06x}"))?)
}

fn number(view: &dyn PlanView, wanted: Option<u64>) -> Result<u64> {
    let class = Class::new(CLASS)?;
    let (from, to) = FREE;
    let Some(n) = wanted else {
        return match view.free(&Want::Number { class, from, to }) {
            Some(Claim::Number { n, .. }) => Ok(n),
            _ => Err(Error::new(ErrorKind::InUse, format!("no number from {from} to {to} is free"))),
        };
    };
    if n > to {
        return Err(Error::invalid(format!(
            "option {VNI:?}: {n} is no number of a network; the highest is {to}"
        )));
    }
    match view.holder(&Claim::Number { class, n }) {
        None => Ok(n),
        Some(owner) => Err(Error::new(ErrorKind::InUse, format!("option {VNI:?}: {n} is held by {owner}"))),
    }
}

fn local_record(on: Object, name: &str, link: &LinkName) -> PlannedRecord {
    PlannedRecord { scope: Scope::Local, on, name: Segment::escape(name), value: Some(json!(link.as_str())) }
}
