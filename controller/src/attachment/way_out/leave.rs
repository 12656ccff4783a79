//! The way out leaves its sandbox.

use netkeep_model::{EndpointKey, SandboxId, WayOut};

use super::agree::{left, move_to, next};
use super::host::revoke;
use super::record::{keep, now, way_out};
use crate::Result;
use crate::attachment::not_again;
use crate::attachment::place::Place;

/// Takes back what an endpoint publishes that is to leave its sandbox; the next one is the way out then. That the
/// driver of that one refuses to publish hinders nobody from leaving: it is asked again when the sandbox is joined, and
/// at the next start. The record goes with the attachment.
///
/// # Errors
///
/// Why it is still published.
pub(crate) async fn leave(place: &Place, key: EndpointKey, sandbox: SandboxId) -> Result<()> {
    if let Some(WayOut { now: way, before: Some(before) }) = way_out(place, sandbox)
        && (before.key() == key || way.key() == key)
    {
        revoke(place, &before, sandbox).await?;
        if way.key() == key {
            keep(place, sandbox, Some(WayOut { now: way, before: None })).await.map_err(not_again)?;
        }
    }
    // One that publishes nothing is the way out too.
    if let Some(next) = next(place, sandbox, key)
        && let Err(error) = move_to(place, sandbox, Some(next)).await
    {
        tracing::warn!(endpoint = %next.endpoint, %sandbox, %error, "the next way out publishes nothing yet");
        left(place, next, sandbox);
    }
    match now(place, sandbox) {
        Some(way) if way.key() == key => revoke(place, &way, sandbox).await,
        _ => Ok(()),
    }
}
