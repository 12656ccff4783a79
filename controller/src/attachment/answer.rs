//! What a driver answers about an attachment.

use netkeep_drivers::JoinAnswer;
use netkeep_model::{Attachment, Endpoint, TableEntry};

use crate::endpoint::honours;
use crate::{Error, Result};

/// Keeps what the driver has answered; returns the entries that are to be published.
///
/// # Errors
///
/// [`ErrorKind::Internal`](crate::ErrorKind::Internal) if it overrides what was set, or settles what nobody wants.
pub(super) fn settle(
    endpoint: &Endpoint,
    attachment: &mut Attachment,
    answer: JoinAnswer,
) -> Result<Vec<TableEntry>> {
    if !answer.interfaces.is_empty() && answer.interfaces.len() != endpoint.interfaces.len() {
        return Err(overridden("the number of interfaces"));
    }
    for (had, answered) in endpoint.interfaces.iter().zip(&answer.interfaces) {
        if had.names.as_ref().is_some_and(|names| names != answered) {
            return Err(overridden("the names of an interface"));
        }
    }
    for ipv6 in [false, true] {
        let mut answered = answer.gateways.iter().filter(|ip| ip.is_ipv6() == ipv6);
        let (first, second) = (answered.next(), answered.next());
        let set = endpoint.gateways.iter().find(|ip| ip.is_ipv6() == ipv6);
        if second.is_some() || first.zip(set).is_some_and(|(answered, set)| answered != set) {
            return Err(overridden("a gateway"));
        }
    }
    // Those that the endpoint has already are the first of those that it wants.
    let wanted = endpoint.bindings_wanted.get(endpoint.bindings.len()..).unwrap_or_default();
    let fit = answer.bindings.len() <= wanted.len()
        && answer.bindings.iter().zip(wanted).all(|(settled, wanted)| honours(settled, wanted));
    if !fit {
        return Err(overridden("bindings"));
    }
    attachment.interfaces = answer.interfaces;
    attachment.gateways = answer.gateways;
    attachment.routes = answer.routes;
    attachment.no_gateway_service = answer.no_gateway_service;
    attachment.bindings = answer.bindings;
    attachment.hosts_path = answer.hosts_path;
    attachment.resolv_conf_path = answer.resolv_conf_path;
    Ok(answer.table_entries)
}

fn overridden(field: &str) -> Error {
    Error::internal(format!("the driver overrides {field}, which was set; it may only fill what is empty"))
}
