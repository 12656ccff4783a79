//! Finding things by name or id.

use netkeep_model::{
    Endpoint, EndpointKey, EndpointName, EndpointNameKey, IdPrefix, Network, NetworkId, NetworkName,
};
use netkeep_store::datastore::Versioned;

use crate::replica::State;
use crate::{Error, Result};

/// The network with this name, this id, or this beginning of an id that fits no other.
///
/// # Errors
///
/// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound), [`ErrorKind::Ambiguous`](crate::ErrorKind::Ambiguous).
pub(crate) fn network<'a>(state: &'a State, name_or_id: &str) -> Result<&'a Versioned<Network>> {
    let tables = &state.tables;
    let named = NetworkName::new(name_or_id)
        .ok()
        .and_then(|name| tables.networks.get(&tables.network_names.get(&name)?.record.network));
    if let Some(found) = named {
        return Ok(found);
    }
    if let Some(found) = name_or_id.parse::<NetworkId>().ok().and_then(|id| tables.networks.get(&id)) {
        return Ok(found);
    }
    if let Ok(prefix) = name_or_id.parse::<IdPrefix>()
        && let Some(id) = prefix.unique(tables.networks.keys().copied())?
        && let Some(found) = tables.networks.get(&id)
    {
        return Ok(found);
    }
    Err(Error::not_found(format!("network {name_or_id:?} not found: no network has this name or id")))
}

/// The endpoint of `network` with this name, this id, or this beginning of an id that fits no other there.
///
/// # Errors
///
/// As [`network`].
pub(crate) fn endpoint<'a>(
    state: &'a State,
    network: &Versioned<Network>,
    name_or_id: &str,
) -> Result<&'a Versioned<Endpoint>> {
    let tables = &state.tables;
    let key = |endpoint| EndpointKey { network: network.id, endpoint };
    let named = EndpointName::new(name_or_id).ok().and_then(|name| {
        let name = tables.endpoint_names.get(&EndpointNameKey { network: network.id, name })?;
        tables.endpoints.get(&key(name.record.endpoint))
    });
    if let Some(found) = named {
        return Ok(found);
    }
    if let Some(found) = name_or_id.parse().ok().and_then(|id| tables.endpoints.get(&key(id))) {
        return Ok(found);
    }
    if let Ok(prefix) = name_or_id.parse::<IdPrefix>()
        && let Some(id) = prefix.unique(tables.endpoints_of(network.id).map(|found| found.id.endpoint))?
        && let Some(found) = tables.endpoints.get(&key(id))
    {
        return Ok(found);
    }
    Err(Error::not_found(format!(
        "endpoint {name_or_id:?} not found: no endpoint of network {} has this name or id",
        network.record.name
    )))
}
