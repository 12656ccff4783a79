//! What all operations are made of.

mod assemble;
mod attempts;
mod draft;
mod held_pools;
mod here;
mod holder;
mod notes;
mod pieces;
mod pools;
mod release;
mod size;
mod taking;
mod view;

use netkeep_model::{EndpointId, LinkName, NetworkId, PortBlockKey, RequestId, Space};

pub(crate) use assemble::{Assembly, port_claims};
pub(crate) use attempts::{ATTEMPTS, Attempts};
pub(crate) use draft::{Adopt, Draft, Taken};
pub(crate) use held_pools::HeldPools;
pub(crate) use here::wanted_here;
pub(crate) use notes::{SiteNotes, notes, realized, records, remains};
pub(crate) use pieces::{cut, cut_txn, fits, fits_txn};
pub(crate) use release::{queues, release, remove_records};
pub(crate) use size::check_size;
pub(crate) use taking::Taking;
pub(crate) use view::View;

/// How often an endpoint is planned again because someone unknown to the store holds what was planned.
pub(crate) const MAX_TAKEN: usize = 10;

/// Where those who change the set of pools of a space queue.
pub(crate) fn space_queue(space: &Space) -> String {
    format!("spaces/{space}")
}

/// Where those who work on a network as a whole queue.
pub(crate) fn network_queue(network: NetworkId) -> String {
    format!("networks/{network}")
}

/// Where those who work on an endpoint queue.
pub(crate) fn endpoint_queue(network: NetworkId, endpoint: EndpointId) -> String {
    format!("endpoints/{network}/{endpoint}")
}

/// Where those who change a port block queue.
pub(crate) fn port_queue(block: &PortBlockKey) -> String {
    format!("ports/{}/{}", block.protocol, block.block)
}

/// Where those who change a link queue.
pub(crate) fn link_queue(link: &LinkName) -> String {
    format!("links/{link}")
}

/// Where those who repeat one request of a client queue.
pub(crate) fn request_queue(request: RequestId) -> String {
    format!("requests/{request}")
}
