//! What other programs call our things.

use std::fmt;

use netkeep_store::Segment;
use netkeep_store::datastore::{Either, Record, RecordId};
use serde::{Deserialize, Serialize};

use crate::{EndpointId, ForeignId, HostId, NetworkId, PoolRef, SandboxId, Timestamp};

/// Which of our things another program's id means, at `external/<host>/<kind>/<foreign id>`.
///
/// Container engines give one network a different id on each host, and ask for pools before the network exists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExternalId {
    /// Our thing.
    pub target: ExternalTarget,
    /// Since when.
    pub since: Timestamp,
}

impl Record for ExternalId {
    type Home = Either;
    type Id = ExternalKey;
    const KIND: &'static str = "external-id";
    const VERSION: u32 = 1;
    const ROOT: &'static str = "external";
}

/// A thing of ours that another program names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum ExternalTarget {
    /// A network.
    Network {
        /// Its id.
        network: NetworkId,
    },
    /// An endpoint.
    Endpoint {
        /// The network.
        network: NetworkId,
        /// The endpoint.
        endpoint: EndpointId,
    },
    /// A sandbox.
    Sandbox {
        /// Its id.
        sandbox: SandboxId,
    },
    /// A pool or sub-pool.
    Pool {
        /// Which.
        pool: PoolRef,
    },
}

/// The sort of an [`ExternalTarget`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExternalKind {
    /// A network.
    Network,
    /// An endpoint.
    Endpoint,
    /// A sandbox.
    Sandbox,
    /// A pool or sub-pool.
    Pool,
}

/// The place of an [`ExternalId`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExternalKey {
    /// The host on which the other program runs.
    pub host: HostId,
    /// What it names; the same as that of the target.
    pub kind: ExternalKind,
    /// What it calls it.
    pub foreign: ForeignId,
}

impl ExternalTarget {
    /// Its sort.
    pub const fn kind(&self) -> ExternalKind {
        match self {
            Self::Network { .. } => ExternalKind::Network,
            Self::Endpoint { .. } => ExternalKind::Endpoint,
            Self::Sandbox { .. } => ExternalKind::Sandbox,
            Self::Pool { .. } => ExternalKind::Pool,
        }
    }
}

impl ExternalKind {
    /// All sorts.
    pub const ALL: [Self; 4] = [Self::Network, Self::Endpoint, Self::Sandbox, Self::Pool];

    /// `network`, `endpoint`, `sandbox` or `pool`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Endpoint => "endpoint",
            Self::Sandbox => "sandbox",
            Self::Pool => "pool",
        }
    }
}

impl fmt::Display for ExternalKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl RecordId for ExternalKey {
    fn segments(&self) -> Vec<Segment> {
        vec![self.host.segment(), Segment::escape(self.kind.as_str()), self.foreign.segment()]
    }

    fn from_segments(segments: &[Segment]) -> Option<Self> {
        let [host, kind, foreign] = segments else { return None };
        Some(Self {
            host: HostId::from_segment(host)?,
            kind: ExternalKind::ALL.into_iter().find(|known| known.as_str() == kind.as_str())?,
            foreign: ForeignId::from_segment(foreign)?,
        })
    }
}
