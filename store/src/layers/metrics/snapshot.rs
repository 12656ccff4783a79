//! Metrics as plain data.

use std::time::Duration;

use super::super::Operation;
use crate::Kind;

/// What a [`StoreMetrics`](super::StoreMetrics) had counted at one time. Counters that belong together may differ
/// by what happened while they were read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricsSnapshot {
    /// Each operation, in the order of [`Operation::ALL`].
    pub operations: Vec<OperationMetrics>,
    /// Commits that succeeded.
    pub commits: u64,
    /// Keys put or deleted by commits that succeeded.
    pub keys_written: u64,
    /// Commits that a guard refused.
    pub conflicts: u64,
    /// Operations that were called and have not ended.
    pub in_flight: u64,
    /// Watches that are open.
    pub watches: u64,
    /// Items that watches delivered, resets included.
    pub watch_items: u64,
    /// Resets that watches delivered, the first item of a watch included.
    pub watch_resets: u64,
}

/// One operation. `calls` = `succeeded` + all `errors` + `abandoned` + `in_flight`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperationMetrics {
    /// Which.
    pub operation: Operation,
    /// How often it was called.
    pub calls: u64,
    /// How many further attempts a [`Retry`](super::super::Retry) beneath made.
    pub retries: u64,
    /// How often it succeeded.
    pub succeeded: u64,
    /// How often it failed, by kind; only kinds that occurred.
    pub errors: Vec<(Kind, u64)>,
    /// How often the caller dropped it before it had ended.
    pub abandoned: u64,
    /// How many have not ended.
    pub in_flight: u64,
    /// How long those took that ended, whether well or not.
    pub latency: Latency,
}

/// A histogram of times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Latency {
    /// How many took at most each of the [`LATENCY_BOUNDS`](super::LATENCY_BOUNDS) and more than the one before;
    /// the last bucket holds what took longer than all of them.
    pub buckets: Vec<u64>,
    /// All times together.
    pub sum: Duration,
}

impl Latency {
    /// How many times it holds.
    pub fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }
}
