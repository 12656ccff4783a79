//! I1 and I2 of pools, their parts and their addresses: each is in something, and none is given twice.

use std::collections::BTreeMap;

use netkeep_model::{
    AddressRecord, AddressSpace, IpamKind, Network, Owner, PoolKey, PoolRecord, Space, SubPoolRecord,
};
use netkeep_store::Result;
use netkeep_store::datastore::{Any, Transaction};

use super::Invariant::{I1, I2};
use super::findings::Findings;
use super::liveness::Seen;
use super::mend::Mend;
use crate::network::DEFAULT_IPAM;

/// Each pool has its space, each part and each address its pool, and none is given twice.
pub(super) fn check(findings: &mut Findings<'_>) {
    pools(findings);
    parts(findings);
    addresses(findings);
}

fn pools(findings: &mut Findings<'_>) {
    let tables = &findings.state.tables;
    let mut before: Option<&PoolKey> = None;
    for read in tables.pools.values() {
        let id = &read.id;
        // Pools are in the order of their first addresses, so a pool that overlaps any overlaps its neighbour.
        if let Some(other) = before.filter(|other| other.space == id.space && other.pool.overlaps(id.pool)) {
            let found = format!("it overlaps pool {} of the same space", other.pool);
            let mend = twice(findings, [owner_of(findings, id), owner_of(findings, other)]);
            findings.note::<PoolRecord>(I2, id, found, mend);
        }
        before = Some(match before {
            Some(other) if other.space == id.space && other.pool.covers(id.pool) => other,
            _ => id,
        });
        let parts = tables.sub_pools_of(&id.space, id.pool).count();
        if read.record.owner.is_none() && parts == 0 && !tables.has_unreadable_part(id) {
            let found = "it stands only for its parts and has none".to_owned();
            let mend = match tables.addresses_of(&id.space, id.pool).next() {
                Some(given) => Mend::by_hand(format!("remove it once address {} is released", given.id.ip)),
                None => Mend::by("remove it", |tx| {
                    tx.delete(read)?;
                    touch(findings, &id.space, tx)?;
                    Ok(Vec::new())
                }),
            };
            findings.note::<PoolRecord>(I1, id, found, mend);
        }
        if !tables.has_space(&id.space) {
            let mend = Mend::by("write the record of the space", |tx| {
                touch(findings, &id.space, tx)?;
                Ok(Vec::new())
            });
            let found = "its space has no record".to_owned();
            findings.note::<PoolRecord>(I1, id, found, mend.first());
        }
    }
}

fn owner_of<'a>(findings: &Findings<'a>, id: &PoolKey) -> Option<&'a Owner> {
    findings.state.tables.pools.get(id)?.record.owner.as_ref()
}

/// What is to be said of two that exclude each other.
fn twice(findings: &Findings<'_>, owners: [Option<&Owner>; 2]) -> Mend {
    let gone = |owner: &&Owner| findings.owner(owner) == Seen::Gone;
    match owners.into_iter().flatten().find(gone) {
        Some(owner) => Mend::by_hand(format!("release that of {owner}, which is gone")),
        None => Mend::by_hand("delete one of the two owners; nobody but a person can say which"),
    }
}

fn parts(findings: &mut Findings<'_>) {
    let tables = &findings.state.tables;
    for read in tables.sub_pools.values() {
        let id = PoolKey { space: read.id.space.clone(), pool: read.id.master };
        if !tables.has_pool(&id) {
            let found = format!("pool {}, of which it is a part, is gone", id.pool);
            let record = PoolRecord::default();
            let mend = restore(findings, &id, &record);
            findings.note::<SubPoolRecord>(I1, &read.id, found, mend);
        }
        if !read.id.master.covers(read.id.sub) {
            let found = format!("it is no part of {}", read.id.master);
            let mend = Mend::by_hand(format!("delete {}, and create it again", read.record.owner));
            findings.note::<SubPoolRecord>(I1, &read.id, found, mend);
        }
    }
}

