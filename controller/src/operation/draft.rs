//! An operation before its commit.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use netkeep_drivers::{Plan, PlannedRecord};
use netkeep_model::{
    Claim, DriverKind, Object, Owner, Pool, PortBlockKey, PortRange, Protocol, Scope, Space,
};
use netkeep_store::{Guard, Key};

use super::Taking;
use super::holder::holder;
use crate::replica::{Range, Replica, State, bits};
use crate::{Error, ErrorKind, Result};

/// What the plans of one operation have read, chosen and asked for so far.
///
/// What was chosen is reserved in the replica until the draft is dropped: after a commit the records hold it,
/// after a failure it is free again.
#[derive(Debug)]
pub(crate) struct Draft {
    replica: Arc<Replica>,
    /// What clients hold and this operation may take over.
    adopt: Adopt,
    /// Claims that were found to be held by someone unknown to the store.
    pub(super) taken: Vec<Taken>,
    /// What is given back in the same commit as far as this operation takes it, and by whom.
    pub(super) gives: Vec<(Claim, Owner)>,
    /// Those that were taken and would be chosen again if they were not reserved.
    kept_off: Vec<(Range, u128)>,
    inner: Mutex<Inner>,
}

/// What clients hold and an operation may take over.
#[derive(Clone, Debug)]
pub(crate) enum Adopt {
    /// Nothing.
    Nothing,
    /// What is asked for by name, and these pools.
    Named(BTreeSet<(Space, Pool, Option<Pool>)>),
}

/// A claim that someone unknown to the store holds.
#[derive(Clone, Debug)]
pub(crate) struct Taken {
    pub(crate) claim: Claim,
    /// What the driver says of it.
    pub(crate) why: String,
}

#[derive(Debug, Default)]
pub(super) struct Inner {
    /// What has to be still so at the commit.
    pub(super) reads: BTreeMap<Key, Guard>,
    /// What is to be taken, and for whom.
    pub(super) takings: Vec<Taking>,
    /// What drivers want to keep.
    pub(super) records: Vec<(DriverKind, PlannedRecord)>,
    numbers: Vec<(Range, u128)>,
    ports: Vec<(Protocol, IpAddr, u16)>,
}

impl Draft {
    pub(crate) fn new(replica: &Arc<Replica>, adopt: Adopt, taken: &[Taken]) -> Self {
        let mut kept_off = Vec::new();
        for place in taken.iter().filter_map(|taken| place(&taken.claim)) {
            if replica.write().reserve(&place.0, place.1) {
                kept_off.push(place);
            }
        }
        let replica = Arc::clone(replica);
        let gives = Vec::new();
        Self { replica, adopt, taken: taken.to_vec(), gives, kept_off, inner: Mutex::default() }
    }

    /// A draft that takes nothing over and knows of no strangers.
    pub(crate) fn plain(replica: &Arc<Replica>) -> Self {
        Self::new(replica, Adopt::Nothing, &[])
    }

    /// The same, and ports that these owners give back count as free.
    pub(crate) fn giving(mut self, gives: Vec<(Claim, Owner)>) -> Self {
        self.gives = gives;
        self
    }

    /// Who holds `claim`, or a part of it, and does not give it back.
    pub(super) fn holder(&self, state: &State, claim: &Claim) -> Option<Owner> {
        holder(state, claim, &self.gives)
    }

    pub(super) fn replica(&self) -> &Replica {
        &self.replica
    }

    pub(super) fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// True if what `owner` holds may be taken over.
    pub(super) fn adopts(&self, owner: &Owner) -> bool {
        matches!((&self.adopt, owner), (Adopt::Named(_), Owner::Client { .. }))
    }

    /// True if this pool, or this part of it, which `owner` holds, is to be taken over.
    pub(super) fn adopts_pool(&self, owner: &Owner, space: &Space, pool: Pool, sub: Option<Pool>) -> bool {
        match &self.adopt {
            Adopt::Named(pools) if self.adopts(owner) => pools.contains(&(space.clone(), pool, sub)),
            _ => false,
        }
    }

    /// Takes what a plan of a network driver asks for, on behalf of the object that it is about.
    ///
    /// # Errors
    ///
    /// As [`Draft::take`]; [`ErrorKind::Internal`] if it wants a record on something else, or what is of one host
    /// for something of global scope.
    pub(crate) fn accept<T>(&self, plan: &Plan<T>, on: Object, driver: &DriverKind) -> Result<()> {
        let scope = self.replica.read().scope();
        for claim in &plan.claims {
            if scope == Scope::Global && matches!(claim, Claim::Ports { .. } | Claim::Link { .. }) {
                return Err(Error::internal(format!(
                    "driver {driver} claims {claim}, which is of one host, for {on}, which is of global scope"
                )));
            }
            self.take(Taking::new(claim.clone(), Owner::from(on)))?;
        }
        for record in &plan.records {
            let refuse = |why: &str| {
                let name = &record.name;
                Err(Error::internal(format!("driver {driver} wants to keep record {name} {why}")))
            };
            if record.on != on && record.on != Object::Network(on.network()) {
                return refuse(&format!("on {}, which is another object than {on}", record.on));
            }
            let mut inner = self.inner();
            let mut others = inner.records.iter();
            if others.any(|(of, other)| of == driver && other.on == record.on && other.name == record.name) {
                return refuse(&format!("on {on} twice"));
            }
            inner.records.push((driver.clone(), record.clone()));
        }
        Ok(())
    }

