//! What drivers make.

use std::fmt;
use std::str::FromStr;

use netkeep_store::Segment;
use serde::{Deserialize, Serialize};

use crate::{EndpointId, Error, NetworkId, Result, SandboxId};

/// A network, an endpoint, or the attachment of an endpoint to a sandbox: what a driver makes, and what its
/// records, claims and notes hang on.
///
/// In JSON it is one text: the ids in text form, from the network on, with slashes between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Object {
    /// A network.
    Network(NetworkId),
    /// An endpoint of a network.
    Endpoint(NetworkId, EndpointId),
    /// An endpoint that is attached to a sandbox.
    Join(NetworkId, EndpointId, SandboxId),
}

/// The sort of an [`Object`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ObjectKind {
    /// A network.
    Network,
    /// An endpoint of a network.
    Endpoint,
    /// An endpoint that is attached to a sandbox.
    Join,
}

impl Object {
    /// Its sort.
    pub const fn kind(&self) -> ObjectKind {
        match self {
            Self::Network(_) => ObjectKind::Network,
            Self::Endpoint(..) => ObjectKind::Endpoint,
            Self::Join(..) => ObjectKind::Join,
        }
    }

    /// The network that it is, or is in.
    pub const fn network(&self) -> NetworkId {
        match self {
            Self::Network(network) | Self::Endpoint(network, _) | Self::Join(network, _, _) => *network,
        }
    }

    /// The endpoint that it is, or is of.
    pub const fn endpoint(&self) -> Option<EndpointId> {
        match self {
            Self::Network(_) => None,
            Self::Endpoint(_, endpoint) | Self::Join(_, endpoint, _) => Some(*endpoint),
        }
    }

    /// The sandbox, of an attachment.
    pub const fn sandbox(&self) -> Option<SandboxId> {
        match self {
            Self::Join(_, _, sandbox) => Some(*sandbox),
            Self::Network(_) | Self::Endpoint(..) => None,
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
        let [network, rest @ ..] = segments else { return None };
        let network = NetworkId::from_segment(network)?;
        match rest {
            [] => Some(Self::Network(network)),
            [endpoint] => Some(Self::Endpoint(network, EndpointId::from_segment(endpoint)?)),
            [endpoint, sandbox] => Some(Self::Join(
                network,
                EndpointId::from_segment(endpoint)?,
                SandboxId::from_segment(sandbox)?,
            )),
            _ => None,
        }
    }
}

impl ObjectKind {
    /// All sorts.
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
            Self::Network(network) => write!(f, "network {network}"),
            Self::Endpoint(_, endpoint) => write!(f, "endpoint {endpoint}"),
            Self::Join(_, endpoint, sandbox) => write!(f, "endpoint {endpoint} in sandbox {sandbox}"),
        }
    }
}

impl FromStr for Object {
    type Err = Error;

    /// Takes the form that it has in JSON.
    fn from_str(text: &str) -> Result<Self> {
        let parts: Vec<&str> = text.split('/').collect();
        match parts.as_slice() {
            [network] => Ok(Self::Network(network.parse()?)),
            [network, endpoint] => Ok(Self::Endpoint(network.parse()?, endpoint.parse()?)),
            [network, endpoint, sandbox] => {
                Ok(Self::Join(network.parse()?, endpoint.parse()?, sandbox.parse()?))
            }
            _ => {
                Err(Error::invalid("object", text, "an object is one to three ids with slashes between them"))
            }
        }
    }
}

impl TryFrom<String> for Object {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<Object> for String {
    fn from(object: Object) -> Self {
        match object {
            Object::Network(network) => network.to_string(),
            Object::Endpoint(network, endpoint) => format!("{network}/{endpoint}"),
            Object::Join(network, endpoint, sandbox) => format!("{network}/{endpoint}/{sandbox}"),
        }
    }
}
