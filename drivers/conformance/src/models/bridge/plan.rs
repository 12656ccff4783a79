//! What the bridge model decides.

use netkeep_drivers::{
    Answer, EndpointAnswer, EndpointRequest, EndpointState, Error, ErrorKind, JoinAnswer, JoinRequest,
    JoinState, NetworkAnswer, NetworkRequest, Origin, Plan, PlanView, PlannedRecord, Result,
};
use netkeep_model::{Claim, Object, Options, PortBinding, Scope};
use netkeep_store::Segment;
use serde_json::json;

use super::options::{Config, check_none};
use crate::models::interfaces::{answer, check_one, gateways, join_answer, link_name};
use crate::models::ports;

/// What the record on a network is called.
const CONFIG: &str = "config";

pub(super) fn network(view: &dyn PlanView, request: &NetworkRequest) -> Result<Plan<NetworkAnswer>> {
    let Config { bridge, shared, keep, .. } = Config::read(request.id, &request.network.options)?;
    let mut plan = Plan::answer(NetworkAnswer::default());
    if request.network.config_only {
        return Ok(plan);
    }
    let claim = Claim::Link { name: bridge.clone(), shared };
    if let Some(owner) = view.holder(&claim) {
        return Err(Error::new(ErrorKind::InUse, format!("bridge {bridge} is held by {owner}")));
    }
    plan.claims.push(claim);
    plan.records.push(PlannedRecord {
        scope: Scope::Local,
        on: Object::Network(request.id),
        name: Segment::escape(CONFIG),
        value: Some(json!({ "bridge": bridge.as_str(), "keep": keep })),
    });
    plan.ensure = true;
    Ok(plan)
}

pub(super) fn endpoint(view: &dyn PlanView, request: &EndpointRequest) -> Result<Plan<EndpointAnswer>> {
    check_none(&request.endpoint.options)?;
    let mut answered = answer(request)?;
    if request.origin == Origin::Elsewhere {
        answered.bindings.clone_from(&request.endpoint.bindings);
        return Ok(Plan::answer(answered));
    }
    check_one(request)?;
    let mut claims = Vec::new();
    if Config::read(request.network.id, &request.network.network.options)?.early {
        (answered.bindings, claims) = ports::settle(view, &request.endpoint)?;
    }
    Ok(Plan { answer: Answer::Now(answered), records: Vec::new(), claims, ensure: true })
}

pub(super) fn join(request: &JoinRequest) -> Result<Plan<JoinAnswer>> {
    let answer = answer_to_join(&request.endpoint, &request.options)?;
    Ok(Plan { ensure: true, ..Plan::answer(answer) })
}

/// What a sandbox gets with an endpoint.
pub(super) fn answer_to_join(state: &EndpointState, options: &Options) -> Result<JoinAnswer> {
    check_none(options)?;
    let gateways = gateways(&state.network.network, state);
    join_answer(state, link_name("ve", state.id)?, gateways)
}

pub(super) fn program(view: &dyn PlanView, state: &JoinState) -> Result<Plan<Vec<PortBinding>>> {
    let (bindings, claims) = ports::settle(view, &state.endpoint.endpoint)?;
    let ensure = !claims.is_empty();
    Ok(Plan { answer: Answer::Now(bindings), records: Vec::new(), claims, ensure })
}

/// A network that is to be kept says so in its record.
pub(super) fn may_remove(view: &dyn PlanView, what: &Object) -> Result<()> {
    let records = view.records(Scope::Local, what);
    let kept =
        records.iter().filter_map(|record| record.value.as_ref()?.get("keep")?.as_bool()).any(|keep| keep);
    if kept { Err(Error::forbidden(format!("{what} is to be kept, as its options say"))) } else { Ok(()) }
}
