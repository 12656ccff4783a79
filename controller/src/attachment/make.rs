//! Making an attachment on this host.

use std::sync::Arc;

use netkeep_drivers::{EnsureError, JoinState, Mode, NetworkDriver};
use netkeep_model::{Claim, Endpoint, EndpointKey, Network, Phase, SandboxId};
use netkeep_store::datastore::{Transaction, Versioned};

use super::answer::settle;
use super::end::{
    forget, mark, remove_from_stores, remove_intents, set_inside, take_down, take_down_endpoint,
};
use super::place::Place;
use super::{not_again, object, way_out};
use crate::operation::{Attempts, SiteNotes};
use crate::{Error, ErrorKind, Result};

/// What has become of an attachment that was written.
pub(super) enum Outcome {
    /// It is made.
    Joined,
    /// It was undone, for this reason; someone unknown to the store may hold one of its claims.
    Undone(Option<Claim>, Error),
}

/// What is wanted on this host.
struct Wanted {
    driver: Arc<dyn NetworkDriver>,
    network: Versioned<Network>,
    endpoint: EndpointKey,
    join: JoinState,
}

/// Makes an attachment that was written on this host, and then says so in its store; else undoes it.
///
/// # Errors
///
/// What the stores answer, and [`ErrorKind::Unavailable`] if it was not made and could not be taken down either: then it
/// is left for whoever finds it.
pub(super) async fn make(place: &Place, key: EndpointKey, sandbox: SandboxId) -> Result<Outcome> {
    let wanted = wanted(place, key, sandbox).await?;
    match ensure(place, &wanted).await {
        Ok(()) => {
            conclude(place, key, sandbox).await.map_err(not_again)?;
            Ok(Outcome::Joined)
        }
        Err(error) => undo(place, key, sandbox, error).await,
    }
}

async fn wanted(place: &Place, key: EndpointKey, sandbox: SandboxId) -> Result<Wanted> {
    let found = place.read(|known| {
        let network = known.of.tables.networks.get(&key.network)?.clone();
        let endpoint = known.of.tables.endpoints.get(&key)?;
        let sandbox = known.local.tables.sandboxes.get(&sandbox)?;
        let join = known.join_state(&network, endpoint, sandbox);
        Some((network, join))
    });
    let Some((network, join)) = found else {
        return Err(Error::not_found(format!(
            "endpoint {} or its sandbox was removed meanwhile",
            key.endpoint
        )));
    };
    let driver = place.local.registry.resolve_network(&network.record.driver).await?;
    Ok(Wanted { driver, network, endpoint: key, join })
}

async fn ensure(place: &Place, wanted: &Wanted) -> Result<(), EnsureError> {
    let kind = &wanted.network.record.driver;
    let notes = SiteNotes { site: &place.local.site, driver: kind };
    if place.is_shared() {
        wanted.driver.ensure_endpoint(&notes, &wanted.join.endpoint).await?;
    }
    let answer = wanted.driver.ensure_join(&notes, &wanted.join).await?;
    if wanted.driver.info().mode == Mode::Planned {
        return Ok(());
    }
    // What it has made and must not be so, or cannot be kept, is taken down again.
    keep(place, wanted.endpoint, answer).await.map_err(|error| {
        let kind = netkeep_drivers::ErrorKind::Internal;
        EnsureError::Unknown(netkeep_drivers::Error::new(kind, error.to_string()).with_source(error))
    })
}

/// Keeps the answer of a driver that had to be called.
async fn keep(place: &Place, key: EndpointKey, answer: netkeep_drivers::JoinAnswer) -> Result<()> {
    let site = &place.of.site;
    let mut attempts = Attempts::default();
    loop {
        let found = site.replica.read().tables.endpoints.get(&key).cloned();
        let Some((read, mut attachment)) = found.and_then(|read| {
            let attachment = read.record.attachment.clone()?;
            Some((read, attachment))
        }) else {
            return Err(Error::internal("the endpoint is not attached any more"));
        };
        attachment.phase = Phase::Ready;
        if !settle(&read.record, &mut attachment, answer.clone())?.is_empty() {
            return Err(Error::internal("the driver publishes entries on a network of local scope"));
        }
        let mut tx = Transaction::new();
        tx.replace(&read, &Endpoint { attachment: Some(attachment), ..read.record.clone() })?;
        match site.commit(tx).await {
            Ok(_) => return Ok(()),
            Err(error) => attempts.again(error).await?,
        }
    }
}

