//! Care for a store that has a file.

use std::fmt;
use std::path::Path;

use async_trait::async_trait;

use crate::Result;

/// What a store that keeps a file offers beside the contract.
#[async_trait]
pub trait Maintenance: fmt::Debug + Send + Sync + 'static {
    /// Gives space that is no longer used back to the file system. Readers and writers wait meanwhile.
    ///
    /// Cancellation: it goes on.
    ///
    /// # Errors
    ///
    /// [`Kind::Unavailable`](crate::Kind::Unavailable) if the disk fails or is too full to do it.
    async fn compact(&self) -> Result<Compaction>;

    /// Writes a consistent copy to `to`, which must not exist; it is complete or absent.
    ///
    /// Cancellation: it goes on.
    ///
    /// # Errors
    ///
    /// [`Kind::Invalid`](crate::Kind::Invalid) if `to` exists;
    /// [`Kind::Unavailable`](crate::Kind::Unavailable) if it cannot be written.
    async fn backup(&self, to: &Path) -> Result<()>;
}

/// What a compaction brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compaction {
    /// Bytes of the file before.
    pub before: u64,
    /// Bytes of the file after.
    pub after: u64,
}
