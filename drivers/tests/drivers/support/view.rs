//! A view in memory: claims in plain maps, as the controller's replica shows them.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard};

use netkeep_drivers::{Order, PlanView, PlannedRecord, PoolView, Want};
use netkeep_model::{Claim, Class, LinkName, Object, Owner, Pool, Protocol, Scope, Space};

/// Claims that are held, and by whom.
#[derive(Debug, Default)]
pub(crate) struct View(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    pools: BTreeMap<(Space, Pool), Held>,
    addresses: BTreeMap<(Space, Pool), BTreeMap<IpAddr, Owner>>,
    last: BTreeMap<(Space, Pool), IpAddr>,
    numbers: BTreeMap<(Class, u64), Owner>,
    ports: Vec<(Protocol, IpAddr, u16, u16, Owner)>,
    links: BTreeMap<LinkName, (bool, Vec<Owner>)>,
    /// What was asked with `free`.
    wanted: Vec<Want>,
}

/// Who holds a pool as a whole, and who holds which part.
#[derive(Debug, Default)]
struct Held {
    whole: Option<Owner>,
    subs: BTreeMap<Pool, Owner>,
}

impl View {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Takes claims as a commit would: it panics if one is held.
    pub(crate) fn take(&self, owner: &Owner, claims: &[Claim]) {
        for claim in claims {
            assert!(self.try_take(owner, claim), "{claim} is taken twice");
        }
    }

    /// Takes one claim as a commit would, if it is free.
    pub(crate) fn try_take(&self, owner: &Owner, claim: &Claim) -> bool {
        let mut state = self.state();
        let free = state.holder(claim).is_none();
        if free {
            state.take(owner, claim);
        }
        free
    }

    /// Frees one claim, which must be held.
    pub(crate) fn release(&self, claim: &Claim) {
        assert!(self.holder(claim).is_some(), "{claim} is freed and not held");
        self.state().release(claim);
    }

    /// How many addresses of a pool are held.
    pub(crate) fn held(&self, space: &Space, pool: Pool) -> usize {
        self.state().addresses.get(&(space.clone(), pool)).map_or(0, BTreeMap::len)
    }

