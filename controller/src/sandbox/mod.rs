//! Operations on sandboxes.

mod calls;
mod create;
mod delete;
mod find;
mod key;
mod spec;

use netkeep_model::{ContainerId, Sandbox, SandboxId};
use netkeep_store::datastore::Versioned;

use create::create;
use delete::delete;
pub(crate) use find::find;
use key::set_key;
pub use spec::SandboxSpec;

use crate::SandboxInfo;

/// A sandbox as it is shown.
pub(crate) fn info(read: &Versioned<Sandbox>) -> SandboxInfo {
    SandboxInfo { id: read.id, revision: read.revision().get(), sandbox: read.record.clone() }
}

/// Where those who work on a sandbox queue.
pub(crate) fn sandbox_queue(sandbox: SandboxId) -> String {
    format!("sandboxes/{sandbox}")
}

/// Where those who make sandboxes of a container queue.
fn container_queue(container: &ContainerId) -> String {
    format!("containers/{container}")
}
