//! What the overlay model makes on a host.

use netkeep_drivers::{EnsureError, HostNotes, JoinState, NetworkState};
use netkeep_model::Claim;
use serde_json::json;

use super::Overlay;
use super::plan::device;
use crate::models::hold::hold;
use crate::models::interfaces::link_name;
use crate::models::made::{Made, link_failed};
use crate::models::recovery::keep;
use crate::models::{KernelError, MARK};

/// What the notes are called: the device of a network, the interface of a join.
pub(super) const DEVICE: &str = "device";
pub(super) const LINK: &str = "link";

pub(super) async fn network(
    driver: &Overlay,
    notes: &dyn HostNotes,
    state: &NetworkState,
) -> Result<(), EnsureError> {
    let name = device(state)?;
    keep(notes, &state.notes, state.object(), DEVICE, json!(name.as_str())).await?;
    if driver.kernel.link(&name).is_some_and(|mark| mark != MARK) {
        let claim = Claim::Link { name, shared: false };
        return Err(EnsureError::Taken(claim, KernelError::Exists.into()));
    }
    hold(&driver.kernel, &name, state.id).await.map_err(|error| EnsureError::Unknown(error.into()))
}

pub(super) async fn join(
    driver: &Overlay,
    notes: &dyn HostNotes,
    state: &JoinState,
) -> Result<(), EnsureError> {
    let kernel = &driver.kernel;
    let name = link_name("ov", state.endpoint.id)?;
    let device = device(&state.endpoint.network)?;
    keep(notes, &state.notes, state.object(), LINK, json!(name.as_str())).await?;
    let mut made = Made::default();
    if let Err(error) = made.link(kernel, &name, None).await {
        return Err(made.undo(kernel, link_failed(error)).await);
    }
    let unknown = |error: KernelError| EnsureError::Unknown(error.into());
    kernel.enslave(&name, &device).await.map_err(unknown)?;
    match &state.sandbox_key {
        Some(key) => kernel.move_link(&name, key).await.map_err(unknown),
        None => Ok(()),
    }
}
