//! The calls about sandboxes, and about what is in them.
//!
//! # Cancellation
//!
//! A call that is dropped may have been done; a change that the daemon has begun goes on.

use netkeep_controller::{EndpointInfo, SandboxInfo, SandboxSpec, TableEntryInfo};

use super::path::ApiPath;
use super::{Client, ClientError};
use crate::api::{Attaching, Removal, SandboxKey};

impl Client {
    /// All sandboxes of the host. Cancel safe.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub async fn sandboxes(&self) -> Result<Vec<SandboxInfo>, ClientError> {
        self.read(ApiPath::of(&["sandboxes"])).await
    }

    /// One sandbox, by the id of its container, id, or beginning of an id. Cancel safe.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub async fn sandbox(&self, sandbox: &str) -> Result<SandboxInfo, ClientError> {
        self.read(ApiPath::of(&["sandboxes", sandbox])).await
    }

    /// Makes a sandbox. Cancellation: it may be made all the same.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub async fn create_sandbox(&self, spec: &SandboxSpec) -> Result<SandboxInfo, ClientError> {
        self.make(ApiPath::of(&["sandboxes"]), spec).await
    }

    /// Says where the network namespace of a sandbox is. Cancellation: it may be said all the same.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub async fn set_sandbox_key(&self, sandbox: &str, key: &str) -> Result<SandboxInfo, ClientError> {
        let key = SandboxKey { key: key.to_owned() };
        self.set(ApiPath::of(&["sandboxes", sandbox, "key"]), &key).await
    }

    /// Deletes a sandbox. Cancellation: it may be deleted all the same.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub async fn delete_sandbox(&self, sandbox: &str) -> Result<(), ClientError> {
        self.remove(ApiPath::of(&["sandboxes", sandbox])).await
    }

    /// Deletes a sandbox, also one with endpoints in it: they leave first. Cancellation: it may be deleted all the same.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub async fn delete_sandbox_by_force(&self, sandbox: &str) -> Result<(), ClientError> {
        self.remove(ApiPath::of(&["sandboxes", sandbox]).with(&Removal { force: true })).await
    }

    /// Deletes an endpoint, also one that is attached. Cancellation: it may be deleted all the same.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub async fn delete_endpoint_by_force(&self, network: &str, endpoint: &str) -> Result<(), ClientError> {
        let path = ApiPath::of(&["networks", network, "endpoints", endpoint]);
        self.remove(path.with(&Removal { force: true })).await
    }

    /// The entries that drivers publish on a network. Cancel safe.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub async fn table_entries(&self, network: &str) -> Result<Vec<TableEntryInfo>, ClientError> {
        self.read(ApiPath::of(&["networks", network, "tables"])).await
    }

    /// Joins an endpoint and a sandbox. Cancellation: it may be joined all the same.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub async fn join(
        &self,
        network: &str,
        endpoint: &str,
        sandbox: &str,
    ) -> Result<EndpointInfo, ClientError> {
        let body = Attaching { sandbox: sandbox.to_owned() };
        self.make(ApiPath::of(&["networks", network, "endpoints", endpoint, "join"]), &body).await
    }

    /// Parts an endpoint and its sandbox. Cancellation: it may have left all the same.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub async fn leave(
        &self,
        network: &str,
        endpoint: &str,
        sandbox: &str,
    ) -> Result<EndpointInfo, ClientError> {
        let body = Attaching { sandbox: sandbox.to_owned() };
        self.make(ApiPath::of(&["networks", network, "endpoints", endpoint, "leave"]), &body).await
    }
}
