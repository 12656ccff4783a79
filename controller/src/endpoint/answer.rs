//! What a driver answers about an endpoint.

use netkeep_drivers::EndpointAnswer;
use netkeep_model::{Endpoint, PortBinding};

use crate::{Error, Result};

/// Keeps what the driver has answered.
///
/// # Errors
///
/// [`ErrorKind::Internal`] if it overrides what was set.
pub(super) fn settle(endpoint: &mut Endpoint, answer: EndpointAnswer) -> Result<()> {
    if !answer.interfaces.is_empty() && answer.interfaces.len() != endpoint.interfaces.len() {
        return Err(overridden("the number of interfaces"));
    }
    for (had, answered) in endpoint.interfaces.iter_mut().zip(answer.interfaces) {
        fill(&mut had.mac, answered.mac, "mac")?;
        fill(&mut had.ipv4, answered.ipv4, "ipv4")?;
        fill(&mut had.ipv4_pool, answered.ipv4_pool, "ipv4_pool")?;
        fill(&mut had.ipv6, answered.ipv6, "ipv6")?;
        fill(&mut had.ipv6_pool, answered.ipv6_pool, "ipv6_pool")?;
        fill(&mut had.names, answered.names, "names")?;
        if had.link_local.is_empty() {
            had.link_local = answered.link_local;
        } else if !answered.link_local.is_empty() && answered.link_local != had.link_local {
            return Err(overridden("link_local"));
        }
    }
    let asked =
        |settled: &PortBinding| endpoint.bindings_wanted.iter().any(|wanted| honours(settled, wanted));
    if !answer.bindings.iter().all(asked) {
        return Err(overridden("bindings"));
    }
    endpoint.bindings = answer.bindings;
    Ok(())
}

/// True if a binding is settled as it was asked for.
pub(crate) fn honours(settled: &PortBinding, wanted: &PortBinding) -> bool {
    let ports = settled.host_ports.zip(wanted.host_ports);
    settled.protocol == wanted.protocol
        && settled.port == wanted.port
        && (wanted.ip.is_none() || settled.ip == wanted.ip)
        && (wanted.host_ip.is_none() || settled.host_ip == wanted.host_ip)
        && ports.is_none_or(|(settled, wanted)| wanted.covers(settled))
}

fn fill<T: PartialEq>(had: &mut Option<T>, answered: Option<T>, field: &str) -> Result<()> {
    match (&had, answered) {
        (_, None) => Ok(()),
        (Some(set), Some(answered)) if *set != answered => Err(overridden(field)),
        (_, answered) => {
            *had = answered;
            Ok(())
        }
    }
}

fn overridden(field: &str) -> Error {
    Error::internal(format!("the driver overrides {field}, which was set; it may only fill what is empty"))
}
