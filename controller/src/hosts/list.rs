//! Listing hosts.

use std::collections::BTreeMap;

use netkeep_model::{
    AddressRecord, Endpoint, Host, HostId, Network, NumberRecord, PoolRecord, PublishedEntry, SubPoolRecord,
};
use netkeep_store::Key;
use netkeep_store::datastore::{Record, Versioned};

use super::{HostDetails, HostInfo, HostState, Owned};
use crate::replica::State;
use crate::{endpoint, ipam, network};

/// All hosts, in the order in which they first came, as the one with the id `this` knows them.
pub(crate) fn list(state: &State, this: HostId) -> Vec<HostInfo> {
    state.tables.hosts.values().map(|read| info(state, this, read)).collect()
}

/// A host with all that is its own.
pub(crate) fn details(state: &State, this: HostId, read: &Versioned<Host>) -> HostDetails {
    let tables = &state.tables;
    let mut details = HostDetails {
        info: info(state, this, read),
        networks: Vec::new(),
        endpoints: Vec::new(),
        pools: Vec::new(),
        addresses: Vec::new(),
    };
    for key in state.runs.of_host(read.id) {
        if let Some(found) = Endpoint::id(key).and_then(|id| tables.endpoints.get(&id)) {
            let of = tables.networks.get(&found.id.network);
            details.endpoints.extend(of.map(|of| endpoint::info(of, found)));
        } else if let Some(found) = PoolRecord::id(key).and_then(|id| tables.pools.get(&id)) {
            details.pools.push(ipam::pool(state, found));
        } else if let Some(found) = SubPoolRecord::id(key).and_then(|id| tables.sub_pools.get(&id)) {
            details.pools.push(ipam::sub_pool(state, found));
        } else if let Some(found) = AddressRecord::id(key).and_then(|id| tables.addresses.get(&id)) {
            details.addresses.push(ipam::address(found));
        }
    }
    for key in between(state, read.id) {
        details.networks.extend(Network::id(key).and_then(|id| tables.networks.get(&id)).map(network::info));
    }
    details
}

fn info(state: &State, this: HostId, read: &Versioned<Host>) -> HostInfo {
    let standing = standing(state, read);
    let since = match standing {
        HostState::Alive => state.tables.alive.get(&read.id).map(|alive| alive.record.since),
        HostState::Gone | HostState::Evicted => state.tables.gone.get(&read.id).map(|gone| gone.record.since),
    };
    HostInfo {
        id: read.id,
        this: read.id == this,
        state: standing,
        since,
        owns: owned(state, read.id),
        revision: read.revision().get(),
        host: read.record.clone(),
    }
}

/// How many hosts there are in each state.
pub(crate) fn states(state: &State) -> BTreeMap<HostState, usize> {
    let mut states = BTreeMap::new();
    for read in state.tables.hosts.values() {
        *states.entry(standing(state, read)).or_default() += 1;
    }
    states
}

fn standing(state: &State, read: &Versioned<Host>) -> HostState {
    if read.record.is_evicted() {
        HostState::Evicted
    } else if state.tables.alive.contains_key(&read.id) {
        HostState::Alive
    } else {
        HostState::Gone
    }
}

fn owned(state: &State, host: HostId) -> Owned {
    let mut owned = Owned { between: between(state, host).count(), ..Owned::default() };
    for key in state.runs.of_host(host) {
        let count = match key.as_str().split('/').next() {
            Some(Endpoint::ROOT) => &mut owned.endpoints,
            Some(AddressRecord::ROOT) => &mut owned.addresses,
            Some(PoolRecord::ROOT | SubPoolRecord::ROOT) => &mut owned.pools,
            Some(NumberRecord::ROOT) => &mut owned.numbers,
            Some(PublishedEntry::ROOT) => &mut owned.entries,
            _ => continue,
        };
        *count += 1;
    }
    owned
}

/// The keys of what runs of `host` have in between.
fn between(state: &State, host: HostId) -> impl Iterator<Item = &Key> {
    let actors = state.runs.actors().filter(move |actor| actor.host == host);
    actors.flat_map(|actor| state.runs.between(actor))
}
