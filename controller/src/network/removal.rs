//! Taking a network out of the store.

use std::sync::Arc;

use netkeep_model::{Network, NetworkId, NetworkNameRecord, Object, Owner, Phase};
use netkeep_store::Guard;
use netkeep_store::datastore::{Any, Record, Transaction, Versioned};

use crate::Result;
use crate::controller::Inner;
use crate::operation::{HeldPools, cut, fits, queues, release, remove_records};
use crate::replica::State;

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
    let change = |network: &Versioned<Network>| -> Result<Transaction<Any>> {
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
