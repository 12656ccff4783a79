//! From a draft to a transaction.

use std::collections::BTreeMap;

use netkeep_drivers::PlannedRecord;
use netkeep_model::{
    AddressKey, AddressRecord, AddressSpace, Claim, DriverKind, DriverRecord, DriverRecordKey, IpamKind,
    Link, LinkName, NumberKey, NumberRecord, OperationId, Owner, PoolKey, PoolRecord, PortBlock,
    PortBlockKey, PortClaim, PortRange, Space,
};
use netkeep_store::datastore::{Any, Transaction};

use super::{Draft, Taking};
use crate::replica::State;
use crate::{Error, ErrorKind, Result};

/// Puts what a draft takes and keeps into a transaction, as the records are now.
pub(crate) struct Assembly<'a> {
    pub(super) state: &'a State,
    operation: OperationId,
    draft: Option<&'a Draft>,
    /// The pools that this transaction takes.
    pub(super) pools: Vec<PoolKey>,
    blocks: BTreeMap<PortBlockKey, PortBlock>,
    links: BTreeMap<LinkName, Link>,
    /// The spaces whose sets of pools change, with their IPAM drivers if those are known.
    pub(super) spaces: BTreeMap<Space, Option<IpamKind>>,
    /// Pools that are made to stand for their parts.
    pub(super) masters: BTreeMap<PoolKey, PoolRecord>,
}

impl<'a> Assembly<'a> {
    pub(crate) fn new(state: &'a State, operation: OperationId) -> Self {
        Self {
            state,
            operation,
            draft: None,
            pools: Vec::new(),
            blocks: BTreeMap::new(),
            links: BTreeMap::new(),
            spaces: BTreeMap::new(),
            masters: BTreeMap::new(),
        }
    }

    /// Adds everything of `draft`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Conflict`] if the records are no longer as the plans have read them;
    /// [`ErrorKind::InUse`] for a pool that overlaps another; [`ErrorKind::Internal`] if a driver asks for what
    /// it must not have.
    pub(crate) fn take(mut self, draft: &'a Draft, tx: &mut Transaction<Any>) -> Result<()> {
        self.draft = Some(draft);
        let inner = draft.inner();
        for taking in &inner.takings {
            self.claim(taking, tx)?;
        }
        for (driver, record) in &inner.records {
            self.record(driver, record, tx)?;
        }
        for (id, block) in &self.blocks {
            match self.state.tables.port_blocks.get(id) {
                Some(read) if block.is_empty() => tx.delete(read)?,
                Some(read) => tx.replace(read, block)?,
                None => tx.create(id, block)?,
            }
        }
        for (name, link) in &self.links {
            match self.state.tables.links.get(name) {
                Some(read) => tx.replace(read, link)?,
                None => tx.create(name, link)?,
            }
        }
        for (id, record) in &self.masters {
            tx.create(id, record)?;
        }
        for (space, driver) in &self.spaces {
            self.touch(space, driver.as_ref(), tx)?;
        }
        for guard in inner.reads.values() {
            tx.guard(guard.clone()).map_err(|error| stale(error.message().to_owned()))?;
        }
        Ok(())
    }

    /// Says that the set of pools of `space` changes.
    pub(crate) fn touch(
        &self,
        space: &Space,
        driver: Option<&IpamKind>,
        tx: &mut Transaction<Any>,
    ) -> Result<()> {
        match (self.state.tables.spaces.get(space), driver) {
            (Some(read), _) => {
                tx.replace(read, &AddressSpace { touched: self.operation, ..read.record.clone() })?;
            }
            (None, Some(driver)) => {
                tx.create(space, &AddressSpace { driver: driver.clone(), touched: self.operation })?;
            }
            (None, None) => {}
        }
        Ok(())
    }

