//! What a client of a remote store keeps across its restarts.

use std::fmt;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::random_id::random_id;
use crate::{Identity, Result, Revision};

random_id! {
    /// 128 random bits that name a client of a store, shown as 32 hex digits. No two processes may share one.
    ClientId, "client id"
}

/// The store as a client last knew it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownStore {
    /// Which one it was.
    pub identity: Identity,
    /// A commit that this client made there, at most ten seconds older than the last one.
    pub newest: Revision,
}

/// Keeps a client's name and what it knows of the store, so that a store that was wiped, restored from an older
/// state, or is another, is recognised after a restart of this program too.
#[async_trait]
pub trait ClientState: fmt::Debug + Send + Sync + 'static {
    /// The name, the same at every call and, if [`is_kept`](ClientState::is_kept), after every restart.
    fn client(&self) -> ClientId;

    /// True if the name outlives this process. The slots of a client that is not kept are deleted at its end.
    fn is_kept(&self) -> bool;

    /// What [`remember`](ClientState::remember) was last told; `None` if nothing.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// If it cannot be read: then the store is not used.
    async fn known(&self) -> Result<Option<KnownStore>>;

    /// Keeps this in place of what was known, durably.
    ///
    /// Cancellation: may or may not have been kept.
    ///
    /// # Errors
    ///
    /// If it cannot be kept; the store is used all the same.
    async fn remember(&self, known: &KnownStore) -> Result<()>;
}

/// The state of a client that is gone with its process: a command, a test.
#[derive(Debug)]
pub struct OneShot(ClientId);

impl OneShot {
    /// A client with a new name.
    pub fn new() -> Self {
        Self(ClientId::random())
    }
}

impl Default for OneShot {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl ClientState for OneShot {
    fn client(&self) -> ClientId {
        self.0
    }

    fn is_kept(&self) -> bool {
        false
    }

    async fn known(&self) -> Result<Option<KnownStore>> {
        Ok(None)
    }

    async fn remember(&self, _: &KnownStore) -> Result<()> {
        Ok(())
    }
}
