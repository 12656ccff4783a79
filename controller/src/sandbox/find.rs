//! Finding sandboxes.

use netkeep_model::{ContainerId, IdPrefix, Sandbox, SandboxId};
use netkeep_store::datastore::Versioned;

use crate::replica::State;
use crate::{Error, ErrorKind, Result};

/// The sandbox with this id, of this container, or with this beginning of an id that fits no other.
///
/// # Errors
///
/// [`ErrorKind::NotFound`], [`ErrorKind::Ambiguous`], and [`ErrorKind::Corrupt`] if it is there and its record cannot
/// be read.
pub(crate) fn find<'a>(state: &'a State, container_or_id: &str) -> Result<&'a Versioned<Sandbox>> {
    let sandboxes = &state.tables.sandboxes;
    if let Ok(container) = ContainerId::new(container_or_id)
        && let Some(found) = of_container(state, &container)
    {
        return Ok(found);
    }
    if let Ok(id) = container_or_id.parse::<SandboxId>() {
        if let Some(found) = sandboxes.get(&id) {
            return Ok(found);
        }
        if state.tables.is_unreadable::<Sandbox>(&id) {
            return Err(Error::new(
                ErrorKind::Corrupt,
                format!("the record of sandbox {id} cannot be read; the check says why"),
            ));
        }
    }
    if let Ok(prefix) = container_or_id.parse::<IdPrefix>()
        && let Some(id) = prefix.unique(sandboxes.keys().copied())?
        && let Some(found) = sandboxes.get(&id)
    {
        return Ok(found);
    }
    Err(Error::not_found(format!(
        "sandbox {container_or_id:?} not found: no sandbox of this host has this id or is of this container"
    )))
}

/// The sandbox of a container.
pub(super) fn of_container<'a>(state: &'a State, container: &ContainerId) -> Option<&'a Versioned<Sandbox>> {
    // The newest: one of an earlier boot may not have left its networks yet.
    state.tables.sandboxes.values().rev().find(|found| found.record.container == *container)
}
