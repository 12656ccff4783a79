//! What a driver sees when it plans.

use std::collections::BTreeMap;
use std::net::IpAddr;

use netkeep_drivers::{PlanView, PlannedRecord, PoolView, Want};
use netkeep_model::{
    AddressKey, Claim, DriverKind, NumberKey, Object, Owner, Pool, PoolKey, PoolRecord, PortRange, Protocol,
    Scope, Space, SubPoolKey,
};
use netkeep_store::Guard;
use netkeep_store::datastore::{Record, Versioned};

use super::Draft;
use super::draft::same_host;
use super::holder::{in_unreadable_block, port_holder};
use crate::replica::{Range, State, address, bits};

/// The replica as it is now, with what the draft of this operation has taken; what is read through it is
/// guarded in the commit.
pub(crate) struct View<'a> {
    draft: &'a Draft,
    scope: Scope,
    driver: Option<&'a DriverKind>,
}

impl<'a> View<'a> {
    /// The view of a driver of networks, or, without a kind, of an IPAM driver.
    pub(crate) fn new(draft: &'a Draft, scope: Scope, driver: Option<&'a DriverKind>) -> Self {
        Self { draft, scope, driver }
    }

    fn guard<T: Record>(&self, id: &T::Id, found: Option<&Versioned<T>>) {
        // A key that is too long is refused when the record is written.
        let Ok(key) = T::key(id) else { return };
        let guard = match found {
            Some(found) => Guard::Unchanged(key, found.revision()),
            None => Guard::Absent(key),
        };
        // What was read first counts: that is what was decided from.
        self.draft.inner().reads.entry(guard.key().clone()).or_insert(guard);
    }

    fn claimed(&self, claim: &Claim) -> Option<Owner> {
        let inner = self.draft.inner();
        let held = inner.takings.iter().find(|taking| taking.claim.meets(claim));
        held.map(|taking| taking.owner.clone())
    }

    /// Pools that this operation has planned so far.
    fn planned_pools(&self, space: &Space) -> Vec<PoolView> {
        let mut pools: Vec<PoolView> = Vec::new();
        for taking in &self.draft.inner().takings {
            let Claim::Pool { space: of, pool, sub } = &taking.claim else { continue };
            if of == space {
                pools.push(PoolView {
                    pool: *pool,
                    whole: sub.is_none(),
                    subs: sub.iter().copied().collect(),
                });
            }
        }
        pools
    }

    fn free_ports(&self, protocol: Protocol, ip: IpAddr, count: u16, from: u16, to: u16) -> Option<Claim> {
        let mut state = self.draft.replica().write();
        let mut run = 0;
        for port in from.max(1)..=to {
            let single = PortRange::single(port).ok()?;
            let claim = Claim::Ports { protocol, ip, from: port, to: port };
            let free = port_holder(&state, protocol, ip, single, &self.draft.gives).is_none()
                && !reserved(&state, protocol, ip, port)
                && !in_unreadable_block(&state, protocol, port)
                && self.claimed(&claim).is_none()
                && !self.draft.taken.iter().any(|taken| taken.claim.meets(&claim));
            run = if free { run + 1 } else { 0 };
            if run == count {
                let first = port - (count - 1);
                for chosen in first..=port {
                    state.reserved_ports.insert((protocol, ip, chosen));
                    self.draft.chosen_port((protocol, ip, chosen));
                }
                return Some(Claim::Ports { protocol, ip, from: first, to: port });
            }
        }
        None
    }

    /// A pool of the store as this operation sees it; `None` if it is to be taken over.
    fn seen(&self, state: &State, found: &Versioned<PoolRecord>) -> Option<PoolView> {
        let PoolKey { space, pool } = &found.id;
        let adopted = |owner: &Owner, sub| self.draft.adopts_pool(owner, space, *pool, sub);
        if found.record.owner.as_ref().is_some_and(|owner| adopted(owner, None)) {
            return None;
        }
        let subs = state.tables.sub_pools_of(space, *pool);
        let subs = subs.filter(|sub| !adopted(&sub.record.owner, Some(sub.id.sub))).map(|sub| sub.id.sub);
        Some(PoolView { pool: *pool, whole: found.record.owner.is_some(), subs: subs.collect() })
    }
}

