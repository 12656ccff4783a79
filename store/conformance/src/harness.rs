//! What a judged store must offer.

use std::sync::Arc;

use async_trait::async_trait;
use netkeep_store::Store;

/// The one directory that the judged store declares to hold leased keys only.
pub const LEASED: &str = "leased";

/// One store that is fresh and empty, with the directory [`LEASED`] declared as leased and no other.
///
/// Each case gets a harness of its own; what the store needs (a folder, a server) lives as long as the harness
/// and goes when it is dropped.
#[async_trait]
pub trait Harness: Send + Sync {
    /// Another connection to the store: a handle of its own, with leases of its own.
    ///
    /// Cancel safe.
    async fn connect(&self) -> Arc<dyn Store>;

    /// Stops the store and starts it again on the same data: the server, or the file. Handles and watches from
    /// before may be dead afterwards, or may have reconnected.
    ///
    /// Cancellation: never cancelled by the suite.
    async fn restart(&self);

    /// A connection to some other store, fresh and empty too.
    ///
    /// Cancel safe.
    async fn other_store(&self) -> Arc<dyn Store>;

    /// Called once, after the case, also if it has failed: removes what would stay when the harness is dropped, on
    /// a server that others use too. May panic. Does nothing if it is left out.
    ///
    /// Cancellation: never cancelled by the suite.
    async fn finish(&self) {}
}
