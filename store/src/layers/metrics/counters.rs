//! The counters themselves.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use super::super::{Operation, RetryObserver};
use super::{Latency, MetricsSnapshot, OperationMetrics};
use crate::{Error, Kind, Txn};

/// The upper bounds of the buckets of a latency histogram.
pub const LATENCY_BOUNDS: [Duration; 16] = [
    Duration::from_micros(10),
    Duration::from_micros(50),
    Duration::from_micros(100),
    Duration::from_micros(250),
    Duration::from_micros(500),
    Duration::from_millis(1),
    Duration::from_micros(2_500),
    Duration::from_millis(5),
    Duration::from_millis(10),
    Duration::from_millis(25),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(250),
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(10),
];

const KINDS: [Kind; 10] = [
    Kind::Conflict,
    Kind::LeaseLost,
    Kind::Invalid,
    Kind::TooLarge,
    Kind::Denied,
    Kind::Unavailable,
    Kind::Corrupt,
    Kind::Closed,
    Kind::Replaced,
    Kind::Unexpected,
];

/// What is counted of one store, by atomics that no registry knows.
#[derive(Debug, Default)]
pub struct StoreMetrics {
    operations: [Counters; Operation::ALL.len()],
    keys_written: AtomicU64,
    pub(super) watches: AtomicU64,
    pub(super) watch_items: AtomicU64,
    pub(super) watch_resets: AtomicU64,
}

#[derive(Debug, Default)]
struct Counters {
    calls: AtomicU64,
    retries: AtomicU64,
    succeeded: AtomicU64,
    errors: [AtomicU64; KINDS.len()],
    abandoned: AtomicU64,
    in_flight: AtomicU64,
    buckets: [AtomicU64; LATENCY_BOUNDS.len() + 1],
    nanoseconds: AtomicU64,
}

impl StoreMetrics {
    /// Nothing counted yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Commits that succeeded.
    pub fn commits(&self) -> u64 {
        self.of(Operation::Commit).succeeded.load(Relaxed)
    }

    /// Commits that were tried: every call, and every further attempt of a [`Retry`](super::super::Retry).
    pub fn commit_attempts(&self) -> u64 {
        self.attempts(Operation::Commit)
    }

    /// Commits that a guard refused.
    pub fn conflicts(&self) -> u64 {
        self.of(Operation::Commit).errors[index(Kind::Conflict)].load(Relaxed)
    }

    /// Keys put or deleted by commits that succeeded.
    pub fn keys_written(&self) -> u64 {
        self.keys_written.load(Relaxed)
    }

    /// How often an operation was tried: every call, and every further attempt.
    pub fn attempts(&self, operation: Operation) -> u64 {
        let counters = self.of(operation);
        counters.calls.load(Relaxed) + counters.retries.load(Relaxed)
    }

    /// Everything, as plain data.
    pub fn snapshot(&self) -> MetricsSnapshot {
        let operations: Vec<_> =
            Operation::ALL.into_iter().map(|operation| self.of(operation).snapshot(operation)).collect();
        MetricsSnapshot {
            commits: self.commits(),
            keys_written: self.keys_written(),
            conflicts: self.conflicts(),
            in_flight: operations.iter().map(|operation| operation.in_flight).sum(),
            watches: self.watches.load(Relaxed),
            watch_items: self.watch_items.load(Relaxed),
            watch_resets: self.watch_resets.load(Relaxed),
            operations,
        }
    }

    pub(super) fn begin(&self, operation: Operation) {
        let counters = self.of(operation);
        counters.calls.fetch_add(1, Relaxed);
        counters.in_flight.fetch_add(1, Relaxed);
    }

    /// `outcome` is `None` if the caller went away.
    pub(super) fn end(&self, operation: Operation, elapsed: Duration, outcome: Option<Result<(), Kind>>) {
        let counters = self.of(operation);
        counters.in_flight.fetch_sub(1, Relaxed);
        match outcome {
            None => {
                counters.abandoned.fetch_add(1, Relaxed);
                return;
            }
            Some(Ok(())) => counters.succeeded.fetch_add(1, Relaxed),
            Some(Err(kind)) => counters.errors[index(kind)].fetch_add(1, Relaxed),
        };
        let bucket = LATENCY_BOUNDS.partition_point(|bound| *bound < elapsed);
        counters.buckets[bucket].fetch_add(1, Relaxed);
        counters.nanoseconds.fetch_add(u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX), Relaxed);
    }

    pub(super) fn wrote(&self, txn: &Txn) {
        self.keys_written.fetch_add(u64::try_from(txn.writes().len()).unwrap_or(u64::MAX), Relaxed);
    }

    fn of(&self, operation: Operation) -> &Counters {
        &self.operations[operation as usize]
    }
}

impl RetryObserver for StoreMetrics {
    fn retrying(&self, operation: Operation, _: &Error, _: Duration) {
        self.of(operation).retries.fetch_add(1, Relaxed);
    }
}

impl Counters {
    fn snapshot(&self, operation: Operation) -> OperationMetrics {
        let errors = KINDS.into_iter().map(|kind| (kind, self.errors[index(kind)].load(Relaxed)));
        OperationMetrics {
            operation,
            calls: self.calls.load(Relaxed),
            retries: self.retries.load(Relaxed),
            succeeded: self.succeeded.load(Relaxed),
            errors: errors.filter(|(_, count)| *count > 0).collect(),
            abandoned: self.abandoned.load(Relaxed),
            in_flight: self.in_flight.load(Relaxed),
            latency: Latency {
                buckets: self.buckets.iter().map(|bucket| bucket.load(Relaxed)).collect(),
                sum: Duration::from_nanos(self.nanoseconds.load(Relaxed)),
            },
        }
    }
}

/// The place of a kind in [`KINDS`]; written out, so that a new kind does not compile without one.
const fn index(kind: Kind) -> usize {
    match kind {
        Kind::Conflict => 0,
        Kind::LeaseLost => 1,
        Kind::Invalid => 2,
        Kind::TooLarge => 3,
        Kind::Denied => 4,
        Kind::Unavailable => 5,
        Kind::Corrupt => 6,
        Kind::Closed => 7,
        Kind::Replaced => 8,
        Kind::Unexpected => 9,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_tables_agree() {
        assert!(KINDS.into_iter().enumerate().all(|(place, kind)| index(kind) == place));
        assert!(Operation::ALL.into_iter().enumerate().all(|(place, one)| one as usize == place));
        assert!(LATENCY_BOUNDS.is_sorted());
    }

    #[test]
    fn a_time_lies_in_the_bucket_of_its_bound() {
        let metrics = StoreMetrics::new();
        for elapsed in
            [LATENCY_BOUNDS[0], LATENCY_BOUNDS[0] + Duration::from_nanos(1), Duration::from_secs(60)]
        {
            metrics.begin(Operation::Get);
            metrics.end(Operation::Get, elapsed, Some(Ok(())));
        }
        let latency = &metrics.snapshot().operations[0].latency;
        assert_eq!((latency.buckets[0], latency.buckets[1], latency.buckets.last()), (1, 1, Some(&1)));
        assert_eq!(latency.count(), 3);
        assert_eq!(latency.sum, 2 * LATENCY_BOUNDS[0] + Duration::from_nanos(1) + Duration::from_secs(60));
    }
}
