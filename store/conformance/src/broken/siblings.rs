//! What the handles of one broken store have in siblings.

use std::collections::HashMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};

use netkeep_store::{LeaseId, Store};

/// Known to all handles.
#[derive(Debug, Default)]
pub(super) struct Siblings {
    /// The stores below the handles.
    pub(super) handles: Mutex<Vec<Arc<dyn Store>>>,
    /// Which of them has granted a lease.
    pub(super) granters: Mutex<HashMap<LeaseId, Arc<dyn Store>>>,
    /// How many leases were named since the store was started.
    pub(super) named: AtomicU64,
    /// The last revision before the store was started.
    pub(super) started_at: AtomicU64,
}
