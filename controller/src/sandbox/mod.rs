//! Operations on sandboxes.

mod calls;
mod create;
mod delete;
mod find;
mod key;
mod spec;

use netkeep_model::{ContainerId, EndpointKey, HostId, Sandbox, SandboxId, Way};
use netkeep_store::datastore::Versioned;

use create::create;
use delete::delete;
pub(crate) use find::find;
use key::set_key;
pub use spec::SandboxSpec;

use crate::attachment::choose_way_out;
use crate::replica::State;
use crate::sides::Sides;
use crate::{SandboxInfo, WayOutInfo};

/// A sandbox as it is shown. The store of this host is the first of these.
fn info(states: &[&State], host: HostId, read: &Versioned<Sandbox>) -> SandboxInfo {
    let published = states.first().and_then(|local| local.tables.ways_out.get(&read.id));
    let way_out = match published.map(|found| &found.record.now) {
        Some(Way { network, endpoint, bindings, .. }) => {
            Some(WayOutInfo { network: *network, endpoint: *endpoint, bindings: bindings.clone() })
        }
        None => choose_way_out(states, host, read, None)
            .map(|EndpointKey { network, endpoint }| WayOutInfo { network, endpoint, bindings: Vec::new() }),
    };
    SandboxInfo { id: read.id, revision: read.revision().get(), way_out, sandbox: read.record.clone() }
}

/// Answers from what is known now of this host, and then of the store that hosts share.
fn read_known<T>(sides: &Sides, answer: impl FnOnce(&[&State], HostId) -> T) -> T {
    let known = sides.known();
    let states: Vec<_> = known.iter().map(|side| side.site.replica.read()).collect();
    let states: Vec<&State> = states.iter().map(|state| &**state).collect();
    answer(&states, sides.local.site.actor.host)
}

/// A sandbox of this host as it is shown.
fn shown(sides: &Sides, read: &Versioned<Sandbox>) -> SandboxInfo {
    read_known(sides, |states, host| info(states, host, read))
}

/// Where those who work on a sandbox queue.
pub(crate) fn sandbox_queue(sandbox: SandboxId) -> String {
    format!("sandboxes/{sandbox}")
}

/// Where those who make sandboxes of a container queue.
fn container_queue(container: &ContainerId) -> String {
    format!("containers/{container}")
}
