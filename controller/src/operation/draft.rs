//! An operation before its commit.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use netkeep_drivers::{Plan, PlannedRecord};
use netkeep_model::{Claim, DriverKind, Owner, PortBlockKey, PortRange, Protocol};
use netkeep_store::{Guard, Key};

use super::Taking;
use crate::replica::{Range, Replica, bits};
use crate::{Error, ErrorKind, Result};

/// What the plans of one operation have read, chosen and asked for so far.
///
/// What was chosen is reserved in the replica until the draft is dropped: after a commit the records hold it,
/// after a failure it is free again.
#[derive(Debug)]
pub(crate) struct Draft {
    replica: Arc<Replica>,
    /// True if what clients hold may be taken over.
    pub(super) adopt: bool,
    /// Claims that were found to be held by someone unknown to the store.
    pub(super) taken: Vec<Claim>,
    inner: Mutex<Inner>,
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
    pub(crate) fn new(replica: &Arc<Replica>, adopt: bool, taken: &[Claim]) -> Self {
        Self { replica: Arc::clone(replica), adopt, taken: taken.to_vec(), inner: Mutex::default() }
    }

    pub(super) fn replica(&self) -> &Replica {
        &self.replica
    }

    pub(super) fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what a plan of a network driver asks for, on behalf of `owner`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Conflict`] if another operation that is under way has chosen the same.
    pub(crate) fn accept<T>(&self, plan: &Plan<T>, owner: &Owner, driver: &DriverKind) -> Result<()> {
        for claim in &plan.claims {
            self.take(Taking::new(claim.clone(), owner.clone()))?;
        }
        let records = plan.records.iter().map(|record| (driver.clone(), record.clone()));
        self.inner().records.extend(records);
        Ok(())
    }

    /// Takes something.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Conflict`] if another operation that is under way has chosen the same.
    pub(crate) fn take(&self, taking: Taking) -> Result<()> {
        let claim = &taking.claim;
        match claim {
            Claim::Address { space, pool, ip } => {
                self.reserve(Range::Pool(space.clone(), *pool), bits(*ip), claim)?;
            }
            Claim::Number { class, n } => {
                self.reserve(Range::Class(class.clone()), u128::from(*n), claim)?;
            }
            Claim::Ports { protocol, ip, from, to } => {
                for port in *from..=*to {
                    self.reserve_port((*protocol, *ip, port), claim)?;
                }
            }
            Claim::Link { .. } | Claim::Pool { .. } => {}
        }
        self.inner().takings.push(taking);
        Ok(())
    }

    /// Notes that `range` gives `n` to this operation.
    pub(super) fn chosen(&self, range: Range, n: u128) {
        self.inner().numbers.push((range, n));
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
        // What a client holds and this operation takes over stays recorded; only the reservation is new.
        let mut state = self.replica.write();
        if !state.reserve(&range, n) {
            if self.adopt && !state.is_reserved(&range, n) {
                return Ok(());
            }
            return Err(met(claim));
        }
        drop(state);
        self.chosen(range, n);
        Ok(())
    }

    fn reserve_port(&self, port: (Protocol, IpAddr, u16), claim: &Claim) -> Result<()> {
        if self.inner().ports.contains(&port) {
            return Ok(());
        }
        if !self.replica.write().reserved_ports.insert(port) {
            return Err(met(claim));
        }
        self.inner().ports.push(port);
        Ok(())
    }
}

fn met(claim: &Claim) -> Error {
    Error::new(ErrorKind::Conflict, format!("another operation is taking {claim}"))
}

impl Drop for Draft {
    fn drop(&mut self) {
        let inner = self.inner.get_mut().unwrap_or_else(PoisonError::into_inner);
        let mut state = self.replica.write();
        for (range, n) in inner.numbers.drain(..) {
            state.unreserve(&range, n);
        }
        for port in inner.ports.drain(..) {
            state.reserved_ports.remove(&port);
        }
    }
}
