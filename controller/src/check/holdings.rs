//! I1 from the other side: what an object says that it holds is recorded as its own.

use std::net::IpAddr;

use netkeep_model::{
    AddressKey, AddressRecord, AddressRole, Claim, Endpoint, Network, Owner, PoolRecord, PoolRef, PortBlock,
    PortBlockKey, PortClaim, PortRange, Protocol, SubPoolRecord, WayOut,
};
use netkeep_store::datastore::{Any, LivesIn, Record, Transaction, Versioned};

use super::Invariant::I1;
use super::findings::Findings;
use super::liveness::Seen;
use super::mend::Mend;
use super::pools;

const WRITE: &str = "write that it is its own";

/// What networks, endpoints and ways out say that they hold, they hold.
pub(super) fn check(findings: &mut Findings<'_>) {
    networks(findings);
    endpoints(findings);
    ways_out(findings);
}

fn networks(findings: &mut Findings<'_>) {
    for read in findings.state.tables.networks.values().filter(|read| read.record.phase.is_ready()) {
        let owner = Owner::Network { network: read.id };
        for pool in &read.record.ipam.pools {
            let Some(granted) = pool.granted.as_ref().filter(|pool| is_recorded(findings, &pool.pool)) else {
                continue;
            };
            if let Some(mend) = pool_missing(findings, read, &granted.pool, &owner) {
                let found = format!("it has pool {}, which is not recorded as its own", granted.pool);
                findings.note::<Network>(I1, &read.id, found, mend);
            }
            let gateway = pool.gateway.map(|gateway| (gateway.addr(), AddressRole::Gateway));
            let auxiliary =
                pool.auxiliary.iter().map(|(name, ip)| (*ip, AddressRole::Auxiliary { name: name.clone() }));
            for (ip, role) in gateway.into_iter().chain(auxiliary) {
                if let Some(mend) = address_missing(findings, read, &granted.pool, ip, &owner, role) {
                    let found = format!("it has address {ip}, which is not recorded as its own");
                    findings.note::<Network>(I1, &read.id, found, mend);
                }
            }
        }
    }
}

fn endpoints(findings: &mut Findings<'_>) {
    for read in findings.state.tables.endpoints.values().filter(|read| read.record.phase.is_ready()) {
        // What belongs to an endpoint without its network goes with it.
        if findings.network(read.id.network) == Seen::Gone {
            continue;
        }
        let owner = Owner::Endpoint { network: read.id.network, endpoint: read.id.endpoint };
        for interface in &read.record.interfaces {
            let v4 = interface.ipv4.map(|net| IpAddr::V4(net.addr())).zip(interface.ipv4_pool.as_ref());
            let v6 = interface.ipv6.map(|net| IpAddr::V6(net.addr())).zip(interface.ipv6_pool.as_ref());
            for (ip, pool) in v4.into_iter().chain(v6) {
                let role = AddressRole::Plain;
                if is_recorded(findings, pool)
                    && let Some(mend) = address_missing(findings, read, pool, ip, &owner, role)
                {
                    let found = format!("it has address {ip}, which is not recorded as its own");
                    findings.note::<Endpoint>(I1, &read.id, found, mend);
                }
            }
        }
        for binding in &read.record.bindings {
            let Some((ip, ports)) = binding.host_ip.zip(binding.host_ports) else { continue };
            if let Some(mend) = ports_missing(findings, read, (binding.protocol, ip, ports), &owner) {
                let found = format!("it publishes port {ports} of {ip}, which is not recorded as its own");
                findings.note::<Endpoint>(I1, &read.id, found, mend);
            }
        }
    }
}

fn ways_out(findings: &mut Findings<'_>) {
    for read in findings.state.tables.ways_out.values() {
        for (claim, join) in read.record.held(read.id) {
            let Claim::Ports { protocol, ip, from, to } = claim else { continue };
            let Ok(ports) = PortRange::new(*from, *to) else { continue };
            // An attachment that is gone is another violation.
            if findings.object(&join) != Seen::There {
                continue;
            }
            let owner = Owner::from(join);
            if let Some(mend) = ports_missing(findings, read, (*protocol, *ip, ports), &owner) {
                let found = format!("{join} has {claim}, which is not recorded as its own");
                findings.note::<WayOut>(I1, &read.id, found, mend);
            }
        }
    }
}

/// True if the IPAM driver of this pool keeps records; others, such as `null`, have nothing to agree with.
fn is_recorded(findings: &Findings<'_>, pool: &PoolRef) -> bool {
    findings.state.tables.has_space(&pool.space)
}

fn decide(other: &Owner) -> Mend {
    Mend::by_hand(format!(
        "delete it or {other}, which lives and holds it; nobody but a person can say which"
    ))
}

