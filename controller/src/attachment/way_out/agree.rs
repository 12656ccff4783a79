//! Moving the way out of a sandbox.

use netkeep_drivers::EnsureError;
use netkeep_model::{Claim, EndpointKey, SandboxId, WayOut};

use super::choose;
use super::host::{ensure, revoke};
use super::plan::Planned;
use super::record::{keep, now, way_out};
use crate::attachment::place::Place;
use crate::attachment::{not_again, object};
use crate::operation::{Attempts, MAX_TAKEN, Taken};
use crate::{Error, ErrorKind, Result};

/// What there is to do about the way out of a sandbox.
enum Wanted {
    /// Nothing, or nothing that could be done now.
    Stay,
    /// This endpoint is to be it, or none.
    Move(Option<EndpointKey>),
}

/// Lets what is published of a sandbox agree with the endpoints that are in it: says whether something was done. The
/// turn of the sandbox is held.
///
/// # Errors
///
/// Why it does not: what the driver of the new way out says, then all is as it was before;
/// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) if it is in between.
pub(crate) async fn agree(place: &Place, sandbox: SandboxId) -> Result<bool> {
    let is_known = now(place, sandbox).is_none_or(|way| is_known(place, way.key()));
    let mut done = false;
    if is_known && way_out(place, sandbox).is_some_and(|way_out| way_out.before.is_some()) {
        match finish(place, sandbox).await? {
            None => done = true,
            Some(failed) => return Err(failed.1),
        }
    }
    match wanted(place, sandbox, None) {
        Wanted::Stay => Ok(done),
        Wanted::Move(to) => Ok(move_to(place, sandbox, to).await? || done),
    }
}

/// As [`agree`], after this endpoint was made again: what it publishes is made again too.
///
/// # Errors
///
/// As [`agree`].
pub(crate) async fn agree_again(place: &Place, key: EndpointKey, sandbox: SandboxId) -> Result<bool> {
    if let Some(way) = now(place, sandbox).filter(|way| way.key() == key) {
        ensure(place, &way, sandbox).await.map_err(source)?;
    }
    agree(place, sandbox).await
}

/// True if a move that has ended with this error is in between; else all is as it was before.
pub(crate) fn is_between(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Unknown | ErrorKind::Closed)
}

/// True if this endpoint is to be the way out of the sandbox.
pub(crate) fn is_chosen(place: &Place, key: EndpointKey, sandbox: SandboxId) -> bool {
    matches!(wanted(place, sandbox, None), Wanted::Move(to) if to == Some(key))
}

/// The endpoint that is to be the way out after this one has left.
pub(super) fn next(place: &Place, sandbox: SandboxId, without: EndpointKey) -> Option<EndpointKey> {
    match wanted(place, sandbox, Some(without)) {
        Wanted::Move(to) => to,
        Wanted::Stay => None,
    }
}

fn is_known(place: &Place, key: EndpointKey) -> bool {
    place.read_all(|local, shared| shared.is_some() || local.tables.has_endpoint(key.network, key.endpoint))
}

fn wanted(place: &Place, sandbox: SandboxId, without: Option<EndpointKey>) -> Wanted {
    let site = &place.local.site;
    let now = now(place, sandbox).map(|way| way.key());
    if now.is_some_and(|now| Some(now) != without && !is_known(place, now)) {
        return Wanted::Stay;
    }
    let chosen = place.read_all(|local, shared| {
        let found = local.tables.sandboxes.get(&sandbox);
        // The namespace of one of another boot is gone.
        let found = found.filter(|found| found.record.boot == site.boot)?;
        let states: Vec<_> = std::iter::once(local).chain(shared).collect();
        choose(&states, site.actor.host, found, without)
    });
    if chosen == now { Wanted::Stay } else { Wanted::Move(chosen) }
}