    /// What was asked with `free` since the last call.
    pub(crate) fn wanted(&self) -> Vec<Want> {
        std::mem::take(&mut self.state().wanted)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

impl State {
    fn take(&mut self, owner: &Owner, claim: &Claim) {
        let owner = owner.clone();
        match claim.clone() {
            Claim::Number { class, n } => {
                self.numbers.insert((class, n), owner);
            }
            Claim::Link { name, shared } => {
                let link = self.links.entry(name).or_insert((shared, Vec::new()));
                link.1.push(owner);
            }
            Claim::Pool { space, pool, sub } => {
                let entry = self.pools.entry((space, pool)).or_default();
                match sub {
                    None => entry.whole = Some(owner),
                    Some(sub) => {
                        entry.subs.insert(sub, owner);
                    }
                }
            }
            Claim::Ports { protocol, ip, from, to } => self.ports.push((protocol, ip, from, to, owner)),
            Claim::Address { space, pool, ip } => {
                self.last.insert((space.clone(), pool), ip);
                self.addresses.entry((space, pool)).or_default().insert(ip, owner);
            }
        }
    }

    fn release(&mut self, claim: &Claim) {
        match claim.clone() {
            Claim::Number { class, n } => {
                self.numbers.remove(&(class, n));
            }
            Claim::Link { name, .. } => {
                self.links.remove(&name);
            }
            Claim::Pool { space, pool, sub } => {
                let key = (space, pool);
                let entry = self.pools.get_mut(&key).unwrap();
                match sub {
                    None => entry.whole = None,
                    Some(sub) => {
                        entry.subs.remove(&sub);
                    }
                }
                if entry.whole.is_none() && entry.subs.is_empty() {
                    self.pools.remove(&key);
                }
            }
            Claim::Ports { protocol, ip, from, to } => {
                self.ports.retain(|held| (held.0, held.1, held.2, held.3) != (protocol, ip, from, to));
            }
            Claim::Address { space, pool, ip } => {
                self.addresses.get_mut(&(space, pool)).unwrap().remove(&ip);
            }
        }
    }

    fn free_address(&self, key: &(Space, Pool), from: IpAddr, to: IpAddr, order: Order) -> Option<IpAddr> {
        let none = BTreeMap::new();
        let held = self.addresses.get(key).unwrap_or(&none);
        let start = match (order, self.last.get(key)) {
            (Order::Next, Some(last)) if from <= *last && *last < to => after(*last),
            _ => from,
        };
        let first_free = |from: IpAddr, to: IpAddr| {
            let mut ip = from;
            while held.contains_key(&ip) && ip < to {
                ip = after(ip);
            }
            (!held.contains_key(&ip) && ip <= to).then_some(ip)
        };
        first_free(start, to).or_else(|| first_free(from, to))
    }

    fn holder(&self, claim: &Claim) -> Option<Owner> {
        match claim {
            Claim::Number { class, n } => self.numbers.get(&(class.clone(), *n)).cloned(),
            Claim::Link { name, shared } => {
                let (with_others, owners) = self.links.get(name)?;
                if *shared && *with_others { None } else { owners.first().cloned() }
            }
            Claim::Pool { space, pool, sub } => {
                let Held { whole, subs } = self.pools.get(&(space.clone(), *pool))?;
                match sub {
                    None => whole.clone(),
                    Some(sub) => subs.get(sub).cloned(),
                }
            }
            Claim::Ports { protocol, ip, from, to } => self.holds_ports(*protocol, *ip, *from, *to),
            Claim::Address { space, pool, ip } => {
                self.addresses.get(&(space.clone(), *pool))?.get(ip).cloned()
            }
        }
    }

    fn holds_ports(&self, protocol: Protocol, ip: IpAddr, from: u16, to: u16) -> Option<Owner> {
        let meets = |at: &IpAddr| {
            at.is_ipv4() == ip.is_ipv4() && (*at == ip || at.is_unspecified() || ip.is_unspecified())
        };
        let held = self
            .ports
            .iter()
            .find(|held| held.0 == protocol && meets(&held.1) && held.2 <= to && from <= held.3);
        held.map(|held| held.4.clone())
    }
}

fn after(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(ip) => IpAddr::V4((ip.to_bits().wrapping_add(1)).into()),
        IpAddr::V6(ip) => IpAddr::V6((ip.to_bits().wrapping_add(1)).into()),
    }
}

impl PlanView for View {
    fn records(&self, _scope: Scope, _on: &Object) -> Vec<PlannedRecord> {
        Vec::new()
    }

    fn holder(&self, claim: &Claim) -> Option<Owner> {
        self.state().holder(claim)
    }

    fn free(&self, want: &Want) -> Option<Claim> {
        self.state().wanted.push(want.clone());
        match want.clone() {
            Want::Number { class, from, to } => (from..=to)
                .map(|n| Claim::Number { class: class.clone(), n })
                .find(|claim| self.holder(claim).is_none()),
            Want::Ports { protocol, ip, count, from, to } => (from..=to)
                .filter_map(|first| Some((first, first.checked_add(count - 1)?)))
                .filter(|(_, last)| *last <= to)
                .map(|(from, to)| Claim::Ports { protocol, ip, from, to })
                .find(|claim| self.holder(claim).is_none()),
            Want::Address { space, pool, from, to, order } => {
                let key = (space.clone(), pool);
                let ip = self.state().free_address(&key, from, to, order)?;
                Some(Claim::Address { space, pool, ip })
            }
        }
    }

    fn pools(&self, space: &Space) -> Vec<PoolView> {
        let state = self.state();
        let of_space = state.pools.iter().filter(|((at, _), _)| at == space);
        of_space
            .map(|((_, pool), Held { whole, subs })| PoolView {
                pool: *pool,
                whole: whole.is_some(),
                subs: subs.keys().copied().collect(),
            })
            .collect()
    }
}
