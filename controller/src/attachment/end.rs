//! Ending an attachment: on the host, in the store of its network, in that of this host.

use netkeep_drivers::Object;
use netkeep_model::{Endpoint, EndpointKey, OperationId, Owner, Phase, RealizedKey, Sandbox, SandboxId};
use netkeep_store::datastore::{Any, Transaction, Versioned};

use super::place::{Known, Place};
use super::{object, way_out};
use crate::Result;
use crate::network::{driver_of, remove};
use crate::operation::{Attempts, SiteNotes, queues, release, remove_records};
use crate::replica::State;

/// Takes what was made for the attachment off this host.
///
/// # Errors
///
/// Why it is still there.
pub(super) async fn take_down(place: &Place, key: EndpointKey, sandbox: SandboxId) -> Result<()> {
    way_out::leave(place, key, sandbox).await?;
    remove_from_host(place, object(key, sandbox)).await?;
    if place.is_shared() { take_down_endpoint(place, key).await } else { Ok(()) }
}

/// Takes an endpoint of global scope off this host, which has something of it only while it is attached here.
pub(super) async fn take_down_endpoint(place: &Place, key: EndpointKey) -> Result<()> {
    remove_from_host(place, Object::Endpoint(key.network, key.endpoint)).await
}

async fn remove_from_host(place: &Place, on: Object) -> Result<()> {
    let site = &place.local.site;
    let noted = site.replica.read().tables.realized.contains_key(&RealizedKey(on));
    let Some(kind) = place.driver_kind(on).filter(|_| noted) else { return Ok(()) };
    match driver_of(&place.local, &kind).await? {
        Some(driver) => {
            let notes = SiteNotes { site, driver: &kind };
            remove(&*driver, &notes, place.read(|known| known.remains(&kind, on))).await
        }
        None => {
            tracing::warn!(object = %on, driver = %kind,
                "its driver is not loaded; what it has made stays, noted");
            Ok(())
        }
    }
}

/// Removes the attachment from the stores: from both, that of the network first, or in one commit.
///
/// # Errors
///
/// What the stores answer.
pub(super) async fn remove_from_stores(place: &Place, key: EndpointKey, sandbox: SandboxId) -> Result<()> {
    if place.is_shared() {
        detach(place, key, sandbox).await?;
    }
    forget(place, key, sandbox).await
}

/// Removes the attachment from the store that all hosts share: the commit that decides.
async fn detach(place: &Place, key: EndpointKey, sandbox: SandboxId) -> Result<()> {
    let site = &place.of.site;
    let mut attempts = Attempts::default();
    loop {
        site.settle().await?;
        if place.attached(key, sandbox).is_none() {
            return Ok(());
        }
        let mut tx = Transaction::new();
        {
            let state = site.replica.read();
            detached(&state, key, sandbox, &mut tx)?;
            remove_records(&state, &place.of.registry, &object(key, sandbox), &mut tx)?;
            release(&state, &Owner::from(object(key, sandbox)), &mut tx)?;
        }
        match site.commit(tx).await {
            Ok(_) => return Ok(()),
            Err(error) => attempts.again(error).await?,
        }
    }
}

/// Removes what this host holds, has noted and has recorded of the attachment.
pub(super) async fn forget(place: &Place, key: EndpointKey, sandbox: SandboxId) -> Result<()> {
    let site = &place.local.site;
    let on = object(key, sandbox);
    let owner = Owner::from(on);
    let mut attempts = Attempts::default();
    loop {
        site.settle().await?;
        let names = queues(&site.replica.read(), &owner);
        let _turn = site.queues.turn(names).await;
        let mut tx = Transaction::new();
        {
            let state = site.replica.read();
            release(&state, &owner, &mut tx)?;
            remove_records(&state, &place.local.registry, &on, &mut tx)?;
            if place.is_shared() {
                let endpoint = Object::Endpoint(key.network, key.endpoint);
                remove_records(&state, &place.local.registry, &endpoint, &mut tx)?;
            } else {
                detached(&state, key, sandbox, &mut tx)?;
            }
            way_out::forget(&state, key, sandbox, &mut tx)?;
            remove_intents(&state, on, &mut tx)?;
            set_inside(&state, key, sandbox, false, &mut tx)?;
        }
        if tx.is_empty() {
            return Ok(());
        }
        match site.commit(tx).await {
            Ok(_) => return Ok(()),
            Err(error) => attempts.again(error).await?,
        }
    }
}

