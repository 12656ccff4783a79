//! Deleting an endpoint.

use std::sync::Arc;

use netkeep_drivers::{Mode, Object};
use netkeep_model::{Endpoint, EndpointKey, EndpointNameKey, EndpointNameRecord, Owner, RealizedKey};
use netkeep_store::datastore::{Transaction, Versioned};

use super::realize::begin_deletion;
use crate::attachment::{Place, leave_by_force, whereabouts};
use crate::controller::Inner;
use crate::network::{self, driver_of};
use crate::operation::{
    Attempts, Draft, HeldPools, SiteNotes, View, endpoint_queue, queues, release, remains, remove_records,
    space_queue,
};
use crate::replica::State;
use crate::{Error, ErrorKind, Result, lookup};

/// Deletes an endpoint; by `force` also one that is attached.
pub(crate) async fn delete(place: &Place, network: &str, name_or_id: &str, force: bool) -> Result<()> {
    let inner = &place.of;
    let key = {
        let state = inner.site.replica.read();
        let network = lookup::network(&state, network)?;
        lookup::endpoint(&state, network, name_or_id)?.id
    };
    let mut attempts = Attempts::default();
    loop {
        if force {
            leave_by_force(place, key).await?;
        }
        let turn = inner.site.queues.turn([endpoint_queue(key.network, key.endpoint)]).await;
        inner.site.settle().await?;
        let outcome = attempt(place, key, name_or_id, force).await;
        drop(turn);
        match outcome {
            Ok(()) => return Ok(()),
            Err(error) => attempts.again(error).await?,
        }
    }
}

async fn attempt(place: &Place, key: EndpointKey, name_or_id: &str, force: bool) -> Result<()> {
    let inner = &place.of;
    let site = &inner.site;
    let (endpoint, kind, scope) = {
        let state = site.replica.read();
        let found = state.tables.endpoints.get(&key).zip(state.tables.networks.get(&key.network));
        let Some((endpoint, network)) = found else {
            return Err(Error::not_found(format!("endpoint {name_or_id:?} was removed meanwhile")));
        };
        (endpoint.clone(), network.record.driver.clone(), network.record.scope)
    };
    if let Some(attachment) = &endpoint.record.attachment {
        let message = format!(
            "endpoint {:?} (id {}) is attached: {}; let it leave first",
            endpoint.record.name.as_str(),
            key.endpoint,
            whereabouts(attachment)
        );
        match (force, place.is_here(attachment)) {
            (false, _) => return Err(Error::new(ErrorKind::InUse, message)),
            // It has joined again since it was made to leave.
            (true, true) => return Err(Error::new(ErrorKind::Conflict, message)),
            // Its host finds it gone, and takes it down.
            (true, false) => {}
        }
    }
    if let Some(driver) = driver_of(inner, &kind).await? {
        let object = Object::Endpoint(key.network, key.endpoint);
        {
            let draft = Draft::plain(&site.replica);
            driver.may_remove(&View::new(&draft, scope, Some(&kind)), &object).await?;
        }
        // A call outside cannot be taken back: what is to be called is in deletion first.
        if driver.info().mode == Mode::Called && endpoint.record.phase.is_ready() {
            begin_deletion(inner, key).await?;
        }
    }
    // Another host may join it until the commit that removes it.
    finish(inner, key, if force { always } else { |_, endpoint| endpoint.attachment.is_none() }).await
}

/// Whether an endpoint may be removed, as it is found at last.
pub(crate) type MayGo = fn(&State, &Endpoint) -> bool;

/// It may, attached or not.
pub(crate) fn always(_: &State, _: &Endpoint) -> bool {
    true
}

/// Takes an endpoint off this host, and removes it from the store.
///
/// # Errors
///
/// What the driver and the store answer; [`ErrorKind::Conflict`] if it may not go any more.
pub(crate) async fn finish(inner: &Arc<Inner>, key: EndpointKey, may_go: MayGo) -> Result<()> {
    let site = &inner.site;
    let object = Object::Endpoint(key.network, key.endpoint);
    let (kind, noted) = {
        let state = site.replica.read();
        let noted = state.tables.realized.get(&RealizedKey(object)).map(|noted| noted.record.driver.clone());
        let kind = state.tables.networks.get(&key.network).map(|network| network.record.driver.clone());
        // The note says it too if the network's record cannot be read.
        (kind.or_else(|| noted.clone()), noted.is_some())
    };
    // What was taken down and is still in the store has to be made again if it is not deleted after all.
    let made = noted.then(|| site.making.begin(object));
    if let Some(kind) = kind {
        match driver_of(inner, &kind).await? {
            Some(driver) if noted || driver.info().mode == Mode::Called => {
                let notes = SiteNotes { site, driver: &kind };
                let left = remains(&site.replica.read(), &kind, object);
                network::remove(&*driver, &notes, left).await?;
            }
            Some(_) => {}
            None if noted => {
                tracing::warn!(endpoint = %key.endpoint, driver = %kind,
                    "its driver is not loaded; what it has made stays, noted");
            }
            None => {}
        }
    }
    remove_from_store(inner, key, may_go).await?;
    if let Some(made) = made {
        made.done();
    }
    Ok(())
}

/// Removes an endpoint and everything that hangs on it, each at the revision at which it is known, in one
/// commit.
///
/// # Errors
///
/// What the store answers; [`ErrorKind::Conflict`] if it may not go any more.
pub(crate) async fn remove_from_store(inner: &Arc<Inner>, key: EndpointKey, may_go: MayGo) -> Result<()> {
    let site = &inner.site;
    let owner = Owner::Endpoint { network: key.network, endpoint: key.endpoint };
    let Some(made) = site.replica.read().tables.endpoints.get(&key).map(Versioned::revision) else {
        return Ok(());
    };
    site.whole(made).await?;
    let (names, held) = {
        let state = site.replica.read();
        (queues(&state, &owner), HeldPools::of(&state, &owner))
    };
    // Spaces before ports and links, as everybody does who needs both.
    let _spaces = site.queues.turn(held.spaces().iter().map(space_queue)).await;
    let _turn = site.queues.turn(names).await;
    let mut tx = Transaction::new();
    {
        let state = site.replica.read();
        let Some(endpoint) = state.tables.endpoints.get(&key) else { return Ok(()) };
        if !may_go(&state, &endpoint.record) {
            return Err(Error::new(
                ErrorKind::Conflict,
                format!("endpoint {} was attached while it was to be removed", key.endpoint),
            ));
        }
        tx.delete(endpoint)?;
        if let Some(name) = name_of(&state, endpoint) {
            tx.delete(name)?;
        }
        release(&state, &owner, &mut tx)?;
        HeldPools::of(&state, &owner).remove(&state, &mut tx)?;
        remove_records(&state, &inner.registry, &Object::Endpoint(key.network, key.endpoint), &mut tx)?;
        if let Some(attachment) = &endpoint.record.attachment {
            let join = Object::Join(key.network, key.endpoint, attachment.sandbox);
            release(&state, &Owner::from(join), &mut tx)?;
            remove_records(&state, &inner.registry, &join, &mut tx)?;
        }
    }
    site.commit(tx).await?;
    Ok(())
}

/// The record of the endpoint's name, if it names this endpoint.
fn name_of<'a>(
    state: &'a State,
    endpoint: &Versioned<Endpoint>,
) -> Option<&'a Versioned<EndpointNameRecord>> {
    let id = EndpointNameKey { network: endpoint.id.network, name: endpoint.record.name.clone() };
    let found = state.tables.endpoint_names.get(&id)?;
    (found.record.endpoint == endpoint.id.endpoint).then_some(found)
}
