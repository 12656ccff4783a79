//! Names of endpoints.

use netkeep_store::Segment;
use netkeep_store::datastore::{Either, Record, RecordId};
use serde::{Deserialize, Serialize};

use crate::{EndpointId, EndpointName, NetworkId};

/// Which endpoint of a network has a name, at `endpoint-names/<network>/<name>`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointNameRecord {
    /// The endpoint.
    pub endpoint: EndpointId,
}

impl Record for EndpointNameRecord {
    type Home = Either;
    type Id = EndpointNameKey;
    const KIND: &'static str = "endpoint-name";
    const VERSION: u32 = 1;
    const ROOT: &'static str = "endpoint-names";
}

/// The place of an [`EndpointNameRecord`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EndpointNameKey {
    /// The network.
    pub network: NetworkId,
    /// The name.
    pub name: EndpointName,
}

impl RecordId for EndpointNameKey {
    fn segments(&self) -> Vec<Segment> {
        vec![self.network.segment(), self.name.segment()]
    }

    fn from_segments(segments: &[Segment]) -> Option<Self> {
        let [network, name] = segments else { return None };
        Some(Self { network: NetworkId::from_segment(network)?, name: EndpointName::from_segment(name)? })
    }
}
