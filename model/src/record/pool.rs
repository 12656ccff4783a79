//! Pools.

use netkeep_store::Segment;
use netkeep_store::datastore::{Either, Record, RecordId};
use serde::{Deserialize, Serialize};

use crate::value::is_default;
use crate::{Labels, Options, Owner, Phase, Pool, PoolRef, Space};

/// A pool of an address space, at `pools/<space>/<pool>`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolRecord {
    /// Who holds it. Without an owner it is there only as the master of sub-pools: it gives no address itself,
    /// and goes with the last of them.
    #[serde(default, skip_serializing_if = "is_default")]
    pub owner: Option<Owner>,
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

impl Record for PoolRecord {
    type Home = Either;
    type Id = PoolKey;
    const KIND: &'static str = "pool";
    const VERSION: u32 = 1;
    const ROOT: &'static str = "pools";
}

/// The place of a [`PoolRecord`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PoolKey {
    /// The address space.
    pub space: Space,
    /// The pool.
    pub pool: Pool,
}

impl PoolRef {
    /// The place of the pool, or of the master of the sub-pool.
    pub fn pool_key(&self) -> PoolKey {
        PoolKey { space: self.space.clone(), pool: self.master }
    }
}

impl RecordId for PoolKey {
    fn segments(&self) -> Vec<Segment> {
        vec![self.space.segment(), self.pool.segment()]
    }

    fn from_segments(segments: &[Segment]) -> Option<Self> {
        let [space, pool] = segments else { return None };
        Some(Self { space: Space::from_segment(space)?, pool: Pool::from_segment(pool)? })
    }
}