/// Adds that the endpoint is in no sandbox, if it is in this one.
fn detached(state: &State, key: EndpointKey, sandbox: SandboxId, tx: &mut Transaction<Any>) -> Result<()> {
    if let Some(read) = state.tables.endpoints.get(&key)
        && read.record.attachment.as_ref().is_some_and(|attachment| attachment.sandbox == sandbox)
    {
        tx.replace(read, &Endpoint { attachment: None, ..read.record.clone() })?;
    }
    Ok(())
}

/// Adds the removal of the intents about `on`.
pub(super) fn remove_intents(state: &State, on: Object, tx: &mut Transaction<Any>) -> Result<()> {
    for read in state.tables.intents.values().filter(|read| read.record.object == on) {
        tx.delete(read)?;
    }
    Ok(())
}

/// Adds that the sandbox has the endpoint, or that it does not.
pub(super) fn set_inside(
    state: &State,
    key: EndpointKey,
    sandbox: SandboxId,
    inside: bool,
    tx: &mut Transaction<Any>,
) -> Result<()> {
    let Some(read) = state.tables.sandboxes.get(&sandbox) else { return Ok(()) };
    let next = with_inside(read, key, inside);
    if next != read.record {
        tx.replace(read, &next)?;
    }
    Ok(())
}

/// The record of a sandbox with this endpoint in it, or without.
pub(super) fn with_inside(read: &Versioned<Sandbox>, key: EndpointKey, inside: bool) -> Sandbox {
    let mut next = read.record.clone();
    let is = netkeep_model::SandboxEndpoint { network: key.network, endpoint: key.endpoint };
    match inside {
        true if !next.endpoints.contains(&is) => next.endpoints.push(is),
        true => {}
        false => next.endpoints.retain(|other| *other != is),
    }
    next
}

/// Says that the attachment is to go, so that whoever finds it ends it: what may have been made has to be taken down
/// before its records may go.
pub(super) async fn mark(place: &Place, key: EndpointKey, sandbox: SandboxId) -> Result<()> {
    let site = &place.local.site;
    let mut attempts = Attempts::default();
    loop {
        let mut tx = Transaction::new();
        place.read(|known| marked(place, known, key, sandbox, &mut tx))?;
        if tx.is_empty() {
            return Ok(());
        }
        match site.commit(tx).await {
            Ok(_) => return Ok(()),
            Err(error) => attempts.again(error).await?,
        }
    }
}

fn marked(
    place: &Place,
    known: &Known<'_>,
    key: EndpointKey,
    sandbox: SandboxId,
    tx: &mut Transaction<Any>,
) -> Result<()> {
    let on = object(key, sandbox);
    let operation = OperationId::generate();
    if place.is_shared() {
        let mut intents = known.local.tables.intents.values().filter(|read| read.record.object == on);
        let is_removal = |read: &Versioned<netkeep_model::Intent>| {
            read.record.action == netkeep_model::IntentAction::Remove
        };
        if intents.clone().any(is_removal) {
            return Ok(());
        }
        if let Some(read) = intents.next() {
            let action = netkeep_model::IntentAction::Remove;
            tx.replace(read, &netkeep_model::Intent { action, ..read.record.clone() })?;
        } else {
            tx.create(&operation, &super::join::intent(place, on, netkeep_model::IntentAction::Remove))?;
        }
        return Ok(());
    }
    let Some(read) = known.of.tables.endpoints.get(&key) else { return Ok(()) };
    let mut next = read.record.clone();
    if let Some(attachment) = next.attachment.as_mut().filter(|found| found.sandbox == sandbox) {
        attachment.phase = Phase::Deleting { by: place.local.site.actor, operation };
        tx.replace(read, &next)?;
    }
    Ok(())
}
