//! What a store says of itself.

use serde::{Deserialize, Serialize};

use crate::random_id::random_id;
use crate::{LeasedDirectories, Limits, Revision};

/// What is known of a store without asking it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreInfo {
    /// The backend: `memory`, `redb`, …
    pub name: &'static str,
    /// Where it is: a path or addresses, without credentials.
    pub endpoints: Vec<String>,
    /// The bounds of its transactions and leases.
    pub limits: Limits,
    /// The directories that hold leased keys only.
    pub leased: LeasedDirectories,
}

/// What a store answers when asked how it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Which store it is.
    pub identity: Identity,
    /// The last commit.
    pub revision: Revision,
    /// The member that leads, where there are several.
    pub leader: Option<String>,
    /// The version of the server or of the file format.
    pub server_version: String,
}

/// Which store it is, and in which of its lives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Given once, when the store was initialised.
    pub id: StoreId,
    /// The version of the layout of its keys.
    pub schema: u32,
    /// Raised when the store was restored and accepted again; revisions of different epochs do not compare.
    pub epoch: u64,
}

impl Identity {
    /// The layout of keys that this version writes.
    pub const SCHEMA: u32 = 1;

    /// The identity of a store that is new.
    pub fn fresh() -> Self {
        Self { id: StoreId::random(), schema: Self::SCHEMA, epoch: 1 }
    }
}

random_id! {
    /// 128 random bits that name a store, shown as 32 hex digits.
    StoreId, "store id"
}
