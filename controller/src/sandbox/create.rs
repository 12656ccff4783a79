//! Creating a sandbox.

use std::sync::Arc;

use netkeep_model::{Id, Sandbox, SandboxId};
use netkeep_store::datastore::{Transaction, Versioned};

use super::find::of_container;
use super::{SandboxSpec, container_queue, sandbox_queue};
use crate::controller::Inner;
use crate::operation::{Attempts, check_size};
use crate::{Error, ErrorKind, Result};

/// Creates a sandbox in the store of this host.
pub(crate) async fn create(local: &Arc<Inner>, spec: SandboxSpec) -> Result<Versioned<Sandbox>> {
    check_size(&spec)?;
    if spec.key.as_deref() == Some("") {
        return Err(Error::invalid("key: it is empty; leave it out until it is known"));
    }
    let id = SandboxId::from(spec.request.map_or_else(Id::generate, Id::from));
    let site = &local.site;
    let _turn = site.queues.turn([container_queue(&spec.container), sandbox_queue(id)]).await;
    let mut attempts = Attempts::default();
    loop {
        site.settle().await?;
        match attempt(local, &spec, id).await {
            Ok(made) => return Ok(made),
            Err(error) => attempts.again(error).await?,
        }
    }
}

async fn attempt(local: &Arc<Inner>, spec: &SandboxSpec, id: SandboxId) -> Result<Versioned<Sandbox>> {
    let site = &local.site;
    {
        let state = site.replica.read();
        if let Some(found) = state.tables.sandboxes.get(&id) {
            spec.check_repeated(&found.record)?;
            return match found.record.phase.is_ready() {
                true => Ok(found.clone()),
                false => Err(Error::new(ErrorKind::InUse, format!("sandbox {id} is being deleted"))),
            };
        }
        if let Some(found) =
            of_container(&state, &spec.container).filter(|found| found.record.boot == site.boot)
        {
            return Err(Error::new(
                ErrorKind::Exists,
                format!(
                    "container: there is a sandbox of container {:?} already, with id {}",
                    spec.container.as_str(),
                    found.id
                ),
            ));
        }
    }
    let sandbox = spec.record(site.boot.clone());
    let mut tx = Transaction::new();
    tx.create(&id, &sandbox)?;
    let revision = site.commit(tx).await?;
    Ok(Versioned::written(id, sandbox, revision))
}
