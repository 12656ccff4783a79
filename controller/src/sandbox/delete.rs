//! Deleting a sandbox.

use netkeep_model::{EndpointKey, Object, Sandbox, SandboxId};
use netkeep_store::datastore::{Transaction, Versioned};

use super::{find, sandbox_queue};
use crate::attachment::leave_in_turn;
use crate::operation::Attempts;
use crate::sides::Sides;
use crate::{Error, ErrorKind, Result};

/// Deletes a sandbox; by `force` also one with endpoints in it, which leave first.
pub(super) async fn delete(sides: &Sides, container_or_id: &str, force: bool) -> Result<()> {
    let site = &sides.local.site;
    let id = find(&site.replica.read(), container_or_id)?.id;
    let _turn = site.queues.turn([sandbox_queue(id)]).await;
    if force {
        all_leave(sides, id).await?;
    }
    let mut attempts = Attempts::default();
    loop {
        site.settle().await?;
        match attempt(sides, id, container_or_id).await {
            Ok(()) => return Ok(()),
            Err(error) => attempts.again(error).await?,
        }
    }
}

/// The endpoints that are in it, or may come to be in it by what is not settled yet.
fn inside(sides: &Sides, id: SandboxId) -> Vec<EndpointKey> {
    let state = sides.local.site.replica.read();
    let listed = state.tables.sandboxes.get(&id).into_iter().flat_map(|read| &read.record.endpoints);
    let listed = listed.map(|inside| EndpointKey { network: inside.network, endpoint: inside.endpoint });
    let mut inside: Vec<EndpointKey> = listed.collect();
    for intent in state.tables.intents.values() {
        if let Object::Join(network, endpoint, sandbox) = intent.record.object {
            let key = EndpointKey { network, endpoint };
            if sandbox == id && !inside.contains(&key) {
                inside.push(key);
            }
        }
    }
    inside
}

async fn all_leave(sides: &Sides, id: SandboxId) -> Result<()> {
    let mut inside = inside(sides, id);
    // The way out last, so that it does not move to one that leaves next.
    let way_out = sides.local.site.replica.read().tables.ways_out.get(&id).map(|read| read.record.now.key());
    inside.sort_by_key(|key| Some(*key) == way_out);
    for key in inside {
        match leave_in_turn(&sides.stores_of(&sides.of_endpoint(key)?), key, id).await {
            // It has left meanwhile, or was deleted.
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Forbidden) => {}
            left => left?,
        }
    }
    Ok(())
}

async fn attempt(sides: &Sides, id: SandboxId, container_or_id: &str) -> Result<()> {
    let site = &sides.local.site;
    let found = site.replica.read().tables.sandboxes.get(&id).cloned();
    let Some(sandbox) = found else {
        return Err(Error::not_found(format!("sandbox {container_or_id:?} was removed meanwhile")));
    };
    let inside = inside(sides, id);
    if !inside.is_empty() {
        return Err(occupied(sides, &sandbox, &inside));
    }
    let mut tx = Transaction::new();
    tx.delete(&sandbox)?;
    site.commit(tx).await?;
    Ok(())
}

fn occupied(sides: &Sides, sandbox: &Versioned<Sandbox>, inside: &[EndpointKey]) -> Error {
    let known = sides.known();
    let named: Vec<String> = inside
        .iter()
        .map(|key| {
            let name = known.iter().find_map(|side| {
                let state = side.site.replica.read();
                state.tables.endpoints.get(key).map(|read| read.record.name.to_string())
            });
            format!("{:?} (id {})", name.as_deref().unwrap_or("unknown"), key.endpoint)
        })
        .collect();
    Error::new(
        ErrorKind::InUse,
        format!(
            "sandbox {} of container {:?} has endpoints: {}; let them leave first",
            sandbox.id,
            sandbox.record.container.as_str(),
            named.join(", ")
        ),
    )
}
