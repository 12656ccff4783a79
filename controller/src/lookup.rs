//! Finding things by name or id.

use netkeep_model::{
    Endpoint, EndpointKey, EndpointName, EndpointNameKey, Host, HostId, IdPrefix, Network, NetworkId,
    NetworkName,
};
use netkeep_store::datastore::Versioned;

use crate::replica::State;
use crate::{Error, ErrorKind, Result};

/// The network with this name, this id, or this beginning of an id that fits no other.
///
/// # Errors
///
/// [`ErrorKind::NotFound`], [`ErrorKind::Ambiguous`], and [`ErrorKind::Corrupt`] if it is there and its record
/// cannot be read.
pub(crate) fn network<'a>(state: &'a State, name_or_id: &str) -> Result<&'a Versioned<Network>> {
    let tables = &state.tables;
    let named = NetworkName::new(name_or_id).ok().and_then(|name| tables.network_names.get(&name));
    let named = named.map(|name| name.record.network).filter(|id| tables.has_network(*id));
    if let Some(id) = named.or_else(|| name_or_id.parse::<NetworkId>().ok()) {
        if let Some(found) = tables.networks.get(&id) {
            return Ok(found);
        }
        if tables.has_network(id) {
            return Err(unreadable(&format!("network {name_or_id:?} (id {id})")));
        }
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
    let named = EndpointName::new(name_or_id)
        .ok()
        .and_then(|name| tables.endpoint_names.get(&EndpointNameKey { network: network.id, name }));
    let named = named.map(|name| name.record.endpoint).filter(|id| tables.has_endpoint(network.id, *id));
    if let Some(id) = named.or_else(|| name_or_id.parse().ok()) {
        if let Some(found) = tables.endpoints.get(&key(id)) {
            return Ok(found);
        }
        if tables.has_endpoint(network.id, id) {
            return Err(unreadable(&format!("endpoint {name_or_id:?} (id {id})")));
        }
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

/// The host with this id, this name that no other has, or this beginning of an id that fits no other.
///
/// # Errors
///
/// As [`network`].
pub(crate) fn host<'a>(state: &'a State, name_or_id: &str) -> Result<&'a Versioned<Host>> {
    let tables = &state.tables;
    if let Ok(id) = name_or_id.parse::<HostId>() {
        if let Some(found) = tables.hosts.get(&id) {
            return Ok(found);
        }
        if tables.is_unreadable::<Host>(&id) {
            return Err(unreadable(&format!("host {id}")));
        }
    }
    let named = |read: &&Versioned<Host>| !name_or_id.is_empty() && read.record.name == name_or_id;
    let named: Vec<_> = tables.hosts.values().filter(named).collect();
    match named.as_slice() {
        [found] => return Ok(found),
        [] => {}
        several => {
            let ids: Vec<_> = several.iter().map(|read| read.id.to_string()).collect();
            return Err(Error::new(
                ErrorKind::Ambiguous,
                format!("several hosts are called {name_or_id:?}: {}; use the id", ids.join(", ")),
            ));
        }
    }
    if let Ok(prefix) = name_or_id.parse::<IdPrefix>()
        && let Some(id) = prefix.unique(tables.hosts.keys().copied())?
        && let Some(found) = tables.hosts.get(&id)
    {
        return Ok(found);
    }
    Err(Error::not_found(format!("host {name_or_id:?} not found: no host has this name or id")))
}

fn unreadable(what: &str) -> Error {
    Error::new(ErrorKind::Corrupt, format!("the record of {what} cannot be read; the check says why"))
}
