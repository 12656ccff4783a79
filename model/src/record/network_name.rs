//! Names of networks.

use netkeep_store::Segment;
use netkeep_store::datastore::{Either, Record, RecordId};
use serde::{Deserialize, Serialize};

use crate::{NetworkId, NetworkName};

/// Which network has a name, at `network-names/<name>`: what makes names unique, and found by one read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkNameRecord {
    /// The network.
    pub network: NetworkId,
}

impl Record for NetworkNameRecord {
    type Home = Either;
    type Id = NetworkName;
    const KIND: &'static str = "network-name";
    const VERSION: u32 = 1;
    const ROOT: &'static str = "network-names";
}

impl RecordId for NetworkName {
    fn segments(&self) -> Vec<Segment> {
        vec![self.segment()]
    }

    fn from_segments(segments: &[Segment]) -> Option<Self> {
        match segments {
            [name] => Self::from_segment(name),
            _ => None,
        }
    }
}
