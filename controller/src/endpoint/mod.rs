//! Operations on endpoints.

mod addresses;
mod answer;
mod create;
mod delete;
mod realize;
mod specification;

use std::sync::Arc;

use netkeep_drivers::{EndpointState, Object};
use netkeep_model::{Endpoint, Network, Options};
use netkeep_store::datastore::Versioned;

pub(crate) use answer::honours;
pub(crate) use create::create;
pub(crate) use delete::{always, delete, finish, remove_from_store};
pub(crate) use realize::make_usable;

use crate::attachment::effective;
use crate::controller::Inner;
use crate::operation::{notes, records};
use crate::replica::State;
use crate::{EndpointInfo, Result, lookup, network};

/// An endpoint as it is shown.
pub(crate) fn info(network: &Versioned<Network>, read: &Versioned<Endpoint>) -> EndpointInfo {
    EndpointInfo {
        id: read.id.endpoint,
        network: network.id,
        network_name: network.record.name.clone(),
        revision: read.revision().get(),
        stale: None,
        endpoint: read.record.clone(),
    }
}

/// An endpoint as its driver gets it.
pub(crate) fn state(state: &State, of: &Versioned<Network>, read: &Versioned<Endpoint>) -> EndpointState {
    let on = Object::Endpoint(read.id.network, read.id.endpoint);
    EndpointState {
        network: network::state(state, of),
        id: read.id.endpoint,
        endpoint: effective(&read.record),
        records: records(state, &of.record.driver, &on),
        notes: notes(state, &of.record.driver, &on),
    }
}

/// What the driver has to say about an endpoint.
pub(crate) async fn driver_info(inner: &Arc<Inner>, network: &str, name_or_id: &str) -> Result<Options> {
    let (driver, told) = {
        let known = inner.site.replica.read();
        let network = lookup::network(&known, network)?;
        let read = lookup::endpoint(&known, network, name_or_id)?;
        (network.record.driver.clone(), state(&known, network, read))
    };
    Ok(inner.registry.resolve_network(&driver).await?.endpoint_info(&told).await?)
}
