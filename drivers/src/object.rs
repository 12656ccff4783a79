//! What a driver's records, claims and notes hang on.

use std::fmt;

use netkeep_model::{EndpointId, NetworkId, SandboxId};

/// A network, an endpoint, or the attachment of an endpoint to a sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Object {
    /// A network.
    Network(NetworkId),
    /// An endpoint of a network.
    Endpoint(NetworkId, EndpointId),
    /// An endpoint that is attached to a sandbox.
    Join(NetworkId, EndpointId, SandboxId),
}

impl Object {
    /// The network that it belongs to.
    pub fn network(&self) -> NetworkId {
        match self {
            Self::Network(network) | Self::Endpoint(network, _) | Self::Join(network, _, _) => *network,
        }
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(network) => write!(f, "network {network}"),
            Self::Endpoint(_, endpoint) => write!(f, "endpoint {endpoint}"),
            Self::Join(_, endpoint, sandbox) => write!(f, "endpoint {endpoint} in sandbox {sandbox}"),
        }
    }
}