/// `None` if the record says so, or cannot be read: then that is what is wrong.
fn pool_missing(
    findings: &Findings<'_>,
    network: &Versioned<Network>,
    pool: &PoolRef,
    owner: &Owner,
) -> Option<Mend> {
    let tables = &findings.state.tables;
    let id = pool.pool_key();
    let Some(part) = pool.sub_pool_key() else {
        let read = tables.pools.get(&id);
        if tables.is_unreadable::<PoolRecord>(&id) {
            return None;
        }
        let record = pools::pool_of(&network.record, &id).unwrap_or_default();
        let record = PoolRecord { owner: Some(owner.clone()), ..record };
        return match read.map(|read| (read, read.record.owner.as_ref())) {
            Some((_, Some(found))) if found == owner => None,
            Some((_, Some(other))) if findings.owner(other) != Seen::Gone => Some(decide(other)),
            Some((read, other)) => Some(Mend::by(WRITE, |tx| {
                tx.unchanged(network)?;
                tx.replace(read, &PoolRecord { owner: Some(owner.clone()), ..read.record.clone() })?;
                other.map_or(Ok(Vec::new()), |other| findings.because_over(other, tx))
            })),
            None => Some(pools::restore(findings, &id, &record)),
        };
    };
    if tables.is_unreadable::<SubPoolRecord>(&part) {
        return None;
    }
    match tables.sub_pools.get(&part) {
        Some(read) if read.record.owner == *owner => None,
        Some(read) if findings.owner(&read.record.owner) != Seen::Gone => Some(decide(&read.record.owner)),
        Some(read) => Some(Mend::by(WRITE, |tx| {
            tx.unchanged(network)?;
            tx.replace(read, &SubPoolRecord { owner: owner.clone(), ..read.record.clone() })?;
            findings.because_over(&read.record.owner, tx)
        })),
        None => {
            let record = SubPoolRecord {
                owner: owner.clone(),
                phase: Default::default(),
                options: network.record.ipam.options.clone(),
                metadata: Default::default(),
                foreign_id: None,
            };
            let mend = Mend::by(WRITE, |tx| {
                tx.unchanged(network)?;
                if let Some(master) = tables.pools.get(&id) {
                    tx.unchanged(master)?;
                } else {
                    tx.create(&id, &PoolRecord::default())?;
                }
                tx.create(&part, &record)?;
                pools::touch(findings, &id.space, tx)?;
                Ok(Vec::new())
            });
            Some(mend.first())
        }
    }
}

/// As [`pool_missing`].
fn address_missing<T: Record>(
    findings: &Findings<'_>,
    holder: &Versioned<T>,
    pool: &PoolRef,
    ip: IpAddr,
    owner: &Owner,
    role: AddressRole,
) -> Option<Mend>
where
    T::Home: LivesIn<Any>,
{
    let tables = &findings.state.tables;
    let id: AddressKey = pool.address_key(ip);
    if tables.is_unreadable::<AddressRecord>(&id) {
        return None;
    }
    let record = AddressRecord { role, sub: pool.sub, ..AddressRecord::new(owner.clone()) };
    let write = |tx: &mut Transaction<Any>| {
        tx.unchanged(holder)?;
        // A pool that is missing too is written before.
        if let Some(pool) = tables.pools.get(&pool.pool_key()).filter(|read| read.record.owner.is_some()) {
            tx.unchanged(pool)?;
        }
        Ok::<_, netkeep_store::Error>(())
    };
    match tables.addresses.get(&id) {
        Some(read) if read.record.owner == *owner => None,
        Some(read) if findings.owner(&read.record.owner) != Seen::Gone => Some(decide(&read.record.owner)),
        Some(read) => Some(Mend::by(WRITE, |tx| {
            write(tx)?;
            tx.replace(read, &record)?;
            findings.because_over(&read.record.owner, tx)
        })),
        None => Some(Mend::by(WRITE, |tx| {
            write(tx)?;
            tx.create(&id, &record)?;
            Ok(Vec::new())
        })),
    }
}

/// As [`pool_missing`].
fn ports_missing<T: Record<Home: LivesIn<Any>>>(
    findings: &Findings<'_>,
    holder: &Versioned<T>,
    (protocol, ip, ports): (Protocol, IpAddr, PortRange),
    owner: &Owner,
) -> Option<Mend> {
    let tables = &findings.state.tables;
    let missing: Vec<_> = PortBlockKey::split(protocol, ports)
        .filter(|(id, ports)| {
            !tables.is_unreadable::<PortBlock>(id)
                && tables.port_blocks.get(id).is_none_or(|block| {
                    let mut claims = block.record.claims().iter();
                    !claims.any(|held| held.ip == ip && held.owner == *owner && held.ports.covers(*ports))
                })
        })
        .collect();
    if missing.is_empty() {
        return None;
    }
    for (id, ports) in &missing {
        let claim = PortClaim { ports: *ports, ip, owner: owner.clone() };
        let held = tables.port_blocks.get(id).and_then(|block| block.record.conflict(&claim));
        if let Some(held) = held.filter(|held| findings.owner(&held.owner) != Seen::Gone) {
            return Some(decide(&held.owner));
        }
    }
    Some(Mend::by(WRITE, |tx| {
        tx.unchanged(holder)?;
        let mut elsewhere = Vec::new();
        for (id, ports) in &missing {
            let claim = PortClaim { ports: *ports, ip, owner: owner.clone() };
            let read = tables.port_blocks.get(id);
            let mut block = read.map(|read| read.record.clone()).unwrap_or_default();
            while let Err(held) = block.claim(claim.clone()) {
                elsewhere.extend(findings.because_over(&held.owner, tx)?);
                block.release(&held);
            }
            match read {
                Some(read) => tx.replace(read, &block)?,
                None => tx.create(id, &block)?,
            }
        }
        Ok(elsewhere)
    }))
}
