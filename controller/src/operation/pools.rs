//! Taking pools, and addresses of pools.

use std::net::IpAddr;

use netkeep_model::{IpamKind, Owner, Phase, Pool, PoolKey, PoolRecord, Space, SubPoolKey, SubPoolRecord};
use netkeep_store::datastore::{Any, Transaction};

use super::assemble::{stale, taken};
use super::{Assembly, Taking};
use crate::{Error, ErrorKind, Result};

impl Assembly<'_> {
    /// Takes a pool, or a part of one.
    pub(super) fn take_pool(
        &mut self,
        taking: &Taking,
        space: &Space,
        pool: Pool,
        sub: Option<Pool>,
        tx: &mut Transaction<Any>,
    ) -> Result<()> {
        self.check_space(space, taking.ipam.as_ref())?;
        let id = PoolKey { space: space.clone(), pool };
        self.check_overlap(&id)?;
        self.pools.push(id.clone());
        let read = self.state.tables.pools.get(&id);
        if read.is_some_and(|read| !read.record.phase.is_ready()) {
            return Err(taken(&taking.claim));
        }
        let record = PoolRecord {
            owner: Some(taking.owner.clone()),
            phase: Phase::Ready,
            options: taking.options.clone(),
            metadata: taking.metadata.clone(),
            foreign_id: None,
        };
        let Some(sub) = sub else {
            match read {
                None => tx.create(&id, &record)?,
                Some(read) if read.record.owner.as_ref().is_none_or(|owner| self.adopts(owner)) => {
                    tx.replace(read, &record)?;
                }
                Some(_) => return Err(taken(&taking.claim)),
            }
            return Ok(());
        };
        match read {
            Some(read) => tx.unchanged(read)?,
            None => {
                self.masters.entry(id).or_insert(PoolRecord { owner: None, ..PoolRecord::default() });
            }
        }
        let id = SubPoolKey { space: space.clone(), master: pool, sub };
        let record = SubPoolRecord {
            owner: taking.owner.clone(),
            phase: Phase::Ready,
            options: taking.options.clone(),
            metadata: taking.metadata.clone(),
            foreign_id: None,
        };
        match self.state.tables.sub_pools.get(&id) {
            None => tx.create(&id, &record)?,
            Some(read) if read.record.phase.is_ready() && self.adopts(&read.record.owner) => {
                tx.replace(read, &record)?;
            }
            Some(_) => return Err(taken(&taking.claim)),
        }
        Ok(())
    }

    /// Notes that the set of pools of `space` changes, and whose space it is.
    fn check_space(&mut self, space: &Space, driver: Option<&IpamKind>) -> Result<()> {
        let found = self.state.tables.spaces.get(space).map(|read| &read.record.driver);
        if let (Some(found), Some(driver)) = (found, driver)
            && found != driver
        {
            return Err(Error::new(
                ErrorKind::InUse,
                format!("space {space} is of IPAM driver {found}; name another space for driver {driver}"),
            ));
        }
        let noted = self.spaces.entry(space.clone()).or_default();
        if driver.is_some() {
            *noted = driver.cloned();
        }
        if found.is_none() && noted.is_none() {
            return Err(Error::internal(format!(
                "a driver claims a pool of space {space}, which is nobody's"
            )));
        }
        Ok(())
    }

    /// Refuses a pool that overlaps another one of its space, whoever has chosen it. As none there overlap, only
    /// its neighbours can be in the way.
    fn check_overlap(&self, id: &PoolKey) -> Result<()> {
        let tables = &self.state.tables;
        let before = tables.pools.before(id).map(|read| &read.id);
        let after = tables.pools.from(id.clone()).map(|read| &read.id).find(|other| *other != id);
        let there =
            before.into_iter().chain(after).chain(&self.pools).filter(|other| other.space == id.space);
        let unreadable = tables.unreadable_pools(&id.space);
        let mut others = there.map(|other| other.pool).filter(|pool| *pool != id.pool).chain(unreadable);
        match others.find(|pool| pool.overlaps(id.pool)) {
            None => Ok(()),
            Some(other) => Err(Error::new(
                ErrorKind::InUse,
                format!("pool {} overlaps pool {other} of space {}", id.pool, id.space),
            )),
        }
    }

    /// Refuses an address of a pool that is not there. The pool that the address is from stays as long as the
    /// network that holds it, which every endpoint guards; any other one is guarded here.
    pub(super) fn check_pool_of(
        &self,
        taking: &Taking,
        space: &Space,
        pool: Pool,
        ip: IpAddr,
        tx: &mut Transaction<Any>,
    ) -> Result<()> {
        let id = PoolKey { space: space.clone(), pool };
        if !pool.contains(ip) {
            return Err(Error::internal(format!("{} is claimed, which is not in its pool", taking.claim)));
        }
        if self.pools.contains(&id) {
            return Ok(());
        }
        let Some(read) = self.state.tables.pools.get(&id) else {
            if self.state.tables.has_pool(&id) {
                return Ok(());
            }
            let why = format!("{} is claimed, and its pool is not there", taking.claim);
            let of = taking.owner.endpoint().and(taking.owner.network());
            let gone = of.is_some_and(|network| !self.state.tables.has_network(network));
            return Err(if gone { stale(why) } else { Error::internal(why) });
        };
        let owner = read.record.owner.as_ref().and_then(Owner::network);
        if taking.sub.is_none() && owner != taking.owner.network() {
            tx.unchanged(read)?;
        }
        Ok(())
    }
}
