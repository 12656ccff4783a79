//! What the macvlan model decides.

use netkeep_drivers::{
    EndpointAnswer, EndpointRequest, EndpointState, Error, ErrorKind, JoinAnswer, JoinRequest, NetworkAnswer,
    NetworkRequest, Origin, Plan, PlanView, Result,
};
use netkeep_model::{Claim, Options};

use super::options::{Config, check_none};
use crate::models::interfaces::{answer, check_one, gateways, join_answer, link_name, refuse_ports};

pub(super) fn network(view: &dyn PlanView, request: &NetworkRequest) -> Result<Plan<NetworkAnswer>> {
    let Config { parent, shared } = Config::read(request.id, &request.network.options)?;
    let mut plan = Plan::answer(NetworkAnswer::default());
    if request.network.config_only {
        return Ok(plan);
    }
    let claim = Claim::Link { name: parent.clone(), shared };
    if let Some(owner) = view.holder(&claim) {
        return Err(Error::new(ErrorKind::InUse, format!("parent {parent} is held by {owner} alone")));
    }
    plan.claims.push(claim);
    plan.ensure = true;
    Ok(plan)
}

/// An endpoint is decided here, and made when it joins a sandbox.
pub(super) fn endpoint(request: &EndpointRequest) -> Result<Plan<EndpointAnswer>> {
    check_none(&request.endpoint.options)?;
    if request.origin == Origin::Requested {
        check_one(request)?;
        refuse_ports(&request.endpoint.bindings_wanted)?;
    }
    Ok(Plan::answer(answer(request)?))
}

pub(super) fn join(request: &JoinRequest) -> Result<Plan<JoinAnswer>> {
    let answer = answer_to_join(&request.endpoint, &request.options)?;
    Ok(Plan { ensure: true, ..Plan::answer(answer) })
}

/// What a sandbox gets with an endpoint.
pub(super) fn answer_to_join(state: &EndpointState, options: &Options) -> Result<JoinAnswer> {
    check_none(options)?;
    join_answer(state, link_name("mv", state.id)?, gateways(&state.network.network, state))
}
