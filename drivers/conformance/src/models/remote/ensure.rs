//! What the remote model calls for.

use netkeep_drivers::{EndpointAnswer, EndpointState, EnsureError, JoinAnswer, JoinState, Result};
use netkeep_model::Object;

use super::Remote;
use crate::models::PluginError;
use crate::models::interfaces::{gateways, join_answer, link_name};

/// Lets the plugin make an object. A plugin is never told twice: it would refuse.
pub(super) async fn make(driver: &Remote, what: &Object) -> Result<(), EnsureError> {
    if driver.plugin.has(what) {
        return Ok(());
    }
    driver.plugin.create(what).await.map_err(|error| match error {
        PluginError::Refused(_) => EnsureError::Refused(error.into()),
        PluginError::NoAnswer => EnsureError::Unknown(error.into()),
    })
}

/// The plugin gives hardware addresses to interfaces that have none.
pub(super) fn endpoint(driver: &Remote, state: &EndpointState) -> EndpointAnswer {
    let mut interfaces = state.endpoint.interfaces.clone();
    for (index, interface) in interfaces.iter_mut().enumerate() {
        let asked = state.endpoint.requested.mac.filter(|_| index == 0);
        let given = || interface.ipv4.map(|net| driver.plugin.mac(net.addr()));
        interface.mac = interface.mac.or(asked).or_else(given);
    }
    EndpointAnswer { interfaces, bindings: Vec::new() }
}

pub(super) fn join(state: &JoinState) -> Result<JoinAnswer> {
    let endpoint = &state.endpoint;
    let gateways = gateways(&endpoint.network.network, endpoint);
    join_answer(endpoint, link_name("rp", endpoint.id)?, gateways)
}
