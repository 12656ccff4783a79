//! Who holds an allocation.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{HostRef, Incarnation, Object, Timestamp};
use crate::{EndpointId, HostId, NetworkId, RequestId, SandboxId, ServiceId};

/// Who holds an address, a pool, a number, ports or a link: the one thing whose end frees it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Owner {
    /// A network.
    Network {
        /// The network.
        network: NetworkId,
    },
    /// An endpoint.
    Endpoint {
        /// The network.
        network: NetworkId,
        /// The endpoint.
        endpoint: EndpointId,
    },
    /// An endpoint for as long as it is in this sandbox.
    Join {
        /// The network.
        network: NetworkId,
        /// The endpoint.
        endpoint: EndpointId,
        /// The sandbox.
        sandbox: SandboxId,
    },
    /// A service on a network: its virtual address.
    Service {
        /// The network.
        network: NetworkId,
        /// The service.
        service: ServiceId,
    },
    /// A client that asked for it by itself; creating a network or endpoint adopts it.
    Client {
        /// The host that it asked.
        host: HostId,
        /// Which start of that host's daemon.
        incarnation: Incarnation,
        /// When.
        since: Timestamp,
        /// In which request; the same request again gets the same answer.
        request: RequestId,
    },
}

impl Owner {
    /// The network that it is, or is in.
    pub const fn network(&self) -> Option<NetworkId> {
        match self {
            Self::Network { network }
            | Self::Endpoint { network, .. }
            | Self::Join { network, .. }
            | Self::Service { network, .. } => Some(*network),
            Self::Client { .. } => None,
        }
    }

    /// The endpoint that it is, or is of.
    pub const fn endpoint(&self) -> Option<EndpointId> {
        match self {
            Self::Endpoint { endpoint, .. } | Self::Join { endpoint, .. } => Some(*endpoint),
            Self::Network { .. } | Self::Service { .. } | Self::Client { .. } => None,
        }
    }

    /// The run of the daemon that a client asked.
    pub const fn client_host(&self) -> Option<HostRef> {
        match self {
            Self::Client { host, incarnation, .. } => {
                Some(HostRef { host: *host, incarnation: *incarnation })
            }
            _ => None,
        }
    }
}

impl From<Object> for Owner {
    fn from(object: Object) -> Self {
        match object {
            Object::Network(network) => Self::Network { network },
            Object::Endpoint(network, endpoint) => Self::Endpoint { network, endpoint },
            Object::Join(network, endpoint, sandbox) => Self::Join { network, endpoint, sandbox },
        }
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network { network } => write!(f, "network {network}"),
            Self::Endpoint { network, endpoint } => write!(f, "endpoint {endpoint} of network {network}"),
            Self::Join { network, endpoint, sandbox } => {
                write!(f, "endpoint {endpoint} of network {network} in sandbox {sandbox}")
            }
            Self::Service { network, service } => write!(f, "service {service} on network {network}"),
            Self::Client { host, incarnation, since, request } => {
                write!(f, "request {request} on host {host}, incarnation {incarnation}, since {since}")
            }
        }
    }
}
