//! What the shared half of remote stores makes a store of.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use netkeep_store::remote::{Attempt, Facts, Outcome, Room, Server, Upstream};
use netkeep_store::{Entry, Key, LeaseId, Prefix, Result, Revision, Snapshot, StoreInfo};

use crate::ConsulConfig;
use crate::client::Client;
use crate::layout::Layout;
use crate::seen::Seen;
use crate::watch::Follow;

/// Consul servers, spoken to through one of their agents.
#[derive(Debug)]
pub struct ConsulServer {
    shared: Arc<Shared>,
    info: StoreInfo,
}

/// What requests and watches need.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) client: Client,
    pub(crate) layout: Layout,
    pub(crate) seen: Seen,
}

impl ConsulServer {
    /// The name of this backend, and the scheme of its URLs.
    pub const NAME: &'static str = "consul";

    /// Prepares to speak to the servers, and does not yet.
    ///
    /// # Errors
    ///
    /// [`Kind::Invalid`](netkeep_store::Kind::Invalid) if the configuration makes no sense, or a file that it names
    /// cannot be used.
    pub fn new(config: ConsulConfig) -> Result<Self> {
        config.check()?;
        let client = Client::new(&config)?;
        let info = StoreInfo {
            name: Self::NAME,
            endpoints: client.bases().to_vec(),
            limits: config.limits(),
            leased: config.leased.clone(),
        };
        let layout = Layout::new(&config.root, &config.leased);
        Ok(Self { shared: Arc::new(Shared { client, layout, seen: Seen::default() }), info })
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Server for ConsulServer {
    fn info(&self) -> &StoreInfo {
        &self.info
    }

    fn tells_every_commit(&self) -> bool {
        false
    }

    async fn get(&self, room: Room, key: &Key) -> Result<Option<Entry>> {
        self.shared.get(room, key).await
    }

    async fn list(&self, room: Room, prefix: &Prefix) -> Result<Snapshot> {
        self.shared.list(room, prefix).await
    }

    async fn attempt(&self, attempt: &Attempt) -> Result<Outcome> {
        self.shared.attempt(attempt).await
    }

    async fn follow(&self, prefix: &Prefix, _after: Option<Revision>) -> Result<Box<dyn Upstream>> {
        // A revision alone proves nothing here: what was deleted since cannot be told from what never was.
        Ok(Box::new(Follow::new(Arc::clone(&self.shared), prefix)))
    }

    async fn grant(&self, ttl: Duration) -> Result<LeaseId> {
        self.shared.grant(ttl).await
    }

    async fn keep_alive(&self, id: &LeaseId) -> Result<()> {
        self.shared.keep_alive(id).await
    }

    async fn revoke(&self, id: &LeaseId) -> Result<()> {
        self.shared.revoke(id).await
    }

    async fn facts(&self) -> Result<Facts> {
        self.shared.facts().await
    }

    async fn close(&self) -> Result<()> {
        // Connections close with the client, and sessions end when nobody renews them.
        Ok(())
    }
}
