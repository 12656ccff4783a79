//! The calls about hosts.
//!
//! # Cancellation
//!
//! A call that is dropped may have been done; a change that the daemon has begun goes on.

use netkeep_controller::{Eviction, HostDetails, HostInfo};

use super::path::ApiPath;
use super::{Client, ClientError};
use crate::api::HostEviction;

impl Client {
    /// All hosts that share the global store. Cancel safe.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub async fn hosts(&self) -> Result<Vec<HostInfo>, ClientError> {
        self.read(ApiPath::of(&["hosts"])).await
    }

    /// One host, by its name, id, or beginning of an id. Cancel safe.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub async fn host(&self, host: &str) -> Result<HostDetails, ClientError> {
        self.read(ApiPath::of(&["hosts", host])).await
    }

    /// Evicts a host, by `force` one that gives signs of life too. Cancellation: it goes on.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub async fn evict_host(&self, host: &str, force: bool) -> Result<Eviction, ClientError> {
        self.make(ApiPath::of(&["hosts", host, "evict"]), &HostEviction { force }).await
    }
}