fn addresses(findings: &mut Findings<'_>) {
    let tables = &findings.state.tables;
    let mut seen = BTreeMap::new();
    for read in tables.addresses.values() {
        let id = &read.id;
        let owner = &read.record.owner;
        let pool = PoolKey { space: id.space.clone(), pool: id.master };
        if !tables.has_pool(&pool) || !id.master.contains(id.ip) {
            let found = format!("it is in no pool: {} is gone or does not contain it", id.master);
            let mend = match findings.owner(owner) {
                Seen::Gone => Mend::by("release it", |tx| {
                    tx.delete(read)?;
                    findings.because_over(owner, tx)
                }),
                _ if id.master.contains(id.ip) => restore(findings, &pool, &held(findings, &pool, owner)),
                _ => Mend::by_hand(format!("delete {owner}, and create it again")),
            };
            findings.note::<AddressRecord>(I1, id, found, mend);
        }
        if let Some((other, theirs)) = seen.insert((id.space.clone(), id.ip), (id.master, owner)) {
            let found = format!("pool {other} of the same space gives this address too");
            let mend = twice(findings, [Some(owner), Some(theirs)]);
            findings.note::<AddressRecord>(I2, id, found, mend);
        }
    }
}

/// The record that a pool must have had of which this owner has an address.
fn held(findings: &Findings<'_>, id: &PoolKey, owner: &Owner) -> PoolRecord {
    let mut networks = findings.state.tables.networks.values();
    let named = networks.find_map(|read| pool_of(&read.record, id).map(|record| (read.id, record)));
    match (named, owner) {
        (Some((network, record)), _) => PoolRecord { owner: Some(Owner::Network { network }), ..record },
        (None, Owner::Client { .. }) => PoolRecord { owner: Some(owner.clone()), ..PoolRecord::default() },
        (None, _) => PoolRecord {
            owner: owner.network().map(|network| Owner::Network { network }),
            ..PoolRecord::default()
        },
    }
}

/// What the record of this network says of a whole pool that it was granted, without its owner.
pub(super) fn pool_of(network: &Network, id: &PoolKey) -> Option<PoolRecord> {
    network.ipam.pools.iter().find_map(|pool| {
        let granted = pool.granted.as_ref().filter(|granted| granted.pool.pool_key() == *id)?;
        // As the master of a part it has no owner.
        let whole = granted.pool.sub.is_none();
        Some(PoolRecord {
            options: if whole { network.ipam.options.clone() } else { Default::default() },
            metadata: if whole { pool.metadata.clone() } else { Default::default() },
            foreign_id: if whole { granted.foreign_id.clone() } else { None },
            ..PoolRecord::default()
        })
    })
}

/// Writes the record of a pool that is missing, unless it would overlap another.
pub(super) fn restore(findings: &Findings<'_>, id: &PoolKey, record: &PoolRecord) -> Mend {
    let tables = &findings.state.tables;
    let others = tables.pools_of(&id.space).map(|read| read.id.pool);
    let mut others = others.chain(tables.unreadable_pools(&id.space));
    if let Some(other) = others.find(|other| other.overlaps(id.pool)) {
        return Mend::by_hand(format!(
            "the record of pool {} cannot be written again, since it overlaps pool {other}: delete one of those \
             that use them",
            id.pool
        ));
    }
    let mend = Mend::by("write the record of the pool", |tx| {
        tx.create(id, record)?;
        touch(findings, &id.space, tx)?;
        Ok(Vec::new())
    });
    mend.first()
}

/// Says that the set of pools of a space changes; a space without a record gets one.
pub(super) fn touch(findings: &Findings<'_>, space: &Space, tx: &mut Transaction<Any>) -> Result<()> {
    let tables = &findings.state.tables;
    if let Some(read) = tables.spaces.get(space) {
        return tx.replace(read, &AddressSpace { touched: findings.operation, ..read.record.clone() });
    }
    let mut networks = tables.networks.values();
    let used = networks.find(|read| read.record.ipam.granted().any(|pool| pool.space == *space));
    let driver = used.and_then(|read| read.record.ipam.driver.clone());
    let driver = driver.map_or_else(|| IpamKind::new(DEFAULT_IPAM), Ok);
    let driver = driver.map_err(|error| netkeep_store::Error::invalid(error.to_string()))?;
    tx.create(space, &AddressSpace { driver, touched: findings.operation })
}
