//! The calls, one for each path of the API.
//!
//! # Cancellation
//!
//! A call that is dropped may have been done; a change that the daemon has begun goes on.

use netkeep_controller::{
    AddressInfo, AddressRequestSpec, CheckReport, EndpointInfo, EndpointSpec, NetworkInfo, NetworkSpec,
    PoolInfo, PoolRequestSpec, QuarantinedRecord, RecoveryReport, RepairPlan, RepairReport,
};
use netkeep_model::Scope;

use super::path::ApiPath;
use super::{Client, ClientError};
use crate::api::{
    AddressFilter, AddressRelease, DaemonStatus, PoolRelease, Records, RepairParams, SyncParams, Synced,
    UnreadableRecord, Version,
};

impl Client {
    /// What answers. Cancel safe.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub async fn version(&self) -> Result<Version, ClientError> {
        self.read(ApiPath::of(&["version"])).await
    }

    /// How the daemon is. Cancel safe.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub async fn status(&self) -> Result<DaemonStatus, ClientError> {
        self.read(ApiPath::of(&["status"])).await
    }

    /// Has the daemon look for what must not be. Cancel safe.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub async fn check(&self) -> Result<CheckReport, ClientError> {
        self.read(ApiPath::of(&["check"])).await
    }

    /// Says what a plan would do, or, with `apply`, does it. Cancellation: it may be done all the same.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub async fn repair(&self, plan: &RepairPlan, apply: bool) -> Result<RepairReport, ClientError> {
        self.make(ApiPath::of(&["repair"]).with(&RepairParams { apply }), plan).await
    }

    /// The records that cannot be read. Cancel safe.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub async fn quarantine(&self) -> Result<Vec<QuarantinedRecord>, ClientError> {
        self.read(ApiPath::of(&["quarantine"])).await
    }

    /// Takes a record that cannot be read out of its store. Cancellation: it may be done all the same.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub async fn take_out(&self, record: &UnreadableRecord) -> Result<(), ClientError> {
        self.remove(ApiPath::of(&["quarantine"]).with(record)).await
    }

    /// What recovery found when the daemon started. Cancel safe.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub async fn recovery(&self) -> Result<RecoveryReport, ClientError> {
        self.read(ApiPath::of(&["recovery"])).await
    }

    /// How many records of each kind there are. Cancel safe.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub async fn records(&self) -> Result<Records, ClientError> {
        self.read(ApiPath::of(&["records"])).await
    }

    /// Has the daemon learn everything that anybody has committed to the store of this scope, or to all that there are:
    /// what is read after it is as new as this call. Cancel safe.
    ///
    /// # Errors
    ///
    /// [`ClientError`]; [`ErrorKind::Unavailable`](netkeep_controller::ErrorKind::Unavailable) while the store that hosts
    /// share cannot be had.
    pub async fn sync(&self, scope: Option<Scope>) -> Result<Synced, ClientError> {
        self.ask(ApiPath::of(&["sync"]).with(&SyncParams { scope })).await
    }

    /// All networks. Cancel safe.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub async fn networks(&self) -> Result<Vec<NetworkInfo>, ClientError> {
        self.read(ApiPath::of(&["networks"])).await
    }

    /// The network with this name, this id, or an id that begins so. Cancel safe.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub async fn network(&self, network: &str) -> Result<NetworkInfo, ClientError> {
        self.read(ApiPath::of(&["networks", network])).await
    }

    /// Makes a network. Cancellation: it may be made all the same.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub async fn create_network(&self, spec: &NetworkSpec) -> Result<NetworkInfo, ClientError> {
        self.make(ApiPath::of(&["networks"]), spec).await
    }

    /// Deletes a network. Cancellation: it may be deleted all the same.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub async fn delete_network(&self, network: &str) -> Result<(), ClientError> {
        self.remove(ApiPath::of(&["networks", network])).await
    }

    /// The endpoints of a network. Cancel safe.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub async fn endpoints(&self, network: &str) -> Result<Vec<EndpointInfo>, ClientError> {
        self.read(ApiPath::of(&["networks", network, "endpoints"])).await
    }

    /// The endpoint of a network with this name, this id, or an id that begins so. Cancel safe.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub async fn endpoint(&self, network: &str, endpoint: &str) -> Result<EndpointInfo, ClientError> {
        self.read(ApiPath::of(&["networks", network, "endpoints", endpoint])).await
    }

    /// Makes an endpoint. Cancellation: it may be made all the same.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub async fn create_endpoint(
        &self,
        network: &str,
        spec: &EndpointSpec,
    ) -> Result<EndpointInfo, ClientError> {
        self.make(ApiPath::of(&["networks", network, "endpoints"]), spec).await
    }

    /// Deletes an endpoint. Cancellation: it may be deleted all the same.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub async fn delete_endpoint(&self, network: &str, endpoint: &str) -> Result<(), ClientError> {
        self.remove(ApiPath::of(&["networks", network, "endpoints", endpoint])).await
    }

    /// All pools. Cancel safe.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub async fn pools(&self) -> Result<Vec<PoolInfo>, ClientError> {
        self.read(ApiPath::of(&["ipam", "pools"])).await
    }

    /// Takes a pool. Cancellation: it may be taken all the same.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub async fn request_pool(&self, spec: &PoolRequestSpec) -> Result<PoolInfo, ClientError> {
        self.make(ApiPath::of(&["ipam", "pools"]), spec).await
    }

    /// Gives a pool back. Cancellation: it may be given back all the same.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub async fn release_pool(&self, release: &PoolRelease) -> Result<(), ClientError> {
        self.remove(ApiPath::of(&["ipam", "pools"]).with(release)).await
    }

    /// The addresses that are taken. Cancel safe.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub async fn addresses(&self, filter: &AddressFilter) -> Result<Vec<AddressInfo>, ClientError> {
        self.read(ApiPath::of(&["ipam", "addresses"]).with(filter)).await
    }

    /// Takes an address. Cancellation: it may be taken all the same.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub async fn request_address(&self, spec: &AddressRequestSpec) -> Result<AddressInfo, ClientError> {
        self.make(ApiPath::of(&["ipam", "addresses"]), spec).await
    }

    /// Gives an address back. Cancellation: it may be given back all the same.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub async fn release_address(&self, release: &AddressRelease) -> Result<(), ClientError> {
        self.remove(ApiPath::of(&["ipam", "addresses"]).with(release)).await
    }
}
