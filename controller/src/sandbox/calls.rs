//! What callers do with sandboxes.

use super::{SandboxSpec, create, delete, find, info, read_known, set_key, shown};
use crate::{Controller, Operation, Result, SandboxInfo};

impl Controller {
    /// Creates a sandbox, the network side of a container on this host: one commit. A repeated request returns the
    /// sandbox that it made.
    ///
    /// Cancellation: it goes on.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::ErrorKind::Invalid) names the field; [`Exists`](crate::ErrorKind::Exists) if the container
    /// has a sandbox, or if the request has made another one, with the field that differs; what the store answers.
    pub async fn create_sandbox(&self, spec: SandboxSpec) -> Result<SandboxInfo> {
        self.run(Operation::CreateSandbox, |sides| async move {
            let made = create(&sides.local, spec).await?;
            Ok(shown(&sides, &made))
        })
        .await
    }

    /// The sandbox of this container, with this id, or this beginning of an id.
    ///
    /// # Errors
    ///
    /// As [`Controller::network`].
    pub fn sandbox(&self, container_or_id: &str) -> Result<SandboxInfo> {
        let sides = self.sides();
        let found = find(&sides.local.site.replica.read(), container_or_id)?.clone();
        Ok(shown(sides, &found))
    }

    /// All sandboxes of this host, in the order in which they were made.
    pub fn sandboxes(&self) -> Vec<SandboxInfo> {
        read_known(self.sides(), |states, host| {
            let sandboxes = states.first().into_iter().flat_map(|local| local.tables.sandboxes.values());
            sandboxes.map(|read| info(states, host, read)).collect()
        })
    }

    /// Says where the network namespace of a sandbox is, if that was not known when it was made: one commit; then the
    /// drivers of the endpoints in it hear of it. The same key again is a success.
    ///
    /// Cancellation: it goes on.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound); [`Invalid`](crate::ErrorKind::Invalid) if the key is empty;
    /// [`Exists`](crate::ErrorKind::Exists) if it has another key; what the store answers, and the drivers: then the
    /// key is set all the same, and setting it again lets them try again.
    pub async fn set_sandbox_key(&self, container_or_id: &str, key: &str) -> Result<SandboxInfo> {
        let (container_or_id, key) = (container_or_id.to_owned(), key.to_owned());
        self.run(
            Operation::SetSandboxKey,
            |sides| async move { set_key(&sides, &container_or_id, &key).await },
        )
        .await
    }

    /// Deletes a sandbox: one commit.
    ///
    /// Cancellation: it goes on.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound); [`InUse`](crate::ErrorKind::InUse) names the endpoints that are in
    /// it; what the store answers.
    pub async fn delete_sandbox(&self, container_or_id: &str) -> Result<()> {
        let container_or_id = container_or_id.to_owned();
        self.run(
            Operation::DeleteSandbox,
            |sides| async move { delete(&sides, &container_or_id, false).await },
        )
        .await
    }

    /// Deletes a sandbox, also one with endpoints in it: they leave first.
    ///
    /// Cancellation: it goes on.
    ///
    /// # Errors
    ///
    /// As [`Controller::delete_sandbox`] and [`Controller::leave`], but not that it has endpoints.
    pub async fn delete_sandbox_by_force(&self, container_or_id: &str) -> Result<()> {
        let container_or_id = container_or_id.to_owned();
        self.run(
            Operation::DeleteSandbox,
            |sides| async move { delete(&sides, &container_or_id, true).await },
        )
        .await
    }
}
