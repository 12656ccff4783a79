//! What is recorded of ways out.

use std::collections::{BTreeMap, BTreeSet};

use netkeep_model::{Claim, EndpointKey, Owner, PortBlock, PortBlockKey, SandboxId, Way, WayOut};
use netkeep_store::datastore::{Any, Transaction, Versioned};

use crate::attachment::place::Place;
use crate::operation::{Attempts, link_queue, port_claims, port_queue};
use crate::replica::State;
use crate::{Error, ErrorKind, Result};

/// What is published of a sandbox.
pub(super) fn way_out(place: &Place, sandbox: SandboxId) -> Option<WayOut> {
    place.local.site.replica.read().tables.ways_out.get(&sandbox).map(|read| read.record.clone())
}

/// What an endpoint of a sandbox publishes now.
pub(super) fn now(place: &Place, sandbox: SandboxId) -> Option<Way> {
    way_out(place, sandbox).map(|way_out| way_out.now)
}

/// What this holds, and who.
pub(super) fn held(way_out: Option<&WayOut>, sandbox: SandboxId) -> Vec<(Claim, Owner)> {
    let held = way_out.into_iter().flat_map(|way_out| way_out.held(sandbox));
    held.map(|(claim, join)| (claim.clone(), Owner::from(join))).collect()
}

/// What has to wait its turn before these change hands.
pub(super) fn queues(held: &[(Claim, Owner)]) -> BTreeSet<String> {
    let of_one = |(claim, owner): &(Claim, Owner)| -> Vec<String> {
        match claim {
            Claim::Link { name, .. } => vec![link_queue(name)],
            _ => port_claims(claim, owner).iter().map(|(id, _)| port_queue(id)).collect(),
        }
    };
    held.iter().flat_map(of_one).collect()
}

/// Records what is published from now on, and gives back what that does not hold.
///
/// # Errors
///
/// What the store answers.
pub(super) async fn keep(place: &Place, sandbox: SandboxId, next: Option<WayOut>) -> Result<()> {
    let site = &place.local.site;
    let mut attempts = Attempts::default();
    loop {
        site.settle().await?;
        let mut names = queues(&held(way_out(place, sandbox).as_ref(), sandbox));
        names.extend(queues(&held(next.as_ref(), sandbox)));
        let _turn = site.queues.turn(names).await;
        let mut tx = Transaction::new();
        change(&site.replica.read(), sandbox, next.as_ref(), &mut tx)?;
        if tx.is_empty() {
            return Ok(());
        }
        match site.commit(tx).await {
            Ok(_) => return Ok(()),
            Err(error) => attempts.again(error).await?,
        }
    }
}

/// Adds that this is published of a sandbox instead of what is recorded, with what each of them holds.
fn change(state: &State, sandbox: SandboxId, next: Option<&WayOut>, tx: &mut Transaction<Any>) -> Result<()> {
    let read = state.tables.ways_out.get(&sandbox);
    if read.map(|read| &read.record) == next {
        return Ok(());
    }
    let (had, has) = (held(read.map(|read| &read.record), sandbox), held(next, sandbox));
    let mut blocks = BTreeMap::new();
    for (claim, owner) in had.iter().filter(|held| !has.contains(held)) {
        give_back(state, claim, owner, &mut blocks, tx)?;
    }
    for (claim, owner) in has.iter().filter(|held| !had.contains(held)) {
        for (id, port) in port_claims(claim, owner) {
            let met = |_| Error::new(ErrorKind::Conflict, format!("{claim} was taken meanwhile"));
            block(state, &mut blocks, id).claim(port).map_err(met)?;
        }
    }
    for (id, block) in &blocks {
        match state.tables.port_blocks.get(id) {
            Some(read) if block.is_empty() => tx.delete(read)?,
            Some(read) => tx.replace(read, block)?,
            None if block.is_empty() => {}
            None => tx.create(id, block)?,
        }
    }
    write(read, sandbox, next, tx)
}

/// Adds the record alone.
pub(super) fn write(
    read: Option<&Versioned<WayOut>>,
    sandbox: SandboxId,
    next: Option<&WayOut>,
    tx: &mut Transaction<Any>,
) -> Result<()> {
    match (read, next) {
        (Some(read), Some(next)) => tx.replace(read, next)?,
        (Some(read), None) => tx.delete(read)?,
        (None, Some(next)) => tx.create(&sandbox, next)?,
        (None, None) => {}
    }
    Ok(())
}

/// Adds that an endpoint of a sandbox publishes nothing any more. What it holds goes with its attachment.
pub(crate) fn forget(
    state: &State,
    key: EndpointKey,
    sandbox: SandboxId,
    tx: &mut Transaction<Any>,
) -> Result<()> {
    let Some(read) = state.tables.ways_out.get(&sandbox) else { return Ok(()) };
    let WayOut { now, before } = &read.record;
    if now.key() == key {
        write(Some(read), sandbox, None, tx)
    } else if before.as_ref().is_some_and(|before| before.key() == key) {
        write(Some(read), sandbox, Some(&WayOut { now: now.clone(), before: None }), tx)
    } else {
        Ok(())
    }
}

/// Adds that one claim is given back.
fn give_back(
    state: &State,
    claim: &Claim,
    owner: &Owner,
    blocks: &mut BTreeMap<PortBlockKey, PortBlock>,
    tx: &mut Transaction<Any>,
) -> Result<()> {
    match claim {
        Claim::Ports { .. } => {
            for (id, port) in port_claims(claim, owner) {
                block(state, blocks, id).release(&port);
            }
        }
        Claim::Link { name, .. } => {
            if let Some(read) = state.tables.links.get(name) {
                let mut link = read.record.clone();
                link.release(owner);
                if link.is_empty() { tx.delete(read)? } else { tx.replace(read, &link)? }
            }
        }
        Claim::Number { class, n } => {
            let id = netkeep_model::NumberKey { class: class.clone(), n: *n };
            let read = state.tables.numbers.get(&id);
            if let Some(read) = read.filter(|read| read.record.owner == *owner) {
                tx.delete(read)?;
            }
        }
        // Neither is taken for what is published.
        Claim::Pool { .. } | Claim::Address { .. } => {}
    }
    Ok(())
}

fn block<'a>(
    state: &State,
    blocks: &'a mut BTreeMap<PortBlockKey, PortBlock>,
    id: PortBlockKey,
) -> &'a mut PortBlock {
    blocks.entry(id).or_insert_with(|| {
        let read = state.tables.port_blocks.get(&id);
        read.map_or_else(PortBlock::new, |read| read.record.clone())
    })
}
