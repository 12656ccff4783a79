//! What is held, and by whom.

use std::net::IpAddr;

use netkeep_model::{
    AddressRecord, Endpoint, EndpointKey, Link, Network, NumberRecord, Owner, PoolKey, PoolRecord, PoolRef,
    PortBlock, PortBlockKey, PortRange, SubPoolRecord,
};

use super::Invariant;
use super::findings::Findings;

/// I1 and I2: every allocation has exactly one living owner, and no address is given twice.
pub(super) fn check(findings: &mut Findings<'_>) {
    owners(findings);
    pools(findings);
    addresses(findings);
    networks(findings);
    endpoints(findings);
}

/// True if the owner is there.
fn lives(findings: &Findings<'_>, owner: &Owner) -> bool {
    let tables = &findings.state.tables;
    match owner {
        Owner::Network { network } | Owner::Service { network, .. } => tables.has_network(*network),
        Owner::Endpoint { network, endpoint } => tables.has_endpoint(*network, *endpoint),
        Owner::Join { network, endpoint, sandbox } => {
            let id = EndpointKey { network: *network, endpoint: *endpoint };
            match tables.endpoints.get(&id) {
                Some(read) => read.record.attachment.as_ref().is_some_and(|found| found.sandbox == *sandbox),
                None => tables.has_endpoint(*network, *endpoint),
            }
        }
        Owner::Client { .. } => true,
    }
}

fn owners(findings: &mut Findings<'_>) {
    const MEND: &str = "release it";
    let state = findings.state;
    let orphan = |owner: &Owner| format!("its owner, {owner}, is gone");
    for read in state.tables.addresses.values() {
        if !lives(findings, &read.record.owner) {
            findings.note::<AddressRecord>(Invariant::I1, &read.id, orphan(&read.record.owner), MEND);
        }
    }
    for read in state.tables.numbers.values() {
        if !lives(findings, &read.record.owner) {
            findings.note::<NumberRecord>(Invariant::I1, &read.id, orphan(&read.record.owner), MEND);
        }
    }
    for read in state.tables.sub_pools.values() {
        if !lives(findings, &read.record.owner) {
            findings.note::<SubPoolRecord>(Invariant::I1, &read.id, orphan(&read.record.owner), MEND);
        }
    }
    for read in state.tables.pools.values() {
        if let Some(owner) = read.record.owner.as_ref().filter(|owner| !lives(findings, owner)) {
            findings.note::<PoolRecord>(Invariant::I1, &read.id, orphan(owner), MEND);
        }
    }
    for read in state.tables.links.values() {
        for owner in read.record.owners() {
            if !lives(findings, owner) {
                findings.note::<Link>(Invariant::I1, &read.id, orphan(owner), MEND);
            }
        }
    }
    for read in state.tables.port_blocks.values() {
        for claim in read.record.claims() {
            if !lives(findings, &claim.owner) {
                let found = format!("port {}: {}", claim.ports, orphan(&claim.owner));
                findings.note::<PortBlock>(Invariant::I1, &read.id, found, MEND);
            }
        }
    }
}

fn pools(findings: &mut Findings<'_>) {
    let state = findings.state;
    let mut before: Option<&PoolKey> = None;
    for read in state.tables.pools.values() {
        let id = &read.id;
        // Pools are in the order of their first addresses, so a pool that overlaps any overlaps its neighbour.
        if let Some(other) = before.filter(|other| other.space == id.space && other.pool.overlaps(id.pool)) {
            let found = format!("it overlaps pool {} of the same space", other.pool);
            findings.note::<PoolRecord>(Invariant::I2, id, found, "release one of the two");
        }
        before = Some(match before {
            Some(other) if other.space == id.space && other.pool.covers(id.pool) => other,
            _ => id,
        });
        let parts = state.tables.sub_pools_of(&id.space, id.pool).count();
        if read.record.owner.is_none() && parts == 0 && !state.tables.has_unreadable_part(id) {
            let found = "it stands only for its parts and has none".to_owned();
            findings.note::<PoolRecord>(Invariant::I1, id, found, "remove it");
        }
        if !state.tables.has_space(&id.space) {
            let found = "its space has no record".to_owned();
            findings.note::<PoolRecord>(Invariant::I1, id, found, "write the record of the space");
        }
    }
    for read in state.tables.sub_pools.values() {
        let id = PoolKey { space: read.id.space.clone(), pool: read.id.master };
        if !state.tables.has_pool(&id) {
            let found = format!("pool {}, of which it is a part, is gone", id.pool);
            findings.note::<SubPoolRecord>(Invariant::I1, &read.id, found, "write the record of the pool");
        }
        if !read.id.master.covers(read.id.sub) {
            let found = format!("it is no part of {}", read.id.master);
            findings.note::<SubPoolRecord>(Invariant::I1, &read.id, found, "release it");
        }
    }
}

