//! What the remote model refuses before it calls.

use netkeep_drivers::{
    EndpointAnswer, EndpointRequest, JoinAnswer, JoinRequest, NetworkAnswer, NetworkRequest, Origin, Plan,
    Result,
};

use super::options::check_none;
use crate::models::interfaces::{check_one, refuse_ports};

pub(super) fn network(request: &NetworkRequest) -> Result<Plan<NetworkAnswer>> {
    check_none(&request.network.options)?;
    Ok(if request.network.config_only { Plan::answer(NetworkAnswer::default()) } else { Plan::from_call() })
}

pub(super) fn endpoint(request: &EndpointRequest) -> Result<Plan<EndpointAnswer>> {
    check_none(&request.endpoint.options)?;
    if request.origin == Origin::Elsewhere {
        let interfaces = request.endpoint.interfaces.clone();
        return Ok(Plan::answer(EndpointAnswer { interfaces, bindings: request.endpoint.bindings.clone() }));
    }
    check_one(request)?;
    refuse_ports(&request.endpoint.bindings_wanted)?;
    Ok(Plan::from_call())
}

pub(super) fn join(request: &JoinRequest) -> Result<Plan<JoinAnswer>> {
    check_none(&request.options)?;
    Ok(Plan::from_call())
}
