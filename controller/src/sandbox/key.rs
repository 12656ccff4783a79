//! Saying where the network namespace of a sandbox is.

use netkeep_model::{EndpointKey, Sandbox, SandboxId};
use netkeep_store::datastore::{Transaction, Versioned};

use super::{find, sandbox_queue, shown};
use crate::attachment::ensure_again;
use crate::operation::Attempts;
use crate::sides::Sides;
use crate::{Error, ErrorKind, Result, SandboxInfo};

/// Sets the key of a sandbox that has none yet, and lets the drivers of the endpoints in it know. The same one again is
/// a success.
pub(super) async fn set_key(sides: &Sides, container_or_id: &str, key: &str) -> Result<SandboxInfo> {
    if key.is_empty() {
        return Err(Error::invalid("key: it is empty; it is the path of a network namespace"));
    }
    let site = &sides.local.site;
    let id = find(&site.replica.read(), container_or_id)?.id;
    let _turn = site.queues.turn([sandbox_queue(id)]).await;
    let mut attempts = Attempts::default();
    let set = loop {
        site.settle().await?;
        match attempt(sides, id, key).await {
            Ok(set) => break set,
            Err(error) => attempts.again(error).await?,
        }
    };
    for inside in &set.record.endpoints {
        let of = EndpointKey { network: inside.network, endpoint: inside.endpoint };
        let place = sides.stores_of(&sides.of_endpoint(of)?);
        let _turns = place.turns(of).await;
        ensure_again(&place, of, id).await?;
    }
    Ok(shown(sides, &set))
}

async fn attempt(sides: &Sides, id: SandboxId, key: &str) -> Result<Versioned<Sandbox>> {
    let site = &sides.local.site;
    let found = site.replica.read().tables.sandboxes.get(&id).cloned();
    let Some(sandbox) = found else {
        return Err(Error::not_found(format!("sandbox {id} was removed meanwhile")));
    };
    match &sandbox.record.key {
        Some(set) if set == key => return Ok(sandbox),
        Some(set) => {
            return Err(Error::new(
                ErrorKind::Exists,
                format!("key: sandbox {id} has key {set:?} already; a namespace does not move"),
            ));
        }
        None => {}
    }
    let next = Sandbox { key: Some(key.to_owned()), ..sandbox.record.clone() };
    let mut tx = Transaction::new();
    tx.replace(&sandbox, &next)?;
    let revision = site.commit(tx).await?;
    Ok(sandbox.rewritten(next, revision))
}