/// Makes this endpoint the way out of the sandbox, or none: says whether something was done.
///
/// # Errors
///
/// As [`agree`].
pub(super) async fn move_to(place: &Place, sandbox: SandboxId, to: Option<EndpointKey>) -> Result<bool> {
    let mut attempts = Attempts::default();
    let mut taken: Vec<Taken> = Vec::new();
    loop {
        place.local.site.settle().await?;
        match attempt(place, sandbox, to, &taken).await {
            Ok(Moved::Done(done)) => return Ok(done),
            Ok(Moved::Failed(Some(claim), error)) if taken.len() < MAX_TAKEN => {
                taken.push(Taken { claim, why: error.to_string() });
            }
            Ok(Moved::Failed(_, error)) => return Err(error),
            Err(error) => attempts.again(error).await?,
        }
    }
}

/// How one attempt has ended.
enum Moved {
    /// It is done, if there was something to do.
    Done(bool),
    /// All is as it was before; someone unknown to the store may hold this claim.
    Failed(Option<Claim>, Error),
}

async fn attempt(
    place: &Place,
    sandbox: SandboxId,
    to: Option<EndpointKey>,
    taken: &[Taken],
) -> Result<Moved> {
    let planned = match to {
        Some(key) => Planned::new(place, sandbox, key, taken).await?,
        None => None,
    };
    let Some(planned) = planned else {
        let Some(way) = now(place, sandbox) else { return Ok(Moved::Done(false)) };
        revoke(place, &way, sandbox).await?;
        keep(place, sandbox, None).await.map_err(not_again)?;
        return Ok(Moved::Done(true));
    };
    planned.commit().await?;
    Ok(match finish(place, sandbox).await? {
        None => Moved::Done(true),
        Some((claim, error)) => Moved::Failed(claim, error),
    })
}

/// Goes on after the commit that has moved the way out: takes back what was published before, publishes, and gives back
/// what is not needed any more. Returns why nothing is published, and all is as it was before.
///
/// # Errors
///
/// What stands against it in between: it is gone on with later.
async fn finish(place: &Place, sandbox: SandboxId) -> Result<Option<(Option<Claim>, Error)>> {
    let Some(way_out) = way_out(place, sandbox) else { return Ok(None) };
    if let Some(before) = &way_out.before {
        revoke(place, before, sandbox).await?;
    }
    match ensure(place, &way_out.now, sandbox).await {
        Ok(()) => {
            keep(place, sandbox, Some(WayOut { before: None, ..way_out })).await.map_err(not_again)?;
            Ok(None)
        }
        Err(error) => undo(place, sandbox, way_out, error).await.map(Some),
    }
}

/// Publishes what was published before again, since the driver of the new way out does not, as its error says.
async fn undo(
    place: &Place,
    sandbox: SandboxId,
    way_out: WayOut,
    error: EnsureError,
) -> Result<(Option<Claim>, Error)> {
    if let EnsureError::Unknown(_) = &error {
        revoke(place, &way_out.now, sandbox).await?;
    }
    let before = way_out.before;
    let again = before.clone().map(|now| WayOut { now, before: None });
    keep(place, sandbox, again).await.map_err(not_again)?;
    if let Some(before) = before
        && let Err(error) = ensure(place, &before, sandbox).await
    {
        let on = before.join(sandbox);
        tracing::warn!(object = %on, ?error, "what was published before is not published again yet");
        left(place, before.key(), sandbox);
    }
    Ok(match error {
        EnsureError::Taken(claim, error) => (Some(claim), error.into()),
        error => (None, source(error)),
    })
}

/// What the driver says.
fn source(error: EnsureError) -> Error {
    match error {
        EnsureError::Refused(error) | EnsureError::Unknown(error) | EnsureError::Taken(_, error) => {
            error.into()
        }
    }
}

/// Has whoever looks for what is left in between look at this attachment.
pub(super) fn left(place: &Place, key: EndpointKey, sandbox: SandboxId) {
    drop(place.local.site.making.begin(object(key, sandbox)));
}