    /// Takes something.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InUse`] names who holds it; [`ErrorKind::Conflict`] if another operation that is under way
    /// has chosen the same, or if another has taken what was chosen for this one; [`ErrorKind::Internal`] if this one takes it twice.
    pub(crate) fn take(&self, taking: Taking) -> Result<()> {
        let claim = &taking.claim;
        let held = |by: String| Err(Error::new(ErrorKind::InUse, format!("{claim} is held by {by}")));
        if let Some(taken) = self.taken.iter().find(|taken| taken.claim.meets(claim)) {
            return held(format!("someone unknown to the store: {}", taken.why));
        }
        if self.inner().takings.iter().any(|other| other.claim.meets(claim)) {
            return Err(Error::internal(format!("{claim} is claimed twice by one operation")));
        }
        if let Some(owner) = self.holder(&self.replica.read(), claim).filter(|owner| !self.adopts(owner)) {
            // What was free when it was chosen for this operation, another host has taken since.
            return if self.has_chosen(claim) { Err(met(claim)) } else { held(owner.to_string()) };
        }
        if let Some((range, n)) = place(claim) {
            self.reserve(range, n, claim)?;
        }
        if let Claim::Ports { protocol, ip, from, to } = claim {
            PortRange::new(*from, *to)?;
            for port in *from..=*to {
                self.reserve_port((*protocol, *ip, port), claim)?;
            }
        }
        self.inner().takings.push(taking);
        Ok(())
    }

    /// Notes that `range` gives `n` to this operation.
    pub(super) fn chosen(&self, range: Range, n: u128) {
        self.inner().numbers.push((range, n));
    }

    /// True if this operation was given the number that `claim` is, and did not ask for it.
    fn has_chosen(&self, claim: &Claim) -> bool {
        place(claim).is_some_and(|place| self.inner().numbers.contains(&place))
    }

    /// Notes that `port` was reserved for this operation.
    pub(super) fn chosen_port(&self, port: (Protocol, IpAddr, u16)) {
        self.inner().ports.push(port);
    }

    /// What has to wait its turn before this draft can be committed.
    pub(crate) fn queues(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        for taking in &self.inner().takings {
            match &taking.claim {
                Claim::Ports { protocol, from, to, .. } => {
                    let blocks =
                        PortRange::new(*from, *to).map(|ports| PortBlockKey::split(*protocol, ports));
                    names.extend(blocks.into_iter().flatten().map(|(id, _)| super::port_queue(&id)));
                }
                Claim::Link { name, .. } => {
                    names.insert(super::link_queue(name));
                }
                Claim::Address { .. } | Claim::Number { .. } | Claim::Pool { .. } => {}
            }
        }
        names
    }

    fn reserve(&self, range: Range, n: u128, claim: &Claim) -> Result<()> {
        if self.inner().numbers.contains(&(range.clone(), n)) {
            return Ok(());
        }
        let mut state = self.replica.write();
        if state.reserve(&range, n) {
            drop(state);
            self.chosen(range, n);
            return Ok(());
        }
        if state.is_reserved(&range, n) {
            return Err(met(claim));
        }
        match self.holder(&state, claim) {
            // What a client holds and this operation takes over stays recorded.
            Some(owner) if self.adopts(&owner) => Ok(()),
            Some(_) => Err(met(claim)),
            None => {
                Err(Error::new(ErrorKind::InUse, format!("{claim} is held by a record that cannot be read")))
            }
        }
    }

    fn reserve_port(&self, port: (Protocol, IpAddr, u16), claim: &Claim) -> Result<()> {
        if self.inner().ports.contains(&port) {
            return Ok(());
        }
        if !self.replica.write().reserved_ports.insert(port) {
            return Err(met(claim));
        }
        self.chosen_port(port);
        Ok(())
    }
}

/// The number that an address or a number is.
fn place(claim: &Claim) -> Option<(Range, u128)> {
    match claim {
        Claim::Address { space, pool, ip } => Some((Range::Pool(space.clone(), *pool), bits(*ip))),
        Claim::Number { class, n } => Some((Range::Class(class.clone()), u128::from(*n))),
        Claim::Ports { .. } | Claim::Link { .. } | Claim::Pool { .. } => None,
    }
}

/// True if the same port of both addresses cannot be had.
pub(super) fn same_host(one: IpAddr, other: IpAddr) -> bool {
    let (one, other) = (one.to_canonical(), other.to_canonical());
    one.is_ipv4() == other.is_ipv4() && (one == other || one.is_unspecified() || other.is_unspecified())
}

fn met(claim: &Claim) -> Error {
    Error::new(ErrorKind::Conflict, format!("another operation is taking {claim}"))
}

impl Drop for Draft {
    fn drop(&mut self) {
        let inner = self.inner.get_mut().unwrap_or_else(PoisonError::into_inner);
        let mut state = self.replica.write();
        for (range, n) in inner.numbers.drain(..).chain(self.kept_off.drain(..)) {
            state.unreserve(&range, n);
        }
        for port in inner.ports.drain(..) {
            state.reserved_ports.remove(&port);
        }
    }
}
