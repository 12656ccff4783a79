//! Signs of life.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use netkeep_model::{Alive, Gone, Timestamp};
use netkeep_store::datastore::Transaction;
use netkeep_store::{Kind, LeaseId};
use serde::{Deserialize, Serialize};

use crate::operation::Attempts;
use crate::site::Site;
use crate::{Error, Result};

/// How long the end of a lease may take when this host stops.
const PARTING: Duration = Duration::from_secs(1);

/// The sign of life of one run: a record that goes with a lease. That it is lost blocks nothing; it is given again.
#[derive(Debug)]
pub(crate) struct SignOfLife {
    ttl: Duration,
    lease: Mutex<Option<LeaseId>>,
    given: AtomicU64,
    lost: AtomicU64,
}

/// How the sign of life of a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignStatus {
    /// Whether it is given now, as far as this host knows.
    pub is_given: bool,
    /// How long it lives when nobody keeps it up.
    pub lease: Duration,
    /// How often it was given.
    pub given: u64,
    /// How often it was found lost.
    pub lost: u64,
}

impl SignOfLife {
    /// One that was not given yet, and lives for about `lease` when nobody keeps it up.
    pub(crate) fn new(site: &Site, lease: Duration) -> Self {
        let limits = site.store().info().limits;
        Self {
            ttl: lease.clamp(limits.lease_min, limits.lease_max),
            lease: Mutex::default(),
            given: AtomicU64::new(0),
            lost: AtomicU64::new(0),
        }
    }

    /// How long it lives when nobody keeps it up.
    pub(crate) fn ttl(&self) -> Duration {
        self.ttl
    }

    /// Gives it.
    ///
    /// # Errors
    ///
    /// What the store answers; that this run is over.
    pub(crate) async fn give(&self, site: &Site) -> Result<()> {
        let lease =
            site.store().grant(self.ttl).await.map_err(Error::from).inspect_err(|error| site.note(error))?;
        let mut attempts = Attempts::default();
        while let Err(error) = give(site, &lease.id).await {
            attempts.again(error).await?;
        }
        *self.lease() = Some(lease.id);
        self.given.fetch_add(1, Relaxed);
        Ok(())
    }

    /// Keeps it up, and gives it again when it was lost. Does not end.
    pub(crate) async fn keep(&self, site: &Site) {
        let longest = self.ttl / 3;
        let mut pause = longest / 4;
        loop {
            let kept = self.lease().clone();
            match kept {
                Some(lease) => {
                    tokio::time::sleep(longest.mul_f64(0.7 + 0.3 * rand::random::<f64>())).await;
                    if self.is_kept(site, &lease).await {
                        continue;
                    }
                    tracing::warn!(host = %site.actor.host, "the sign of life of this host is lost; it is given again");
                    *self.lease() = None;
                    self.lost.fetch_add(1, Relaxed);
                    pause = longest / 4;
                }
                None => pause = (pause * 2).min(longest),
            }
            // After an outage all hosts have lost theirs at once.
            tokio::time::sleep(pause.mul_f64(rand::random::<f64>())).await;
            if let Err(error) = self.give(site).await {
                tracing::warn!(%error, "this host gives no sign of life");
            }
        }
    }

    /// How it is.
    pub(crate) fn status(&self) -> SignStatus {
        SignStatus {
            is_given: self.lease().is_some(),
            lease: self.ttl,
            given: self.given.load(Relaxed),
            lost: self.lost.load(Relaxed),
        }
    }

    /// Takes it back: this host stops. Cancel safe.
    pub(crate) async fn end(&self, site: &Site) {
        let Some(lease) = self.lease().take() else { return };
        // It ends by itself if this does not succeed.
        drop(tokio::time::timeout(PARTING, site.store().revoke(&lease)).await);
    }

    /// Keeps it up once. False if it is gone for certain.
    async fn is_kept(&self, site: &Site, lease: &LeaseId) -> bool {
        match site.store().keep_alive(lease).await {
            Ok(()) => site.replica.read().tables.alive.contains_key(&site.actor.host),
            Err(error) if error.kind() == Kind::LeaseLost => false,
            Err(error) => {
                site.note(&error.into());
                true
            }
        }
    }

    fn lease(&self) -> MutexGuard<'_, Option<LeaseId>> {
        self.lease.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn give(site: &Site, lease: &LeaseId) -> Result<()> {
    let host = site.actor.host;
    let earlier = site.replica.read().tables.alive.get(&host).cloned();
    if let Some(earlier) = earlier {
        // A key keeps its lease, so the sign of an earlier run goes first.
        let mut tx = Transaction::new();
        tx.delete(&earlier)?;
        site.commit(tx).await?;
    }
    let mut tx = Transaction::new();
    let sign = Alive { incarnation: site.actor.incarnation, since: Timestamp::now() };
    tx.create_leased(&host, &sign, lease)?;
    match site.replica.read().tables.gone.get(&host) {
        Some(gone) => tx.delete(gone)?,
        None => tx.absent::<Gone>(&host)?,
    }
    site.commit(tx).await?;
    Ok(())
}
