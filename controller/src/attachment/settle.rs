//! Judging what was left in between.

use std::collections::BTreeSet;

use netkeep_model::{Endpoint, EndpointKey, IntentAction, Object, SandboxId, Scope};
use netkeep_store::datastore::Record;

use super::end::{forget, take_down};
use super::leave::take_off;
use super::make::{Outcome, make};
use super::place::{Known, Place};
use super::{here, not_again, object, way_out};
use crate::sandbox::sandbox_queue;
use crate::{Error, Result};

/// An attachment, whether it is there or not.
pub(super) type Trace = (EndpointKey, SandboxId);

/// How an attachment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is there, and nothing is in between.
    Whole,
    /// It is there, and was not made on this host to its end.
    Unmade,
    /// It is there, and is to go.
    Leaving,
    /// It is not there, and something of it is on this host.
    Gone,
}

/// Everything that this host has of attachments in the store of the network.
pub(super) fn traces(place: &Place) -> BTreeSet<Trace> {
    place.read(|known| {
        let mut found = BTreeSet::new();
        if place.is_shared() {
            let intents = known.local.tables.intents.values().map(|read| read.record.object);
            let noted = known.local.tables.realized.values();
            let noted = noted.filter(|read| read.record.scope == Scope::Global).map(|read| read.id.0);
            found.extend(intents.chain(noted).filter_map(trace));
            // What a sandbox says that it has, unless that is in the store of this host.
            for sandbox in known.local.tables.sandboxes.values() {
                let inside = sandbox.record.endpoints.iter();
                let inside =
                    inside.map(|inside| EndpointKey { network: inside.network, endpoint: inside.endpoint });
                let shared = inside.filter(|key| !known.local.tables.has_network(key.network));
                found.extend(shared.map(|key| (key, sandbox.id)));
            }
        }
        // An endpoint is of the run that made it, and of the one to which it is attached.
        let own = known.of.runs.of_host(place.local.site.actor.host).filter_map(Endpoint::id);
        for read in own.filter_map(|id| known.of.tables.endpoints.get(&id)) {
            let attachment = read.record.attachment.as_ref();
            if let Some(attachment) = attachment.filter(|attachment| place.is_here(attachment)) {
                found.insert((read.id, attachment.sandbox));
            }
        }
        found
    })
}

fn trace(on: Object) -> Option<Trace> {
    match on {
        Object::Join(network, endpoint, sandbox) => Some((EndpointKey { network, endpoint }, sandbox)),
        Object::Network(_) | Object::Endpoint(..) => None,
    }
}

/// How an attachment stands, as both stores are known now.
pub(super) fn standing(place: &Place, known: &Known<'_>, (key, sandbox): Trace) -> Standing {
    let on = object(key, sandbox);
    let endpoint = known.of.tables.endpoints.get(&key);
    let attachment = endpoint.and_then(|read| read.record.attachment.as_ref());
    let Some(attachment) = attachment.filter(|found| found.sandbox == sandbox && place.is_here(found)) else {
        return Standing::Gone;
    };
    let intents = known.local.tables.intents.values().filter(|read| read.record.object == on);
    let left = place.local.site.making.is_left(on);
    match known.local.tables.sandboxes.get(&sandbox) {
        Some(read) if read.record.boot == place.local.site.boot => {}
        // Its namespace is gone.
        _ => return Standing::Leaving,
    }
    if !attachment.phase.is_ready() || intents.clone().any(|read| read.record.action == IntentAction::Remove)
    {
        Standing::Leaving
    } else if left || intents.count() > 0 {
        Standing::Unmade
    } else {
        Standing::Whole
    }
}

/// Finishes or undoes what was left of attachments of this endpoint to sandboxes of this host; its turn is held.
///
/// # Errors
///
/// Why that is still left.
pub(super) async fn settle_traces(place: &Place, key: EndpointKey) -> Result<()> {
    for trace in traces_of(place, key) {
        settle(place, trace).await?;
    }
    Ok(())
}

/// The traces of one endpoint, without a look at all others.
fn traces_of(place: &Place, key: EndpointKey) -> BTreeSet<Trace> {
    place.read(|known| {
        let mut found = BTreeSet::new();
        if place.is_shared() {
            let intents = known.local.tables.intents.values().map(|read| read.record.object);
            found.extend(intents.filter_map(trace).filter(|(of, _)| *of == key));
            let noted = known.local.tables.noted_joins(key).map(|read| read.id.0);
            found.extend(noted.filter_map(trace));
        }
        let attachment = known.of.tables.endpoints.get(&key).and_then(|read| read.record.attachment.as_ref());
        if let Some(attachment) = attachment.filter(|attachment| place.is_here(attachment)) {
            found.insert((key, attachment.sandbox));
        }
        found
    })
}

/// Finishes or undoes one attachment; the turn of its endpoint is held. Says what it was.
///
/// # Errors
///
/// Why it is still left.
pub(super) async fn settle(place: &Place, trace: Trace) -> Result<Standing> {
    // What may still be decided is not judged.
    place.of.site.settle().await?;
    let (key, sandbox) = trace;
    let standing = place.read(|known| standing(place, known, trace));
    match standing {
        Standing::Whole => {}
        Standing::Leaving => take_off(place, key, sandbox).await?,
        Standing::Gone => {
            let made = place.local.site.making.begin(object(key, sandbox));
            if place.is_shared() {
                take_down(place, key, sandbox).await?;
            }
            forget(place, key, sandbox).await.map_err(not_again)?;
            made.done();
            if place.is_shared() {
                here::exit(place, key.network).await.map_err(not_again)?;
            }
        }
        Standing::Unmade => {
            let made = place.local.site.making.begin(object(key, sandbox));
            let outcome = make(place, key, sandbox).await?;
            if let Outcome::Joined = &outcome {
                publish(place, key, sandbox).await?;
            }
            made.done();
            if let Outcome::Undone(_, error) = outcome {
                tracing::warn!(endpoint = %key.endpoint, %sandbox, %error, "an attachment was undone");
                if place.is_shared() {
                    here::exit(place, key.network).await.map_err(not_again)?;
                }
            }
        }
    }
    Ok(standing)
}

/// Has what the sandbox publishes agree with its having this endpoint, which was made again. That a driver refuses to
/// publish is nothing that is left in between: it would keep the endpoint from leaving.
async fn publish(place: &Place, key: EndpointKey, sandbox: SandboxId) -> Result<()> {
    match way_out::agree_again(place, key, sandbox).await {
        Err(error) if !way_out::is_between(&error) => {
            tracing::warn!(endpoint = %key.endpoint, %sandbox, %error, "a way out publishes nothing yet");
            Ok(())
        }
        done => done.map(drop),
    }
}

/// As [`settle`], in its turn; what is under way is left alone.
pub(super) async fn settle_in_turn(place: &Place, trace: Trace) -> Result<Standing, Error> {
    let (key, sandbox) = trace;
    let _sandbox = place.local.site.queues.turn([sandbox_queue(sandbox)]).await;
    let _turns = place.turns(key).await;
    settle(place, trace).await
}
