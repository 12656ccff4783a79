//! What the macvlan model makes.

use netkeep_drivers::{EnsureError, HostNotes, JoinState, NetworkState};
use serde_json::json;

use super::Macvlan;
use super::options::Config;
use crate::models::hold::hold;
use crate::models::interfaces::link_name;
use crate::models::made::{Made, link_failed};
use crate::models::recovery::keep;

/// What the notes are called: the parent of a network, the interface of a join.
pub(super) const PARENT: &str = "parent";
pub(super) const LINK: &str = "link";

/// A parent that was there before is used, whoever made it.
pub(super) async fn network(
    driver: &Macvlan,
    notes: &dyn HostNotes,
    state: &NetworkState,
) -> Result<(), EnsureError> {
    let Config { parent, .. } = Config::read(state.id, &state.network.options)?;
    keep(notes, &state.notes, state.object(), PARENT, json!(parent.as_str())).await?;
    let _alone = driver.holding.lock().await;
    hold(&driver.kernel, &parent, state.id).await.map_err(|error| EnsureError::Unknown(error.into()))
}

pub(super) async fn join(
    driver: &Macvlan,
    notes: &dyn HostNotes,
    state: &JoinState,
) -> Result<(), EnsureError> {
    let kernel = &driver.kernel;
    let network = &state.endpoint.network;
    let Config { parent, .. } = Config::read(network.id, &network.network.options)?;
    let name = link_name("mv", state.endpoint.id)?;
    keep(notes, &state.notes, state.object(), LINK, json!(name.as_str())).await?;
    let mut made = Made::default();
    if let Err(error) = made.link(kernel, &name, Some(&parent)).await {
        return Err(made.undo(kernel, link_failed(error)).await);
    }
    if let Some(key) = &state.sandbox_key {
        kernel.move_link(&name, key).await.map_err(|error| EnsureError::Unknown(error.into()))?;
    }
    Ok(())
}
