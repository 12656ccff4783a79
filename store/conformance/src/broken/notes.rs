//! What a broken handle remembers, though it should not.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, MutexGuard, PoisonError};

use netkeep_store::{Entry, Key, Lease, LeaseId, StoreId};
use tokio_util::sync::CancellationToken;

/// The memory of one handle.
#[derive(Debug)]
pub(super) struct Notes {
    /// An identity that is not the store's.
    pub(super) id: StoreId,
    /// What was read first.
    pub(super) seen: Mutex<HashMap<Key, Option<Entry>>>,
    /// The leases that it has granted.
    pub(super) granted: Mutex<Vec<Lease>>,
    /// What its leases are called below it.
    pub(super) names: Mutex<HashMap<LeaseId, LeaseId>>,
    /// What was ever put with a lease.
    pub(super) held: Mutex<HashMap<LeaseId, BTreeSet<Key>>>,
    /// The locks that it has given.
    pub(super) given: Mutex<BTreeSet<Key>>,
    /// Ends its watches.
    pub(super) watches: Mutex<CancellationToken>,
    pub(super) closed: AtomicBool,
    pub(super) spoilt: AtomicBool,
}

impl Default for Notes {
    fn default() -> Self {
        Self {
            id: StoreId::random(),
            seen: Mutex::default(),
            granted: Mutex::default(),
            names: Mutex::default(),
            held: Mutex::default(),
            given: Mutex::default(),
            watches: Mutex::default(),
            closed: AtomicBool::new(false),
            spoilt: AtomicBool::new(false),
        }
    }
}

/// Locks what no panic can leave half done.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
