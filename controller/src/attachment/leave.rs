//! Parting an endpoint and its sandbox.

use netkeep_drivers::Mode;
use netkeep_model::{EndpointKey, SandboxId};

use super::end::{mark, remove_from_stores, take_down};
use super::place::Place;
use super::settle::settle_traces;
use super::{here, join, not_again, object, whereabouts};
use crate::network::driver_of;
use crate::operation::Attempts;
use crate::sandbox::sandbox_queue;
use crate::{EndpointInfo, Error, ErrorKind, Result};

/// Parts an endpoint of `network` and this sandbox.
pub(crate) async fn leave(
    place: &Place,
    network: &str,
    name_or_id: &str,
    sandbox: &str,
) -> Result<EndpointInfo> {
    let (key, sandbox) = place.named(network, name_or_id, sandbox)?;
    let turn = place.local.site.queues.turn([sandbox_queue(sandbox)]).await;
    leave_in_turn(place, key, sandbox).await?;
    drop(turn);
    join::shown(place, key)
}

/// As [`leave`], for one who has the turn of the sandbox.
pub(crate) async fn leave_in_turn(place: &Place, key: EndpointKey, sandbox: SandboxId) -> Result<()> {
    let _turns = place.turns(key).await;
    let mut attempts = Attempts::default();
    loop {
        place.local.site.settle().await?;
        place.of.site.settle().await?;
        match attempt(place, key, sandbox).await {
            Ok(()) => return Ok(()),
            Err(error) => attempts.again(error).await?,
        }
    }
}

async fn attempt(place: &Place, key: EndpointKey, sandbox: SandboxId) -> Result<()> {
    settle_traces(place, key).await?;
    if place.attached(key, sandbox).is_some() {
        return take_off(place, key, sandbox).await;
    }
    let found = place.read(|known| known.of.tables.endpoints.get(&key).cloned());
    let Some(endpoint) = found else {
        return Err(Error::not_found(format!("endpoint {} was removed meanwhile", key.endpoint)));
    };
    let name = endpoint.record.name.as_str();
    Err(match &endpoint.record.attachment {
        None => Error::not_found(format!("endpoint {name:?} is in no sandbox")),
        Some(other) => Error::new(
            ErrorKind::Forbidden,
            format!(
                "endpoint {name:?} is not in sandbox {sandbox} of this host, but in {}",
                whereabouts(other)
            ),
        ),
    })
}

/// Lets an endpoint leave whichever sandbox of this host it is in, for one who wants to delete it.
///
/// # Errors
///
/// As [`leave`].
pub(crate) async fn leave_by_force(place: &Place, key: EndpointKey) -> Result<()> {
    let sandbox = place.read(|known| {
        let attachment = known.of.tables.endpoints.get(&key)?.record.attachment.clone()?;
        place.is_here(&attachment).then_some(attachment.sandbox)
    });
    let Some(sandbox) = sandbox else { return Ok(()) };
    let _turn = place.local.site.queues.turn([sandbox_queue(sandbox)]).await;
    match leave_in_turn(place, key, sandbox).await {
        // Somebody else was faster.
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        left => left,
    }
}

/// Takes the endpoint off this host and out of its sandbox; the turn of the endpoint is held.
///
/// # Errors
///
/// Why it is still there; then it is left for whoever finds it.
pub(super) async fn take_off(place: &Place, key: EndpointKey, sandbox: SandboxId) -> Result<()> {
    let made = place.local.site.making.begin(object(key, sandbox));
    // A call outside cannot be taken back: what is to be called is in deletion first.
    if place.is_shared() || is_called(place, key).await? {
        mark(place, key, sandbox).await.map_err(not_again)?;
    }
    take_down(place, key, sandbox).await?;
    remove_from_stores(place, key, sandbox).await.map_err(not_again)?;
    made.done();
    if place.is_shared() { here::exit(place, key.network).await.map_err(not_again) } else { Ok(()) }
}

async fn is_called(place: &Place, key: EndpointKey) -> Result<bool> {
    let Some(kind) = place.driver_kind(netkeep_model::Object::Network(key.network)) else { return Ok(false) };
    let driver = driver_of(&place.local, &kind).await?;
    Ok(driver.is_some_and(|driver| driver.info().mode == Mode::Called))
}
