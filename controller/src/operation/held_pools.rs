//! Giving back pools.

use netkeep_model::{OperationId, Owner, Phase, PoolKey, PoolRecord, Space, SubPoolRecord};
use netkeep_store::datastore::{Any, Record, Transaction, Versioned};

use super::Assembly;
use crate::Result;
use crate::replica::State;

/// Pools and sub-pools that one owner holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct HeldPools {
    pub(crate) pools: Vec<Versioned<PoolRecord>>,
    pub(crate) subs: Vec<Versioned<SubPoolRecord>>,
}

impl HeldPools {
    /// Everything that `owner` holds.
    pub(crate) fn of(state: &State, owner: &Owner) -> Self {
        let mut held = Self::default();
        for key in state.held_by(owner) {
            if let Some(read) = PoolRecord::id(key).and_then(|id| state.tables.pools.get(&id)) {
                held.pools.push(read.clone());
            } else if let Some(read) = SubPoolRecord::id(key).and_then(|id| state.tables.sub_pools.get(&id)) {
                held.subs.push(read.clone());
            }
        }
        held
    }

    /// The spaces whose sets of pools change when these go.
    pub(crate) fn spaces(&self) -> Vec<Space> {
        let spaces = self.pools.iter().map(|read| read.id.space.clone());
        let mut spaces: Vec<Space> =
            spaces.chain(self.subs.iter().map(|read| read.id.space.clone())).collect();
        spaces.sort();
        spaces.dedup();
        spaces
    }

    /// These in parts of so few that each part fits into one commit, whatever else it holds.
    pub(crate) fn parts(self) -> Vec<Self> {
        const MOST: usize = 4;
        let mut parts: Vec<Self> =
            self.pools.chunks(MOST).map(|pools| Self { pools: pools.to_vec(), subs: Vec::new() }).collect();
        parts.extend(self.subs.chunks(MOST).map(|subs| Self { pools: Vec::new(), subs: subs.to_vec() }));
        parts
    }

    /// Sets the phase of all of them.
    pub(crate) fn set_phase(&self, phase: Phase, tx: &mut Transaction<Any>) -> Result<()> {
        for read in &self.pools {
            tx.replace(read, &PoolRecord { phase, ..read.record.clone() })?;
        }
        for read in &self.subs {
            tx.replace(read, &SubPoolRecord { phase, ..read.record.clone() })?;
        }
        Ok(())
    }

    /// Removes all of them; a pool of which others hold parts stays as their master, and a master goes with its
    /// last part.
    pub(crate) fn remove(&self, state: &State, tx: &mut Transaction<Any>) -> Result<()> {
        let goes = |id: &PoolKey| {
            let mut parts = state.tables.sub_pools_of(&id.space, id.pool);
            parts.all(|part| self.subs.iter().any(|sub| sub.id == part.id))
                && !state.tables.has_unreadable_part(id)
        };
        for read in &self.pools {
            if goes(&read.id) {
                tx.delete(read)?;
            } else {
                tx.replace(read, &PoolRecord { owner: None, phase: Phase::Ready, ..read.record.clone() })?;
            }
        }
        let mut masters: Vec<PoolKey> = Vec::new();
        for read in &self.subs {
            tx.delete(read)?;
            let master = PoolKey { space: read.id.space.clone(), pool: read.id.master };
            let own = self.pools.iter().any(|pool| pool.id == master);
            if !own && !masters.contains(&master) {
                masters.push(master);
            }
        }
        for id in masters {
            let Some(read) = state.tables.pools.get(&id) else { continue };
            if read.record.owner.is_none() && goes(&id) {
                tx.delete(read)?;
            } else {
                tx.unchanged(read)?;
            }
        }
        let assembly = Assembly::new(state, OperationId::generate());
        self.spaces().iter().try_for_each(|space| assembly.touch(space, None, tx))
    }
}
