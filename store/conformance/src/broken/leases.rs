//! Leases that are not what they were granted as.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::FutureExt;
use netkeep_store::{Guard, Kind, Lease, LeaseId, Result, Revision, Store, Txn, Write};
use tokio::task::{JoinSet, yield_now};

use super::notes::lock;
use super::{Broken, Defect};

/// Renews leases in the background, until it is dropped.
#[derive(Debug, Default)]
pub(super) struct Keepers(std::sync::Mutex<JoinSet<()>>);

impl Keepers {
    /// Renews `lease` for ever.
    pub(super) fn keep(&self, store: &Arc<dyn Store>, lease: &Lease) {
        let (store, id, pause) = (Arc::clone(store), lease.id.clone(), lease.ttl / 4);
        lock(&self.0).spawn(async move {
            while store.keep_alive(&id).await.is_ok() {
                tokio::time::sleep(pause).await;
            }
        });
    }
}

impl Broken {
    /// Grants with the defect of this store.
    pub(super) async fn grant_badly(&self, ttl: Duration) -> Result<Lease> {
        let limits = &self.inner.info().limits;
        let other = match self.defect {
            Defect::LeasesEndEarly => (ttl / 3).max(limits.lease_min),
            Defect::GrantsAnyTtl => ttl.clamp(limits.lease_min, limits.lease_max),
            _ => ttl,
        };
        let mut lease = Lease { ttl, ..self.inner.grant(other).await? };
        match self.defect {
            Defect::LeasesNeverEnd => self.keepers.keep(&self.inner, &lease),
            Defect::LeasesOutliveHandles => lock(&self.notes.granted).push(lease.clone()),
            Defect::SharesLeases => {
                lock(&self.siblings.granters).insert(lease.id.clone(), Arc::clone(&self.inner));
            }
            Defect::NamesLeasesAgain => {
                let name = LeaseId::new(self.siblings.named.fetch_add(1, Ordering::SeqCst).to_string());
                lock(&self.notes.names).insert(name.clone(), lease.id);
                lease.id = name;
            }
            _ => {}
        }
        Ok(lease)
    }

    /// Renews with the defect of this store.
    pub(super) async fn keep_alive_badly(&self, id: &LeaseId) -> Result<()> {
        match self.defect {
            Defect::RenewsWhatHasEnded => match self.inner.keep_alive(id).await {
                Err(error) if error.kind() == Kind::LeaseLost => Ok(()),
                other => other,
            },
            Defect::DroppedRenewalsEndLeases => {
                let mut renewal = Renewal { store: &self.inner, id, done: false };
                yield_now().await;
                renewal.done = true;
                self.inner.keep_alive(id).await
            }
            _ => self.granter(id).keep_alive(&self.inner_name(id)).await,
        }
    }

    /// Revokes with the defect of this store.
    pub(super) async fn revoke_badly(&self, id: &LeaseId) -> Result<()> {
        if self.defect == Defect::IgnoresRevocations {
            return Ok(());
        }
        self.granter(id).revoke(&self.inner_name(id)).await?;
        let held = lock(&self.notes.held).remove(id).unwrap_or_default();
        if !held.is_empty() {
            self.inner.commit(&held.into_iter().fold(Txn::new(), Txn::delete)).await?;
        }
        Ok(())
    }

    /// Commits leased entries with the defect of this store.
    pub(super) async fn lease_badly(&self, txn: &Txn) -> Result<Revision> {
        match self.defect {
            Defect::LeasesTakeWhatTheyHad => {
                let revision = self.inner.commit(txn).await?;
                if let Some(id) = txn.lease() {
                    lock(&self.notes.held).entry(id.clone()).or_default().extend(leased_keys(txn));
                }
                Ok(revision)
            }
            Defect::LeasesChangeHands => self.take_over(txn).await,
            Defect::GivesALockTwice => {
                let asked = txn.guards().iter().filter(|guard| !self.creates_a_lock(guard));
                let taking = asked.cloned().fold(Txn::new(), Txn::guard);
                self.take_over(&txn.writes().iter().cloned().fold(taking, Txn::write)).await
            }
            Defect::GivesALockOnce => {
                let locks: Vec<&Guard> =
                    txn.guards().iter().filter(|guard| self.creates_a_lock(guard)).collect();
                let again = locks.iter().find(|guard| lock(&self.notes.given).contains(guard.key()));
                if let Some(again) = again {
                    return Err(netkeep_store::Error::conflict((*again).clone()));
                }
                let revision = self.inner.commit(txn).await?;
                lock(&self.notes.given).extend(locks.into_iter().map(|guard| guard.key().clone()));
                Ok(revision)
            }
            _ => self.inner.commit(txn).await,
        }
    }

    /// Commits, and if a lease is in the way, removes what has it.
    async fn take_over(&self, txn: &Txn) -> Result<Revision> {
        match self.inner.commit(txn).await {
            Err(error) if error.kind() == Kind::Invalid && txn.lease().is_some() => {
                self.inner.commit(&leased_keys(txn).into_iter().fold(Txn::new(), Txn::delete)).await?;
                self.inner.commit(txn).await
            }
            other => other,
        }
    }

    fn creates_a_lock(&self, guard: &Guard) -> bool {
        matches!(guard, Guard::Absent(key) if self.is_leased(key))
    }

    /// The store that is asked about a lease.
    fn granter(&self, id: &LeaseId) -> Arc<dyn Store> {
        lock(&self.siblings.granters).get(id).unwrap_or(&self.inner).clone()
    }

    /// What the store below calls a lease.
    fn inner_name(&self, id: &LeaseId) -> LeaseId {
        lock(&self.notes.names).get(id).unwrap_or(id).clone()
    }
}

/// The keys that are put with a lease.
fn leased_keys(txn: &Txn) -> Vec<netkeep_store::Key> {
    let leased = txn.writes().iter().filter(|write| matches!(write, Write::Put { lease: Some(_), .. }));
    leased.map(|write| write.key().clone()).collect()
}

/// A renewal under way, which ends the lease if it is given up.
struct Renewal<'a> {
    store: &'a Arc<dyn Store>,
    id: &'a LeaseId,
    done: bool,
}

impl Drop for Renewal<'_> {
    fn drop(&mut self) {
        if !self.done {
            // The store below ends it at the first poll, or goes on without us.
            drop(self.store.revoke(self.id).now_or_never());
        }
    }
}