fn addresses(findings: &mut Findings<'_>) {
    let state = findings.state;
    let mut seen = std::collections::BTreeMap::new();
    for read in state.tables.addresses.values() {
        let id = &read.id;
        let pool = PoolKey { space: id.space.clone(), pool: id.master };
        if !state.tables.has_pool(&pool) || !id.master.contains(id.ip) {
            let found = format!("it is in no pool: {} is gone or does not contain it", id.master);
            findings.note::<AddressRecord>(Invariant::I1, id, found, "release it");
        }
        if let Some(other) = seen.insert((id.space.clone(), id.ip), id.master) {
            let found = format!("pool {other} of the same space gives this address too");
            findings.note::<AddressRecord>(Invariant::I2, id, found, "release one of the two");
        }
    }
}

/// What a network says that it holds, it holds.
fn networks(findings: &mut Findings<'_>) {
    let state = findings.state;
    for read in state.tables.networks.values().filter(|read| read.record.phase.is_ready()) {
        let owner = Owner::Network { network: read.id };
        let note = |findings: &mut Findings<'_>, what: String| {
            findings.note::<Network>(
                Invariant::I1,
                &read.id,
                what,
                "delete the network, and create it again",
            );
        };
        for pool in &read.record.ipam.pools {
            let Some(granted) = pool.granted.as_ref().filter(|pool| is_recorded(findings, &pool.pool)) else {
                continue;
            };
            if !holds_pool(findings, &granted.pool, &owner) {
                note(findings, format!("it has pool {}, which is not recorded as its own", granted.pool));
            }
            let named = pool.gateway.map(|gateway| gateway.addr()).into_iter();
            for ip in named.chain(pool.auxiliary.values().copied()) {
                if !holds_address(findings, &granted.pool, ip, &owner) {
                    note(findings, format!("it has address {ip}, which is not recorded as its own"));
                }
            }
        }
    }
}

/// What an endpoint says that it holds, it holds.
fn endpoints(findings: &mut Findings<'_>) {
    let state = findings.state;
    for read in state.tables.endpoints.values().filter(|read| read.record.phase.is_ready()) {
        let owner = Owner::Endpoint { network: read.id.network, endpoint: read.id.endpoint };
        let note = |findings: &mut Findings<'_>, what: String| {
            findings.note::<Endpoint>(
                Invariant::I1,
                &read.id,
                what,
                "delete the endpoint, and create it again",
            );
        };
        for interface in &read.record.interfaces {
            let v4 = interface.ipv4.map(|net| IpAddr::V4(net.addr())).zip(interface.ipv4_pool.as_ref());
            let v6 = interface.ipv6.map(|net| IpAddr::V6(net.addr())).zip(interface.ipv6_pool.as_ref());
            for (ip, pool) in v4.into_iter().chain(v6) {
                if is_recorded(findings, pool) && !holds_address(findings, pool, ip, &owner) {
                    note(findings, format!("it has address {ip}, which is not recorded as its own"));
                }
            }
        }
        for binding in &read.record.bindings {
            let Some((ip, ports)) = binding.host_ip.zip(binding.host_ports) else { continue };
            if !holds_ports(findings, binding.protocol, ip, ports, &owner) {
                note(
                    findings,
                    format!("it publishes port {ports} of {ip}, which is not recorded as its own"),
                );
            }
        }
    }
}

/// True if the IPAM driver of this pool keeps records; others, such as `null`, have nothing to agree with.
fn is_recorded(findings: &Findings<'_>, pool: &PoolRef) -> bool {
    findings.state.tables.has_space(&pool.space)
}

/// True if the record says so, or cannot be read: then that is what is wrong.
fn holds_pool(findings: &Findings<'_>, pool: &PoolRef, owner: &Owner) -> bool {
    let tables = &findings.state.tables;
    match pool.sub_pool_key() {
        None => {
            let id = pool.pool_key();
            let read = tables.pools.get(&id);
            read.map_or_else(
                || tables.is_unreadable::<PoolRecord>(&id),
                |read| read.record.owner.as_ref() == Some(owner),
            )
        }
        Some(id) => tables
            .sub_pools
            .get(&id)
            .map_or_else(|| tables.is_unreadable::<SubPoolRecord>(&id), |read| read.record.owner == *owner),
    }
}

/// As [`holds_pool`].
fn holds_address(findings: &Findings<'_>, pool: &PoolRef, ip: IpAddr, owner: &Owner) -> bool {
    let tables = &findings.state.tables;
    let id = pool.address_key(ip);
    tables
        .addresses
        .get(&id)
        .map_or_else(|| tables.is_unreadable::<AddressRecord>(&id), |read| read.record.owner == *owner)
}

/// As [`holds_pool`].
fn holds_ports(
    findings: &Findings<'_>,
    protocol: netkeep_model::Protocol,
    ip: IpAddr,
    ports: PortRange,
    owner: &Owner,
) -> bool {
    PortBlockKey::split(protocol, ports).all(|(id, ports)| {
        let tables = &findings.state.tables;
        tables.port_blocks.get(&id).map_or_else(
            || tables.is_unreadable::<PortBlock>(&id),
            |block| {
                let mut claims = block.record.claims().iter();
                claims.any(|held| held.ip == ip && held.owner == *owner && held.ports.covers(ports))
            },
        )
    })
}
