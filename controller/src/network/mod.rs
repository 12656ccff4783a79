//! Operations on networks.

mod create;
mod delete;
mod pools;
mod realize;
mod removal;
mod specification;

use netkeep_drivers::{NetworkState, Object};
use netkeep_model::Network;
use netkeep_store::datastore::Versioned;

pub(crate) use create::create;
pub(crate) use delete::{delete, driver_of, finish, remove};
pub(crate) use pools::{answer, take_address};
pub(crate) use realize::make_usable;

use crate::NetworkInfo;
use crate::operation::{notes, records};
use crate::replica::State;

/// The IPAM driver of networks, and of clients, that name none.
pub(crate) const DEFAULT_IPAM: &str = "default";

/// A network as it is shown.
pub(crate) fn info(read: &Versioned<Network>) -> NetworkInfo {
    NetworkInfo { id: read.id, revision: read.revision().get(), stale: None, network: read.record.clone() }
}

/// A network as its driver gets it.
pub(crate) fn state(state: &State, read: &Versioned<Network>) -> NetworkState {
    let on = Object::Network(read.id);
    NetworkState {
        id: read.id,
        network: read.record.clone(),
        records: records(state, &read.record.driver, &on),
        notes: notes(state, &read.record.driver, &on),
    }
}