    fn claim(&mut self, taking: &Taking, tx: &mut Transaction<Any>) -> Result<()> {
        match &taking.claim {
            Claim::Address { space, pool, ip } => {
                self.check_pool_of(taking, space, *pool, *ip, tx)?;
                let id = AddressKey { space: space.clone(), master: *pool, ip: *ip };
                let record = AddressRecord {
                    role: taking.role.clone(),
                    sub: taking.sub,
                    metadata: taking.metadata.clone(),
                    ..AddressRecord::new(taking.owner.clone())
                };
                match self.state.tables.addresses.get(&id) {
                    None => tx.create(&id, &record)?,
                    Some(read) if self.adopts(&read.record.owner) => tx.replace(read, &record)?,
                    Some(_) => return Err(taken(&taking.claim)),
                }
            }
            Claim::Number { class, n } => {
                let id = NumberKey { class: class.clone(), n: *n };
                let record = NumberRecord { owner: taking.owner.clone() };
                match self.state.tables.numbers.get(&id) {
                    None => tx.create(&id, &record)?,
                    Some(read) if self.adopts(&read.record.owner) => tx.replace(read, &record)?,
                    Some(_) => return Err(taken(&taking.claim)),
                }
            }
            Claim::Pool { space, pool, sub } => self.take_pool(taking, space, *pool, *sub, tx)?,
            Claim::Ports { from, to, .. } => {
                self.hand_over(&taking.claim);
                PortRange::new(*from, *to)?;
                for (id, claim) in port_claims(&taking.claim, &taking.owner) {
                    self.block(id).claim(claim).map_err(|_| taken(&taking.claim))?;
                }
            }
            Claim::Link { name, shared } => {
                let shared = *shared;
                if let Some(link) = self.links.get_mut(name) {
                    link.claim(taking.owner.clone(), shared).map_err(|_| taken(&taking.claim))?;
                } else {
                    let link = match self.state.tables.links.get(name) {
                        Some(read) => {
                            let mut link = read.record.clone();
                            link.claim(taking.owner.clone(), shared).map_err(|_| taken(&taking.claim))?;
                            link
                        }
                        None => Link::new(taking.owner.clone(), shared),
                    };
                    self.links.insert(name.clone(), link);
                }
            }
        }
        Ok(())
    }

    /// Takes what stands in the way of `claim` and is given back out of its blocks.
    fn hand_over(&mut self, claim: &Claim) {
        let Some(draft) = self.draft else { return };
        let way = draft.gives.iter().filter(|(given, _)| given.meets(claim));
        for (id, given) in way.flat_map(|(given, owner)| port_claims(given, owner)) {
            self.block(id).release(&given);
        }
    }

    /// A block of ports as it will be.
    fn block(&mut self, id: PortBlockKey) -> &mut PortBlock {
        let state = self.state;
        self.blocks.entry(id).or_insert_with(|| {
            let read = state.tables.port_blocks.get(&id);
            read.map_or_else(PortBlock::new, |read| read.record.clone())
        })
    }

    fn record(&self, driver: &DriverKind, planned: &PlannedRecord, tx: &mut Transaction<Any>) -> Result<()> {
        let scope = self.state.scope();
        if planned.scope != scope {
            return Err(Error::internal(format!(
                "driver {driver} wants to keep a {} record on {}, which is of {scope} scope",
                planned.scope, planned.on
            )));
        }
        let id = DriverRecordKey { driver: driver.clone(), on: planned.on, name: planned.name.clone() };
        match (self.state.tables.driver_records.get(&id), &planned.value) {
            (None, Some(value)) => tx.create(&id, &DriverRecord { value: value.clone() })?,
            (Some(read), Some(value)) => tx.replace(read, &DriverRecord { value: value.clone() })?,
            (Some(read), None) => tx.delete(read)?,
            (None, None) => tx.absent::<DriverRecord>(&id)?,
        }
        Ok(())
    }

    pub(super) fn adopts(&self, owner: &Owner) -> bool {
        self.draft.is_some_and(|draft| draft.adopts(owner))
    }
}

/// A claim on ports as it stands in their blocks; nothing of any other.
pub(crate) fn port_claims(claim: &Claim, owner: &Owner) -> Vec<(PortBlockKey, PortClaim)> {
    let Claim::Ports { protocol, ip, from, to } = claim else { return Vec::new() };
    let Ok(ports) = PortRange::new(*from, *to) else { return Vec::new() };
    let split = PortBlockKey::split(*protocol, ports);
    split.map(|(id, ports)| (id, PortClaim { ports, ip: *ip, owner: owner.clone() })).collect()
}

pub(super) fn taken(claim: &Claim) -> Error {
    stale(format!("{claim} was taken meanwhile"))
}

pub(super) fn stale(message: String) -> Error {
    Error::new(ErrorKind::Conflict, message)
}
