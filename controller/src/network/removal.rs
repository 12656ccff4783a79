//! Taking a network out of the store.

use std::sync::Arc;

use netkeep_model::{
    Network, NetworkId, NetworkNameRecord, Object, OperationId, Owner, Phase, PoolKey, PoolRecord, Space,
    SubPoolRecord,
};
use netkeep_store::Guard;
use netkeep_store::datastore::{Local, Record, Transaction, Versioned};

use crate::Result;
use crate::controller::Inner;
use crate::operation::{Assembly, cut, fits, queues, release, remove_records};
use crate::replica::State;

/// The pools and sub-pools that a network holds.
pub(super) struct HeldPools {
    pub(super) pools: Vec<Versioned<PoolRecord>>,
    pub(super) subs: Vec<Versioned<SubPoolRecord>>,
}

impl HeldPools {
    pub(super) fn of(state: &State, owner: &Owner) -> Self {
        let mut held = Self { pools: Vec::new(), subs: Vec::new() };
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
    pub(super) fn spaces(&self) -> Vec<Space> {
        let spaces = self.pools.iter().map(|read| read.id.space.clone());
        let mut spaces: Vec<Space> =
            spaces.chain(self.subs.iter().map(|read| read.id.space.clone())).collect();
        spaces.sort();
        spaces.dedup();
        spaces
    }

    /// These in parts of so few that each part fits into one commit, whatever else it holds.
    fn parts(self) -> Vec<Self> {
        const MOST: usize = 4;
        let mut parts: Vec<Self> =
            self.pools.chunks(MOST).map(|pools| Self { pools: pools.to_vec(), subs: Vec::new() }).collect();
        parts.extend(self.subs.chunks(MOST).map(|subs| Self { pools: Vec::new(), subs: subs.to_vec() }));
        parts
    }

    /// Sets the phase of all of them.
    fn set_phase(&self, phase: Phase, tx: &mut Transaction<Local>) -> Result<()> {
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
    fn remove(&self, state: &State, tx: &mut Transaction<Local>) -> Result<()> {
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

/// Removes a network and everything that hangs on it, each at the revision at which it is known: in one commit
/// if it fits, else in pieces, the network's record last.
///
/// The caller has seen to it that it has no endpoints and that this host has nothing of it any more.
pub(crate) async fn remove_from_store(inner: &Arc<Inner>, id: NetworkId) -> Result<()> {
    let site = &inner.site;
    let owner = Owner::Network { network: id };
    let names = queues(&site.replica.read(), &owner);
    let _turn = site.queues.turn(names).await;
    let (rest, pools, last, held, network) = {
        let state = site.replica.read();
        let Some(network) = state.tables.networks.get(&id) else { return Ok(()) };
        let mut rest = Transaction::new();
        release(&state, &owner, &mut rest)?;
        remove_records(&state, &inner.registry, &Object::Network(id), &mut rest)?;
        let held = HeldPools::of(&state, &owner);
        let mut pools = Transaction::new();
        held.remove(&state, &mut pools)?;
        let mut last = Transaction::new();
        last.delete(network)?;
        if let Some(name) = name_of(&state, network) {
            last.delete(name)?;
        }
        (rest, pools, last, held, network.clone())
    };
    let mut whole = last.clone();
    whole.merge(pools)?;
    whole.merge(rest.clone())?;
    if fits(&whole) {
        site.commit(whole).await?;
        return Ok(());
    }
    for piece in cut(rest, &Guard::Unchanged(Network::key(&id)?, network.revision())) {
        site.commit_txn(&piece).await?;
    }
    for part in held.parts() {
        let mut tx = Transaction::new();
        tx.unchanged(&network)?;
        part.remove(&site.replica.read(), &mut tx)?;
        site.commit(tx).await?;
    }
    site.commit(last).await?;
    Ok(())
}

/// Writes the phase of a network and its pools: in one commit if it fits. Else the network's record goes first,
/// or last if it is to be ready again, so that its pools are in between only while it is.
pub(super) async fn write_phase(inner: &Arc<Inner>, id: NetworkId, phase: Phase) -> Result<()> {
    let site = &inner.site;
    let known = || {
        let state = site.replica.read();
        let network = state.tables.networks.get(&id).cloned();
        network.map(|network| (network, HeldPools::of(&state, &Owner::Network { network: id })))
    };
    let change = |network: &Versioned<Network>| -> Result<Transaction<Local>> {
        let mut tx = Transaction::new();
        tx.replace(network, &Network { phase, ..network.record.clone() })?;
        Ok(tx)
    };
    let Some((network, held)) = known() else { return Ok(()) };
    let mut whole = change(&network)?;
    held.set_phase(phase, &mut whole)?;
    if fits(&whole) {
        site.commit(whole).await?;
        return Ok(());
    }
    if !phase.is_ready() {
        site.commit(change(&network)?).await?;
    }
    let Some((network, _)) = known() else { return Ok(()) };
    for part in held.parts() {
        let mut tx = Transaction::new();
        tx.unchanged(&network)?;
        part.set_phase(phase, &mut tx)?;
        site.commit(tx).await?;
    }
    if phase.is_ready() {
        site.commit(change(&network)?).await?;
    }
    Ok(())
}

/// Takes back the phase `deleting` of a network and its pools. A network that never was ready does not become so.
pub(super) async fn undo_phase(inner: &Arc<Inner>, id: NetworkId) -> Result<()> {
    let deleting = {
        let state = inner.site.replica.read();
        state.tables.networks.get(&id).is_some_and(|network| network.record.phase.is_deleting())
    };
    if deleting { write_phase(inner, id, Phase::Ready).await } else { Ok(()) }
}

/// The record of the network's name, if it names this network.
fn name_of<'a>(state: &'a State, network: &Versioned<Network>) -> Option<&'a Versioned<NetworkNameRecord>> {
    let found = state.tables.network_names.get(&network.record.name)?;
    (found.record.network == network.id).then_some(found)
}
