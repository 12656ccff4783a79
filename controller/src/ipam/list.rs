//! Pools and addresses as they are shown.

use std::net::IpAddr;

use netkeep_model::{AddressKey, AddressRecord, Pool, PoolRecord, Space, SubPoolRecord};
use netkeep_store::datastore::Versioned;

use crate::replica::State;
use crate::{AddressInfo, PoolInfo};

/// The pools and sub-pools, by space.
pub(crate) fn pools(state: &State) -> Vec<PoolInfo> {
    let mut pools = Vec::new();
    for read in state.tables.pools.values() {
        pools.push(pool(state, read));
        let subs = state.tables.sub_pools_of(&read.id.space, read.id.pool);
        pools.extend(subs.map(|sub| sub_pool(state, sub)));
    }
    pools
}

/// The addresses that are given.
pub(crate) fn addresses(state: &State, space: Option<&Space>, pool: Option<&Pool>) -> Vec<AddressInfo> {
    let all = state.tables.addresses.values();
    all.filter(|read| {
        space.is_none_or(|space| read.id.space == *space) && pool.is_none_or(|pool| read.id.master == *pool)
    })
    .map(address)
    .collect()
}

/// An address, as far as it is given: in one space or in each.
pub(crate) fn given(state: &State, space: Option<&Space>, ip: IpAddr) -> Vec<AddressInfo> {
    let spaces = state.tables.spaces.keys().filter(|known| space.is_none_or(|space| space == *known));
    let found = spaces.filter_map(|space| {
        let master = state.tables.pool_around(space, ip)?;
        state.tables.addresses.get(&AddressKey { space: space.clone(), master, ip })
    });
    found.map(address).collect()
}

pub(crate) fn pool(state: &State, read: &Versioned<PoolRecord>) -> PoolInfo {
    PoolInfo {
        space: read.id.space.clone(),
        pool: read.id.pool,
        sub: None,
        owner: read.record.owner.clone(),
        phase: read.record.phase,
        given: state.tables.addresses_of(&read.id.space, read.id.pool).count(),
        revision: read.revision().get(),
        stale: None,
    }
}

pub(crate) fn sub_pool(state: &State, read: &Versioned<SubPoolRecord>) -> PoolInfo {
    let given = state.tables.addresses_of(&read.id.space, read.id.master);
    PoolInfo {
        space: read.id.space.clone(),
        pool: read.id.master,
        sub: Some(read.id.sub),
        owner: Some(read.record.owner.clone()),
        phase: read.record.phase,
        given: given.filter(|address| address.record.sub == Some(read.id.sub)).count(),
        revision: read.revision().get(),
        stale: None,
    }
}

pub(crate) fn address(read: &Versioned<AddressRecord>) -> AddressInfo {
    AddressInfo {
        space: read.id.space.clone(),
        pool: read.id.master,
        address: read.id.ip,
        owner: read.record.owner.clone(),
        revision: read.revision().get(),
        stale: None,
    }
}
