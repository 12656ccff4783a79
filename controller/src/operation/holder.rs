//! Who holds what.

use std::net::IpAddr;

use netkeep_model::{
    AddressKey, Claim, NumberKey, Owner, PoolKey, PortBlock, PortBlockKey, PortClaim, PortRange, Protocol,
    SubPoolKey,
};

use crate::replica::State;

/// Who holds `claim`, or a part of it, by the records; of ports without those that are given back.
pub(super) fn holder(state: &State, claim: &Claim, gives: &[(Claim, Owner)]) -> Option<Owner> {
    let tables = &state.tables;
    match claim {
        Claim::Address { space, pool, ip } => {
            let id = AddressKey { space: space.clone(), master: *pool, ip: *ip };
            Some(tables.addresses.get(&id)?.record.owner.clone())
        }
        Claim::Number { class, n } => {
            let id = NumberKey { class: class.clone(), n: *n };
            Some(tables.numbers.get(&id)?.record.owner.clone())
        }
        Claim::Pool { space, pool, sub: None } => {
            let id = PoolKey { space: space.clone(), pool: *pool };
            tables.pools.get(&id)?.record.owner.clone()
        }
        Claim::Pool { space, pool, sub: Some(sub) } => {
            let id = SubPoolKey { space: space.clone(), master: *pool, sub: *sub };
            Some(tables.sub_pools.get(&id)?.record.owner.clone())
        }
        Claim::Ports { protocol, ip, from, to } => {
            port_holder(state, *protocol, *ip, PortRange::new(*from, *to).ok()?, gives)
        }
        Claim::Link { name, shared } => {
            let link = &tables.links.get(name)?.record;
            if link.is_shared() && *shared { None } else { link.owners().first().cloned() }
        }
    }
}

/// Who holds one of these ports on this address and does not give it back.
pub(super) fn port_holder(
    state: &State,
    protocol: Protocol,
    ip: IpAddr,
    ports: PortRange,
    gives: &[(Claim, Owner)],
) -> Option<Owner> {
    PortBlockKey::split(protocol, ports).find_map(|(id, ports)| {
        let block = &state.tables.port_blocks.get(&id)?.record;
        let kept = block.claims().iter().filter(|held| !is_given(protocol, held, gives));
        let mut kept =
            kept.filter(|held| held.collides_with(&PortClaim { ports, ip, owner: held.owner.clone() }));
        let found = kept.next();
        found.map(|held| held.owner.clone())
    })
}

/// True if this claim in a block of ports is one of those that are given back.
fn is_given(protocol: Protocol, held: &PortClaim, gives: &[(Claim, Owner)]) -> bool {
    gives.iter().any(|(claim, owner)| {
        let Claim::Ports { protocol: of, ip, from, to } = claim else { return false };
        let given = PortRange::new(*from, *to).is_ok_and(|given| given.covers(held.ports));
        *of == protocol && *owner == held.owner && *ip == held.ip && given
    })
}

/// True if this port lies in a block whose record cannot be read.
pub(super) fn in_unreadable_block(state: &State, protocol: Protocol, port: u16) -> bool {
    state.tables.is_unreadable::<PortBlock>(&PortBlockKey::of(protocol, port))
}