impl PlanView for View<'_> {
    fn records(&self, scope: Scope, on: &Object) -> Vec<PlannedRecord> {
        let Some(driver) = self.driver else { return Vec::new() };
        let mut records = BTreeMap::new();
        if scope == self.scope {
            let state = self.draft.replica().read();
            for found in state.tables.driver_records_on(driver, on) {
                self.guard(&found.id, Some(found));
                records.insert(found.id.name.clone(), found.record.value.clone());
            }
        }
        for (kind, planned) in &self.draft.inner().records {
            if kind == driver && planned.scope == scope && planned.on == *on {
                match &planned.value {
                    Some(value) => records.insert(planned.name.clone(), value.clone()),
                    None => records.remove(&planned.name),
                };
            }
        }
        records
            .into_iter()
            .map(|(name, value)| PlannedRecord { scope, on: *on, name, value: Some(value) })
            .collect()
    }

    fn holder(&self, claim: &Claim) -> Option<Owner> {
        if let Some(owner) = self.claimed(claim) {
            return Some(owner);
        }
        let state = self.draft.replica().read();
        let tables = &state.tables;
        match claim {
            Claim::Address { space, pool, ip } => {
                let id = AddressKey { space: space.clone(), master: *pool, ip: *ip };
                self.guard(&id, tables.addresses.get(&id));
            }
            Claim::Number { class, n } => {
                let id = NumberKey { class: class.clone(), n: *n };
                self.guard(&id, tables.numbers.get(&id));
            }
            Claim::Pool { space, pool, sub: None } => {
                let id = PoolKey { space: space.clone(), pool: *pool };
                self.guard(&id, tables.pools.get(&id));
            }
            Claim::Pool { space, pool, sub: Some(sub) } => {
                let id = SubPoolKey { space: space.clone(), master: *pool, sub: *sub };
                self.guard(&id, tables.sub_pools.get(&id));
            }
            // Blocks of ports and links are read again, in their turn, when the transaction is put together.
            Claim::Ports { .. } | Claim::Link { .. } => {}
        }
        self.draft.holder(&state, claim).filter(|owner| !self.draft.adopts(owner))
    }

    fn free(&self, want: &Want) -> Option<Claim> {
        match want {
            Want::Number { class, from, to } => {
                let range = Range::Class(class.clone());
                let n = self.draft.replica().write().reserve_free(
                    &range,
                    u128::from(*from),
                    u128::from(*to),
                    netkeep_drivers::Order::Lowest,
                )?;
                self.draft.chosen(range, n);
                Some(Claim::Number { class: class.clone(), n: u64::try_from(n).ok()? })
            }
            Want::Address { space, pool, from, to, order } => {
                let range = Range::Pool(space.clone(), *pool);
                let n = self.draft.replica().write().reserve_free(&range, bits(*from), bits(*to), *order)?;
                self.draft.chosen(range, n);
                Some(Claim::Address { space: space.clone(), pool: *pool, ip: address(*pool, n) })
            }
            Want::Ports { protocol, ip, count, from, to } => {
                self.free_ports(*protocol, *ip, *count, *from, *to)
            }
        }
    }

    fn pools(&self, space: &Space) -> Vec<PoolView> {
        let state = self.draft.replica().read();
        self.guard(space, state.tables.spaces.get(space));
        let readable = state.tables.pools_of(space).filter_map(|found| self.seen(&state, found));
        // A pool whose record cannot be read is held all the same.
        let unreadable = state.tables.unreadable_pools(space);
        let unreadable = unreadable.map(|pool| PoolView { pool, whole: true, subs: Vec::new() });
        readable.chain(unreadable).chain(self.planned_pools(space)).collect()
    }

    fn pool(&self, space: &Space, pool: Pool) -> Option<PoolView> {
        if let Some(planned) = self.planned_pools(space).into_iter().find(|view| view.pool == pool) {
            return Some(planned);
        }
        let state = self.draft.replica().read();
        let id = PoolKey { space: space.clone(), pool };
        let found = state.tables.pools.get(&id);
        self.guard(&id, found);
        self.seen(&state, found?)
    }
}

/// True if an operation under way has chosen this port, on this address or on all.
fn reserved(state: &State, protocol: Protocol, ip: IpAddr, port: u16) -> bool {
    state
        .reserved_ports
        .iter()
        .any(|(other, on, taken)| *other == protocol && *taken == port && same_host(*on, ip))
}
