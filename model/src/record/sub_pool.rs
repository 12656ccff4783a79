//! Parts of pools.

use netkeep_store::Segment;
use netkeep_store::datastore::{Either, Record, RecordId};
use serde::{Deserialize, Serialize};

use crate::value::is_default;
use crate::{Labels, Options, Owner, Phase, Pool, PoolRef, Space};

/// A part of a pool with an owner of its own, at `subpools/<space>/<master>/<sub>`.
///
/// Its addresses are those of its master, so that two sub-pools cannot give one address twice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubPoolRecord {
    /// Who holds it.
    pub owner: Owner,
    /// Whether it is whole.
    #[serde(default, skip_serializing_if = "is_default")]
    pub phase: Phase,
    /// What the IPAM driver was told.
    #[serde(default, skip_serializing_if = "is_default")]
    pub options: Options,
    /// What the IPAM driver said of it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub metadata: Labels,
    /// What the IPAM driver calls it, where it does not know it by its addresses.
    #[serde(default, skip_serializing_if = "is_default")]
    pub foreign_id: Option<String>,
}

impl Record for SubPoolRecord {
    type Home = Either;
    type Id = SubPoolKey;
    const KIND: &'static str = "sub-pool";
    const VERSION: u32 = 1;
    const ROOT: &'static str = "subpools";
}

/// The place of a [`SubPoolRecord`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubPoolKey {
    /// The address space.
    pub space: Space,
    /// The pool that it is a part of.
    pub master: Pool,
    /// The part.
    pub sub: Pool,
}

impl PoolRef {
    /// The place of the sub-pool, if it is one.
    pub fn sub_pool_key(&self) -> Option<SubPoolKey> {
        self.sub.map(|sub| SubPoolKey { space: self.space.clone(), master: self.master, sub })
    }
}

impl RecordId for SubPoolKey {
    fn segments(&self) -> Vec<Segment> {
        vec![self.space.segment(), self.master.segment(), self.sub.segment()]
    }

    fn from_segments(segments: &[Segment]) -> Option<Self> {
        let [space, master, sub] = segments else { return None };
        Some(Self {
            space: Space::from_segment(space)?,
            master: Pool::from_segment(master)?,
            sub: Pool::from_segment(sub)?,
        })
    }
}
