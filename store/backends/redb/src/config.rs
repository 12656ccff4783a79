//! How a store is opened.

use std::path::PathBuf;
use std::time::Duration;

use netkeep_store::{Error, LeasedDirectories, Result};

/// The file of a store, and how it is kept.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RedbConfig {
    /// The file. It is made if nothing is there, with the folders above it (mode 0750); it has mode 0600. Beside
    /// it stand `<path>.lock` and `<path>.reserve`.
    pub path: PathBuf,
    /// The directories that hold leased keys only. Default: none.
    pub leased: LeasedDirectories,
    /// Bytes of memory for pages of the file. Default: 64 MiB.
    pub cache_bytes: usize,
    /// Bytes of disk kept in reserve, so that deletions are still taken when the disk is full; 0 keeps none.
    /// Default: 12 MiB.
    pub reserve_bytes: u64,
    /// How long the writer waits at most for a batch to become as large as the one before. Default: 200 µs.
    pub gather: Duration,
    /// After how long without a commit the file is prepared for being opened in no time after a crash; `None`
    /// never prepares it, and a large file is then searched through for seconds. Default: 200 ms.
    pub quick_repair_after: Option<Duration>,
    /// Whether every page of the file is verified before it is used, which reads the whole file. Default: no; a
    /// damaged page is then found when it is read.
    pub verify: bool,
}

impl RedbConfig {
    /// The defaults, for the file `path`.
    pub fn new(path: impl Into<PathBuf>, leased: LeasedDirectories) -> Self {
        Self {
            path: path.into(),
            leased,
            cache_bytes: 64 * 1024 * 1024,
            reserve_bytes: 12 * 1024 * 1024,
            gather: Duration::from_micros(200),
            quick_repair_after: Some(Duration::from_millis(200)),
            verify: false,
        }
    }

    pub(crate) fn check(&self) -> Result<()> {
        const LONGEST: Duration = Duration::from_millis(100);
        if self.path.file_name().is_none() {
            return Err(Error::invalid(format!("path {} names no file", self.path.display())));
        }
        if self.gather > LONGEST {
            return Err(Error::invalid(format!(
                "gather is {:?}: every commit could wait that long; it may be up to {LONGEST:?}",
                self.gather
            )));
        }
        Ok(())
    }
}
