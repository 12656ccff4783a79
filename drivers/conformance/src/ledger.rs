//! What one store holds.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use netkeep_drivers::{Notes, Order, PoolView, Want};
use netkeep_model::{
    Claim, Endpoint, EndpointId, Network, NetworkId, Object, Owner, Pool, PortRange, Space, TableKey,
    TableName, TableValue,
};
use netkeep_store::Segment;
use serde_json::Value;

use crate::claims::meet;
use crate::site::Join;

/// The local store of one host, or the global store of all: records, and who holds what.
///
/// A commit is a change of the ledger while it is locked, so it is whole or has not happened.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ledger {
    /// Networks.
    pub networks: BTreeMap<NetworkId, Network>,
    /// Endpoints.
    pub endpoints: BTreeMap<(NetworkId, EndpointId), Endpoint>,
    /// Records of the driver.
    pub records: BTreeMap<(Object, Segment), Value>,
    /// Table entries, with the joins that publish them.
    pub entries: BTreeMap<(NetworkId, TableName, TableKey), (Object, TableValue)>,
    /// In a local store: attachments of endpoints to sandboxes of this host.
    pub joins: BTreeMap<Object, Join>,
    /// In a local store: what this host was told to make, with the driver's notes.
    pub notes: BTreeMap<Object, Notes>,
    /// In a local store: the networks of global scope that this host uses.
    pub here: BTreeSet<NetworkId>,
    claims: Vec<(Claim, Owner)>,
    /// The address that was given last, by pool.
    last: BTreeMap<(Space, Pool), IpAddr>,
}

impl Ledger {
    /// Who holds `claim`, or a part of it.
    pub fn holder(&self, claim: &Claim) -> Option<&Owner> {
        self.claims.iter().find(|(held, _)| meet(held, claim)).map(|(_, owner)| owner)
    }

    /// Whether `owner` holds just this claim.
    pub fn has(&self, claim: &Claim, owner: &Owner) -> bool {
        self.claims.iter().any(|(held, holder)| (held, holder) == (claim, owner))
    }

    /// Gives `claim` to `owner`.
    ///
    /// # Errors
    ///
    /// Who holds it already; an interface that is shared can be claimed again by those who share it.
    pub fn take(&mut self, claim: Claim, owner: Owner) -> Result<(), Owner> {
        if let Some(holder) = self.holder(&claim) {
            return Err(holder.clone());
        }
        if let Claim::Address { space, pool, ip } = &claim {
            self.last.insert((space.clone(), *pool), *ip);
        }
        self.claims.push((claim, owner));
        Ok(())
    }

    /// Takes back everything that `owner` holds.
    pub fn release(&mut self, owner: &Owner) {
        self.claims.retain(|(_, holder)| holder != owner);
    }

    /// Takes back one claim of `owner`.
    pub fn release_one(&mut self, claim: &Claim, owner: &Owner) {
        self.claims.retain(|(held, holder)| (held, holder) != (claim, owner));
    }

    /// Everything that is held.
    pub fn claims(&self) -> &[(Claim, Owner)] {
        &self.claims
    }

    /// The pools that are held in a space.
    pub fn pools(&self, space: &Space) -> Vec<PoolView> {
        let mut pools: BTreeMap<Pool, PoolView> = BTreeMap::new();
        for (claim, _) in &self.claims {
            let Claim::Pool { space: of, pool, sub } = claim else { continue };
            if of != space {
                continue;
            }
            let view = pools.entry(*pool).or_insert(PoolView { pool: *pool, whole: false, subs: Vec::new() });
            view.whole |= sub.is_none();
            view.subs.extend(*sub);
        }
        pools.into_values().collect()
    }

    /// A free claim within these bounds that meets none of `taken`.
    pub fn free(&self, want: &Want, taken: &[Claim]) -> Option<Claim> {
        let is_free =
            |claim: &Claim| self.holder(claim).is_none() && !taken.iter().any(|held| meet(held, claim));
        match want {
            Want::Number { class, from, to } => {
                (*from..=*to).map(|n| Claim::Number { class: class.clone(), n }).find(is_free)
            }
            Want::Ports { protocol, ip, count, from, to } => (*from.max(&1)..=*to)
                .filter_map(|first| PortRange::new(first, first.checked_add(count.checked_sub(1)?)?).ok())
                .take_while(|ports| ports.last() <= *to)
                .map(|ports| Claim::Ports {
                    protocol: *protocol,
                    ip: *ip,
                    from: ports.first(),
                    to: ports.last(),
                })
                .find(is_free),
            Want::Address { space, pool, from, to, order } => {
                let claim = |bits| Claim::Address { space: space.clone(), pool: *pool, ip: ip(*from, bits) };
                let (from, to) = (bits(*from), bits(*to));
                let last = self.last.get(&(space.clone(), *pool)).map(|ip| bits(*ip));
                let start = match (order, last) {
                    (Order::Next, Some(last)) if last >= from && last < to => last + 1,
                    _ => from,
                };
                (start..=to).chain(from..start).map(claim).find(is_free)
            }
        }
    }

    /// Takes out everything but the notes.
    pub fn clear(&mut self) {
        let notes = std::mem::take(&mut self.notes);
        *self = Self { notes, ..Self::default() };
    }

    /// Takes out everything that hangs on `object` in this store, but for its notes and what others hold.
    pub fn remove(&mut self, object: &Object) {
        match object {
            Object::Network(network) => {
                self.networks.remove(network);
                self.here.remove(network);
            }
            Object::Endpoint(network, endpoint) => {
                self.endpoints.remove(&(*network, *endpoint));
            }
            Object::Join(..) => {
                self.joins.remove(object);
            }
        }
        self.records.retain(|(on, _), _| on != object);
        self.release(&Owner::from(*object));
    }
}

fn bits(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(ip) => u128::from(ip.to_bits()),
        IpAddr::V6(ip) => ip.to_bits(),
    }
}

fn ip(like: IpAddr, bits: u128) -> IpAddr {
    match like {
        IpAddr::V4(_) => Ipv4Addr::from_bits(u32::try_from(bits).unwrap_or(u32::MAX)).into(),
        IpAddr::V6(_) => Ipv6Addr::from_bits(bits).into(),
    }
}
