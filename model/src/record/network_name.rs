//! Names of networks.

use netkeep_store::Segment;
use netkeep_store::datastore::RecordId;
use serde::{Deserialize, Serialize};

use crate::{NetworkId, NetworkName};

/// Which network has a name, at `network-names/<name>`: what makes names unique, and found by one read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkNameRecord {
    /// The network.
    pub network: NetworkId,
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
