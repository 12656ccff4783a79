//! What an open file has done, in numbers.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::volume::{Room, Volume};

/// What an open file has done since it was opened, and how it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RedbStats {
    /// Commits that were made; those that were refused do not count.
    pub commits: u64,
    /// Durable transactions of redb that these commits shared.
    pub durable_transactions: u64,
    /// How often the file was prepared for being opened at once after a crash.
    pub quick_repairs: u64,
    /// How often the file was synced.
    pub syncs: u64,
    /// How long all syncs took together.
    pub sync_time: Duration,
    /// The longest sync.
    pub slowest_sync: Duration,
    /// Bytes of the file; those that were never written take no space on the disk.
    pub file_bytes: u64,
    /// Bytes held in reserve.
    pub reserve_bytes: u64,
    /// True if the disk was full when it was last written to: creations are then refused until there is space.
    pub disk_full: bool,
}

/// What the writer counts.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    commits: AtomicU64,
    durable_transactions: AtomicU64,
    quick_repairs: AtomicU64,
}

impl Counts {
    pub(crate) fn durable_transaction(&self, commits: usize) {
        self.commits.fetch_add(commits as u64, Ordering::Relaxed);
        self.durable_transactions.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn quick_repair(&self) {
        self.quick_repairs.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn stats(&self, volume: &Volume) -> RedbStats {
        let (syncs, sync_time, slowest_sync) = volume.syncs();
        RedbStats {
            commits: self.commits.load(Ordering::Relaxed),
            durable_transactions: self.durable_transactions.load(Ordering::Relaxed),
            quick_repairs: self.quick_repairs.load(Ordering::Relaxed),
            syncs,
            sync_time,
            slowest_sync,
            file_bytes: volume.length(),
            reserve_bytes: volume.reserve(),
            disk_full: volume.room() < Room::Everything,
        }
    }
}
