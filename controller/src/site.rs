//! A store with its replica.

use std::sync::Arc;

use netkeep_model::{BootId, HostRef, ThisHost};
use netkeep_store::datastore::{Local, LocalDatastore, Record, Transaction, Versioned};
use netkeep_store::{Guard, Key, Kind, Revision, Store, Txn};

use crate::making::Making;
use crate::queues::Queues;
use crate::replica::Replica;
use crate::{Error, ErrorKind, Result};

/// The store of this host, the replica that follows it, and the queues of those who change it.
#[derive(Debug)]
pub(crate) struct Site {
    local: Arc<dyn LocalDatastore>,
    pub(crate) replica: Arc<Replica>,
    pub(crate) queues: Queues,
    /// This run of the controller.
    pub(crate) actor: HostRef,
    pub(crate) boot: BootId,
    /// Networks that are being made on this host.
    pub(crate) making: Making,
    /// Guarded by every commit: a later run on the same store shuts this one out.
    fence: Guard,
}

impl Site {
    pub(crate) fn new(
        local: Arc<dyn LocalDatastore>,
        replica: Arc<Replica>,
        host: &Versioned<ThisHost>,
    ) -> Result<Self> {
        Ok(Self {
            local,
            replica,
            queues: Queues::default(),
            making: Making::default(),
            actor: HostRef { host: host.record.host, incarnation: host.record.incarnation },
            boot: host.record.boot.clone(),
            fence: Guard::Unchanged(ThisHost::key(&host.id)?, host.revision()),
        })
    }

    pub(crate) fn local(&self) -> &Arc<dyn LocalDatastore> {
        &self.local
    }

    pub(crate) fn store(&self) -> &Arc<dyn Store> {
        self.local.store()
    }

    /// What every commit of this run guards.
    pub(crate) fn fence(&self) -> &Guard {
        &self.fence
    }

    /// Commits, and lays the commit over the replica.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Closed`] if another run has taken over; [`ErrorKind::Corrupt`] if a record that cannot be
    /// read is in the way; what the store answers.
    pub(crate) async fn commit(&self, transaction: Transaction<Local>) -> Result<Revision> {
        self.commit_txn(&transaction.into_txn()).await
    }

    /// As [`Site::commit`].
    pub(crate) async fn commit_txn(&self, txn: &Txn) -> Result<Revision> {
        // The fence first: a run that is over is told so, whatever else it meets.
        let fenced = txn.guards().iter().cloned().fold(Txn::new().guard(self.fence.clone()), Txn::guard);
        let txn = txn.writes().iter().cloned().fold(fenced, Txn::write);
        match self.store().commit(&txn).await {
            Ok(revision) => {
                self.replica.applied(&txn, revision);
                Ok(revision)
            }
            Err(error) if error.kind() == Kind::Conflict && error.failed_guard() == Some(&self.fence) => {
                Err(Error::new(ErrorKind::Closed, "another controller has taken over this store")
                    .with_source(error))
            }
            Err(error) => match error.failed_guard() {
                Some(Guard::Absent(key)) => Err(self.unreadable(key).unwrap_or_else(|| error.into())),
                _ => Err(error.into()),
            },
        }
    }

    /// What to say of a record that is in the way and cannot be read: trying again does not help.
    fn unreadable(&self, key: &Key) -> Option<Error> {
        let state = self.replica.read();
        let unreadable = state.tables.unreadable.get(key)?;
        Some(Error::new(
            ErrorKind::Corrupt,
            format!("{key} is in the way and cannot be read: {}; restore it or remove it", unreadable.reason),
        ))
    }

    /// True if the run that acts is over: only this one acts in the store of this host.
    pub(crate) fn is_dead(&self, actor: HostRef) -> bool {
        actor != self.actor
    }
}
