//! The servers, as a remote store asks them.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use netkeep_store::remote::{Attempt, Facts, Outcome, Room, Server, Upstream};
use netkeep_store::{Entry, Key, LeaseId, Prefix, Result, Revision, Snapshot, StoreInfo};
use tokio::time::Instant;

use crate::ZooKeeperConfig;
use crate::connect::Door;
use crate::layout::Layout;
use crate::lease::{Leases, ended};
use crate::link::Link;
use crate::watch::ZooKeeperWatch;

/// How long `close` waits until the servers know that its sessions are over; later they end by themselves.
const FAREWELL: Duration = Duration::from_secs(1);

/// ZooKeeper servers, spoken to plainly. A [`RemoteStore`](netkeep_store::remote::RemoteStore) makes a store of them.
///
/// Needs a tokio runtime with time and I/O.
#[derive(Debug)]
pub struct ZooKeeperServer {
    info: StoreInfo,
    link: Arc<Link>,
    leases: Arc<Leases>,
}

impl ZooKeeperServer {
    /// The name of the backend, and the scheme of its URLs.
    pub const NAME: &'static str = "zookeeper";

    /// The servers of this configuration. Does not speak to them yet.
    ///
    /// # Errors
    ///
    /// [`Kind::Invalid`](netkeep_store::Kind::Invalid) names what in the configuration cannot be.
    pub fn new(config: &ZooKeeperConfig) -> Result<Self> {
        let door = Door::new(config)?;
        let info = StoreInfo {
            name: Self::NAME,
            endpoints: door.addresses().to_vec(),
            limits: config.limits(),
            leased: config.leased.clone(),
        };
        let link = Arc::new(Link::new(door, Layout::new(&config.root)));
        Ok(Self { info, link, leases: Arc::default() })
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl Server for ZooKeeperServer {
    fn info(&self) -> &StoreInfo {
        &self.info
    }

    fn tells_every_commit(&self) -> bool {
        false
    }

    async fn get(&self, room: Room, key: &Key) -> Result<Option<Entry>> {
        self.link.get(room, key).await
    }

    async fn list(&self, room: Room, prefix: &Prefix) -> Result<Snapshot> {
        self.link.list(room, prefix).await
    }

    async fn attempt(&self, attempt: &Attempt) -> Result<Outcome> {
        let lease = attempt.lease().map(|id| self.leases.get(id)).transpose()?;
        self.link.attempt(attempt, lease.as_deref()).await
    }

    async fn follow(&self, prefix: &Prefix, _: Option<Revision>) -> Result<Box<dyn Upstream>> {
        // Nobody remembers what was deleted, so nothing can be told of the time before.
        let watch = ZooKeeperWatch::begin(Arc::clone(&self.link), prefix).await?;
        Ok(Box::new(watch))
    }

    async fn grant(&self, ttl: Duration) -> Result<LeaseId> {
        self.leases.grant(&self.link, ttl).await
    }

    async fn keep_alive(&self, id: &LeaseId) -> Result<()> {
        self.leases.keep_alive(&self.link, id).await
    }

    async fn revoke(&self, id: &LeaseId) -> Result<()> {
        self.leases.revoke(&self.link, id).await
    }

    async fn facts(&self) -> Result<Facts> {
        self.link.facts().await
    }

    async fn close(&self) -> Result<()> {
        let client = self.link.close();
        let mut sessions = self.leases.end_all();
        sessions.extend(client.map(|client| client.state_watcher()));
        let deadline = Instant::now() + FAREWELL;
        for session in sessions {
            ended(session, deadline).await;
        }
        Ok(())
    }
}
