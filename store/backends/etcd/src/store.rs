//! The servers as the shared half of remote stores wants them.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use netkeep_store::remote::{Attempt, Facts, Outcome, Room, Server, Upstream};
use netkeep_store::{Entry, Key, LeaseId, Limits, Prefix, Result, Revision, Snapshot, StoreInfo};

use crate::error::Fault;
use crate::keys::Keys;
use crate::pool::Pool;
use crate::watch::EtcdUpstream;
use crate::{EtcdConfig, lease, list, txn};

/// A cluster of etcd, spoken to plainly: see [`Server`].
#[derive(Debug)]
pub struct EtcdServer {
    info: StoreInfo,
    keys: Keys,
    pool: Arc<Pool>,
}

impl EtcdServer {
    /// What stores of this sort call themselves, and the scheme of their URLs.
    pub const NAME: &'static str = "etcd";

    /// The servers of `config`. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`Kind::Invalid`](netkeep_store::Kind::Invalid) if `config` names no endpoint, or a time out of bounds.
    pub fn new(config: &EtcdConfig) -> Result<Self> {
        Ok(Self {
            info: StoreInfo {
                name: Self::NAME,
                endpoints: config.uris(),
                limits: Limits { lease_min: lease::SHORTEST, lease_slack: lease::SLACK, ..Limits::PORTABLE },
                leased: config.leased.clone(),
            },
            keys: Keys::below(&config.root),
            pool: Arc::new(Pool::new(config)?),
        })
    }
}

#[async_trait]
impl Server for EtcdServer {
    fn info(&self) -> &StoreInfo {
        &self.info
    }

    fn tells_every_commit(&self) -> bool {
        true
    }

    async fn get(&self, room: Room, key: &Key) -> Result<Option<Entry>> {
        list::get(&self.pool, &self.keys, room, key).await
    }

    async fn list(&self, room: Room, prefix: &Prefix) -> Result<Snapshot> {
        list::list(&self.pool, &self.keys, room, prefix).await
    }

    async fn attempt(&self, attempt: &Attempt) -> Result<Outcome> {
        txn::attempt(&self.pool, &self.keys, attempt).await
    }

    async fn follow(&self, prefix: &Prefix, after: Option<Revision>) -> Result<Box<dyn Upstream>> {
        let pool = Arc::clone(&self.pool);
        Ok(Box::new(EtcdUpstream::open(pool, self.keys.clone(), prefix.clone(), after).await?))
    }

    async fn grant(&self, ttl: Duration) -> Result<LeaseId> {
        lease::grant(&self.pool, ttl).await
    }

    async fn keep_alive(&self, id: &LeaseId) -> Result<()> {
        lease::keep_alive(&self.pool, id).await
    }

    async fn revoke(&self, id: &LeaseId) -> Result<()> {
        lease::revoke(&self.pool, id).await
    }

    async fn facts(&self) -> Result<Facts> {
        let revision = list::revision(&self.pool, &self.keys).await?;
        let status =
            self.pool.ask(async move |mut at| at.client.status().await).await.map_err(Fault::of_read)?;
        // Who may read the keys need not be allowed to see the members.
        let members = self.pool.ask(async move |mut at| at.client.member_list().await).await.ok();
        let leader = match &members {
            Some(members) if members.members().len() == 1 => None,
            Some(members) => members
                .members()
                .iter()
                .find(|member| member.id() == status.leader())
                .map(|member| member.name().to_owned()),
            None => None,
        };
        Ok(Facts { revision, leader, server_version: status.version().to_owned() })
    }

    async fn close(&self) -> Result<()> {
        self.pool.disconnect();
        Ok(())
    }
}