/// Ends the intent of an attachment that is made, and adds the endpoint to its sandbox.
pub(super) async fn conclude(place: &Place, key: EndpointKey, sandbox: SandboxId) -> Result<()> {
    let site = &place.local.site;
    let mut attempts = Attempts::default();
    loop {
        let mut tx = Transaction::new();
        {
            let state = site.replica.read();
            remove_intents(&state, object(key, sandbox), &mut tx)?;
            set_inside(&state, key, sandbox, true, &mut tx)?;
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

/// Undoes an attachment that was written and that the driver has not made, as its error says.
async fn undo(place: &Place, key: EndpointKey, sandbox: SandboxId, error: EnsureError) -> Result<Outcome> {
    let left = if let EnsureError::Unknown(_) = &error {
        take_down(place, key, sandbox).await
    } else {
        untouched(place, key, sandbox).await
    };
    unmade(place, key, sandbox, left, &error).await?;
    Ok(match error {
        EnsureError::Taken(claim, error) => Outcome::Undone(Some(claim), error.into()),
        EnsureError::Refused(error) | EnsureError::Unknown(error) => Outcome::Undone(None, error.into()),
    })
}

/// Takes down what there may be of an attachment of which the driver has left nothing: what was published of it when it
/// was made before, and, of an endpoint of global scope, what was made for it.
async fn untouched(place: &Place, key: EndpointKey, sandbox: SandboxId) -> Result<()> {
    way_out::leave(place, key, sandbox).await?;
    if place.is_shared() { take_down_endpoint(place, key).await } else { Ok(()) }
}

/// Removes an attachment from the stores that was taken down; one that was not is left to whoever finds it.
async fn unmade(
    place: &Place,
    key: EndpointKey,
    sandbox: SandboxId,
    taken_down: Result<()>,
    why: &(dyn std::fmt::Display + Sync),
) -> Result<()> {
    if let Err(left) = taken_down {
        mark(place, key, sandbox).await.map_err(not_again)?;
        return Err(Error::new(
            ErrorKind::Unavailable,
            format!("{} may have been made ({why}): {left}", object(key, sandbox)),
        )
        .with_source(left));
    }
    remove_from_stores(place, key, sandbox).await.map_err(not_again)
}

/// Lets what is published of the sandbox agree with its having an endpoint that was made in it; undoes the attachment
/// if that is to be its way out and its driver publishes nothing.
///
/// # Errors
///
/// As [`make`].
pub(super) async fn become_way_out(
    place: &Place,
    key: EndpointKey,
    sandbox: SandboxId,
    outcome: Outcome,
) -> Result<Outcome> {
    if let Outcome::Undone(..) = &outcome {
        return Ok(outcome);
    }
    let Err(error) = way_out::agree(place, sandbox).await else { return Ok(outcome) };
    if way_out::is_between(&error) {
        return Err(error);
    }
    if !way_out::is_chosen(place, key, sandbox) {
        tracing::warn!(%sandbox, %error, "the way out of a sandbox publishes nothing yet");
        return Ok(outcome);
    }
    let taken_down = take_down(place, key, sandbox).await;
    unmade(place, key, sandbox, taken_down, &error).await?;
    Ok(Outcome::Undone(None, error))
}

/// Takes back what was written for an attachment on this host alone: the commit that decides was not made.
pub(super) async fn withdraw(place: &Place, key: EndpointKey, sandbox: SandboxId) -> Result<()> {
    forget(place, key, sandbox).await.map_err(not_again)
}

/// Lets the driver make an attachment agree with what is said of it now, such as the key of its sandbox.
///
/// # Errors
///
/// What the driver says; the attachment stays.
pub(crate) async fn ensure_again(place: &Place, key: EndpointKey, sandbox: SandboxId) -> Result<()> {
    let Wanted { driver, network, join, .. } = wanted(place, key, sandbox).await?;
    let notes = SiteNotes { site: &place.local.site, driver: &network.record.driver };
    match driver.ensure_join(&notes, &join).await {
        Ok(_) => Ok(()),
        Err(error) => {
            let source = match error {
                EnsureError::Refused(error) | EnsureError::Unknown(error) | EnsureError::Taken(_, error) => {
                    error
                }
            };
            Err(source.into())
        }
    }
}
