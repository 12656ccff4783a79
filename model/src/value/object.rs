//! What drivers make.

use std::fmt;

use netkeep_store::Segment;
use serde::{Deserialize, Serialize};

use crate::{EndpointId, NetworkId, SandboxId};

/// A thing that a driver makes, and on which its records and claims hang.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Object {
    /// A network.
    Network {
        /// The network.
        network: NetworkId,
    },
    /// An endpoint of a network.
    Endpoint {
        /// The network.
        network: NetworkId,
        /// The endpoint.
        endpoint: EndpointId,
    },
    /// An endpoint in a sandbox.
    Join {
        /// The network.
        network: NetworkId,
        /// The endpoint.
        endpoint: EndpointId,
        /// The sandbox.
        sandbox: SandboxId,
    },
}

/// The sort of an [`Object`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ObjectKind {
    /// A network.
    Network,
    /// An endpoint of a network.
    Endpoint,
    /// An endpoint in a sandbox.
    Join,
}

impl Object {
    /// Its sort.
    pub const fn kind(&self) -> ObjectKind {
        match self {
            Self::Network { .. } => ObjectKind::Network,
            Self::Endpoint { .. } => ObjectKind::Endpoint,
            Self::Join { .. } => ObjectKind::Join,
        }
    }

    /// The network that it is, or is in.
    pub const fn network(&self) -> NetworkId {
        match self {
            Self::Network { network } | Self::Endpoint { network, .. } | Self::Join { network, .. } => {
                *network
            }
        }
    }

    /// The endpoint that it is, or is of.
    pub const fn endpoint(&self) -> Option<EndpointId> {
        match self {
            Self::Network { .. } => None,
            Self::Endpoint { endpoint, .. } | Self::Join { endpoint, .. } => Some(*endpoint),
        }
    }

    /// The sandbox, of a join.
    pub const fn sandbox(&self) -> Option<SandboxId> {
        match self {
            Self::Join { sandbox, .. } => Some(*sandbox),
            _ => None,
        }
    }

    /// The segments of the ids: network, endpoint, sandbox, as many as there are.
    pub fn segments(&self) -> Vec<Segment> {
        let mut segments = vec![self.network().segment()];
        segments.extend(self.endpoint().map(EndpointId::segment));
        segments.extend(self.sandbox().map(SandboxId::segment));
        segments
    }

    /// The object with these segments: the strict inverse of [`Object::segments`].
    pub fn from_segments(segments: &[Segment]) -> Option<Self> {
        match segments {
            [network] => Some(Self::Network { network: NetworkId::from_segment(network)? }),
            [network, endpoint] => Some(Self::Endpoint {
                network: NetworkId::from_segment(network)?,
                endpoint: EndpointId::from_segment(endpoint)?,
            }),
            [network, endpoint, sandbox] => Some(Self::Join {
                network: NetworkId::from_segment(network)?,
                endpoint: EndpointId::from_segment(endpoint)?,
                sandbox: SandboxId::from_segment(sandbox)?,
            }),
            _ => None,
        }
    }
}

impl ObjectKind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Network, Self::Endpoint, Self::Join];

    /// `network`, `endpoint` or `join`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Endpoint => "endpoint",
            Self::Join => "join",
        }
    }
}

impl fmt::Display for ObjectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network { network } => write!(f, "network {network}"),
            Self::Endpoint { network, endpoint } => write!(f, "endpoint {endpoint} of network {network}"),
            Self::Join { network, endpoint, sandbox } => {
                write!(f, "endpoint {endpoint} of network {network} in sandbox {sandbox}")
            }
        }
    }
}
