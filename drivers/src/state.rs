//! Committed values, as a driver gets them.

use netkeep_model::{Endpoint, EndpointId, Network, NetworkId, Object, Options, SandboxId};

use crate::{Notes, PlannedRecord};

/// A network as it was committed.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkState {
    /// Which.
    pub id: NetworkId,
    /// Its record.
    pub network: Network,
    /// The driver's records on it.
    pub records: Vec<PlannedRecord>,
    /// The driver's notes on it, of this host.
    pub notes: Notes,
}

/// An endpoint as it was committed.
#[derive(Clone, Debug, PartialEq)]
pub struct EndpointState {
    /// Its network.
    pub network: NetworkState,
    /// Which.
    pub id: EndpointId,
    /// Its record.
    pub endpoint: Endpoint,
    /// The driver's records on it.
    pub records: Vec<PlannedRecord>,
    /// The driver's notes on it, of this host.
    pub notes: Notes,
}

/// The attachment of an endpoint to a sandbox as it was committed.
#[derive(Clone, Debug, PartialEq)]
pub struct JoinState {
    /// The endpoint.
    pub endpoint: EndpointState,
    /// The sandbox.
    pub sandbox: SandboxId,
    /// Where the sandbox's network namespace is; `None` until the runtime says so.
    pub sandbox_key: Option<String>,
    /// What the sandbox tells the driver.
    pub options: Options,
    /// The driver's records on it.
    pub records: Vec<PlannedRecord>,
    /// The driver's notes on it, of this host.
    pub notes: Notes,
}

/// Everything of one driver that this host shall have.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HostState {
    /// Networks.
    pub networks: Vec<NetworkState>,
    /// Endpoints.
    pub endpoints: Vec<EndpointState>,
    /// Attachments.
    pub joins: Vec<JoinState>,
}

impl NetworkState {
    /// What it is.
    pub fn object(&self) -> Object {
        Object::Network(self.id)
    }
}

impl EndpointState {
    /// What it is.
    pub fn object(&self) -> Object {
        Object::Endpoint(self.network.id, self.id)
    }
}

impl JoinState {
    /// What it is.
    pub fn object(&self) -> Object {
        Object::Join(self.endpoint.network.id, self.endpoint.id, self.sandbox)
    }
}
