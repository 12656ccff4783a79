//! Address spaces.

use netkeep_store::Segment;
use netkeep_store::datastore::{Either, Record, RecordId};
use serde::{Deserialize, Serialize};

use crate::{IpamKind, OperationId, Space};

/// An address space, at `spaces/<space>`.
///
/// Every change of its set of pools rewrites it and guards it, so that no two pools of one space overlap.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddressSpace {
    /// The IPAM driver whose space it is.
    pub driver: IpamKind,
    /// The last operation that changed its set of pools.
    pub touched: OperationId,
}

impl Record for AddressSpace {
    type Home = Either;
    type Id = Space;
    const KIND: &'static str = "space";
    const VERSION: u32 = 1;
    const ROOT: &'static str = "spaces";
}

impl RecordId for Space {
    fn segments(&self) -> Vec<Segment> {
        vec![self.segment()]
    }

    fn from_segments(segments: &[Segment]) -> Option<Self> {
        match segments {
            [space] => Self::from_segment(space),
            _ => None,
        }
    }
}
