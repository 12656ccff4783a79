//! What shuts this run out once another one has begun, and shuts out a commit of which nobody hears.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use netkeep_drivers::registry::Fence;
use netkeep_model::{Host, HostRef, ThisHost};
use netkeep_store::datastore::{Record, Versioned};
use netkeep_store::{Entry, Guard, Key, Kind, Revision, Store, Txn};
use tokio::sync::watch;

use crate::{Error, ErrorKind, Result};

/// The longest pause between two tries.
const MAX_PAUSE: Duration = Duration::from_millis(100);

/// A record that each run of a host writes once more, in its own store or in the global one.
pub(crate) trait RunRecord: Record {
    /// How long its store is waited for. The store of a host has nobody else to wait for; a store on servers has
    /// tried long enough itself before it says that it does not know.
    const PATIENCE: Duration;

    /// The run that has written it.
    fn run(read: &Versioned<Self>) -> HostRef;

    /// Why that run is over all the same, if it is.
    fn over(&self) -> Option<Over>;
}

/// Why a run may no longer write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Over {
    /// Another run of this host has begun.
    Begun,
    /// The host was evicted; it may begin again.
    Evicted,
}

impl RunRecord for ThisHost {
    const PATIENCE: Duration = Duration::from_secs(20);

    fn run(read: &Versioned<Self>) -> HostRef {
        HostRef { host: read.record.host, incarnation: read.record.incarnation }
    }

    fn over(&self) -> Option<Over> {
        None
    }
}

impl RunRecord for Host {
    const PATIENCE: Duration = Duration::from_secs(5);

    fn run(read: &Versioned<Self>) -> HostRef {
        HostRef { host: read.id, incarnation: read.record.incarnation }
    }

    fn over(&self) -> Option<Over> {
        self.is_evicted().then_some(Over::Evicted)
    }
}

/// The guard of every commit of this run to one store: the record of this host is as this run has written it last.
/// In the store of this host that is [`ThisHost`], in the global one its [`Host`].
///
/// The next run writes that record, and then no commit of this one succeeds. This run writes it too when it has
/// lost the answer to a commit: what was not made by then never will be, and what was can be read. An eviction writes
/// it too, and ends the run.
#[derive(Debug)]
pub(crate) struct RunFence {
    store: Arc<dyn Store>,
    key: Key,
    actor: HostRef,
    /// Why this run is over, by the guarded record. One that cannot be read was not written by it.
    judge: fn(&Entry, HostRef) -> Option<Over>,
    over: watch::Sender<Option<Over>>,
    /// How long a store that cannot be had is tried again before the answer is that nothing is known.
    patience: Duration,
    /// The drivers' commits have the same guard.
    drivers: Option<Fence>,
    revision: Mutex<Revision>,
    renewing: tokio::sync::Mutex<()>,
}

impl RunFence {
    /// The fence of the run that has written `host`.
    pub(crate) fn new<T: RunRecord>(
        store: Arc<dyn Store>,
        drivers: Fence,
        host: &Versioned<T>,
    ) -> Result<Self> {
        let fence = Self {
            store,
            key: T::key(&host.id)?,
            actor: T::run(host),
            judge: |entry, run| match Versioned::<T>::read(entry) {
                Ok(read) if T::run(&read) == run => read.record.over(),
                _ => Some(Over::Begun),
            },
            over: watch::Sender::new(None),
            patience: T::PATIENCE,
            drivers: Some(drivers.clone()),
            revision: Mutex::new(host.revision()),
            renewing: tokio::sync::Mutex::default(),
        };
        drivers.begin(vec![fence.guard()])?;
        Ok(fence)
    }

    /// A fence that nothing passes: for what is only read.
    pub(crate) fn closed(store: Arc<dyn Store>, actor: HostRef) -> Result<Self> {
        Ok(Self {
            store,
            key: Host::key(&actor.host)?,
            actor,
            judge: |_, _| Some(Over::Begun),
            over: watch::Sender::new(None),
            patience: Host::PATIENCE,
            drivers: None,
            revision: Mutex::new(Revision::ZERO),
            renewing: tokio::sync::Mutex::default(),
        })
    }

    /// This run.
    pub(crate) fn actor(&self) -> HostRef {
        self.actor
    }

    /// What a commit guards now.
    pub(crate) fn guard(&self) -> Guard {
        Guard::Unchanged(self.key.clone(), *self.revision.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until it was found that this run is over, and returns why.
    ///
    /// Cancel safe.
    pub(crate) async fn over(&self) -> Over {
        let mut over = self.over.subscribe();
        let why = over.wait_for(Option::is_some).await.ok().and_then(|why| *why);
        // The sender is in self.
        why.unwrap_or(Over::Begun)
    }

    /// After a commit was refused by `used`: returns `Ok` if that was because this run itself has written the
    /// record again, so that the commit can be made under the new guard.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Closed`] if another run has begun; [`ErrorKind::Unavailable`] if this host was evicted; what the
    /// store answers.
    pub(crate) async fn follow(&self, used: &Guard) -> Result<()> {
        let _renewing = self.renewing.lock().await;
        if self.guard() != *used {
            return Ok(());
        }
        let found = self.own().await?;
        self.set(found.revision)
    }

    /// Writes the record of this host once more, and returns the revision up to which every commit that guards
    /// `used` is settled: it was made by then, or never will be.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Closed`] if another run has begun; [`ErrorKind::Unavailable`] if this host was evicted, or if the
    /// store cannot be had for long; what else the store answers.
    pub(crate) async fn renew(&self, used: &Guard) -> Result<Revision> {
        let renewed = tokio::time::timeout(self.patience, async {
            let _renewing = self.renewing.lock().await;
            // A driver's commit that meets the new revision waits for it to be known.
            let _change = self.drivers.as_ref().map(Fence::change);
            let mut pause = Duration::from_millis(2);
            loop {
                match self.renew_once(used).await {
                    Err(error) if self.over.borrow().is_some() => return Err(error),
                    Err(error) if matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Unknown) => {
                        tracing::warn!(%error, "what became of a commit is not known yet");
                    }
                    Err(error) if error.kind() == ErrorKind::Conflict => {}
                    settled => return settled,
                }
                tokio::time::sleep(pause.mul_f64(rand::random::<f64>())).await;
                pause = (pause * 2).min(MAX_PAUSE);
            }
        });
        renewed.await.unwrap_or_else(|_| {
            Err(Error::new(
                ErrorKind::Unavailable,
                format!("the store did not say within {:?} what became of a commit", self.patience),
            ))
        })
    }

    async fn renew_once(&self, used: &Guard) -> Result<Revision> {
        // Another one who waits for the same, or an earlier try of which nobody has heard, may have done it.
        let known = self.guard();
        if known != *used {
            return Ok(revision(&known));
        }
        let found = self.own().await?;
        if used.holds(Some(found.revision)) {
            let txn = Txn::new().guard(used.clone()).put(self.key.clone(), found.value);
            let revision = self.store.commit(&txn).await?;
            self.set(revision)?;
            return Ok(revision);
        }
        self.set(found.revision)?;
        Ok(found.revision)
    }

    /// The record of this host, which this run has written.
    async fn own(&self) -> Result<Entry> {
        let found = self.store.get(&self.key).await?;
        let over = found.as_ref().map_or(Some(Over::Begun), |found| (self.judge)(found, self.actor));
        match (over, found) {
            (None, Some(found)) => Ok(found),
            (over, _) => {
                self.over.send_replace(over);
                Err(match over {
                    Some(Over::Evicted) => Error::new(
                        ErrorKind::Unavailable,
                        "this host was evicted, and begins again; what it had here is released",
                    ),
                    _ => Error::new(ErrorKind::Closed, "another controller has taken over this store"),
                })
            }
        }
    }

    fn set(&self, revision: Revision) -> Result<()> {
        *self.revision.lock().unwrap_or_else(PoisonError::into_inner) = revision;
        self.drivers.as_ref().map_or(Ok(()), |drivers| Ok(drivers.set(vec![self.guard()])?))
    }

    /// What became of `txn`, whose fence was renewed meanwhile at `settled`: the revision at which it was made,
    /// or `None` if it never will be.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unknown`] if everything that it would have written was changed by others since; what the
    /// store answers.
    pub(crate) async fn outcome(&self, txn: &Txn, settled: Revision) -> Result<Option<Revision>> {
        let mut gone = true;
        for write in txn.writes() {
            let found = self.read(write.key()).await?;
            let revision = found.as_ref().map(|entry| entry.revision);
            let guards = txn.guards().iter().filter(|guard| guard.key() == write.key());
            if guards.into_iter().any(|guard| guard.holds(revision)) {
                return Ok(None);
            }
            match (write, found) {
                (netkeep_store::Write::Put { value, .. }, Some(entry)) if entry.value == *value => {
                    return Ok(Some(entry.revision));
                }
                (netkeep_store::Write::Delete(_), None) => {}
                _ => gone = false,
            }
        }
        if gone {
            return Ok(Some(settled));
        }
        Err(Error::new(ErrorKind::Unknown, "others have changed everything that it was to write"))
    }

    /// Reads, again if the store cannot be had, up to a deadline.
    async fn read(&self, key: &Key) -> Result<Option<Entry>> {
        let read = tokio::time::timeout(self.patience, async {
            loop {
                match self.store.get(key).await {
                    Err(error) if error.kind() == Kind::Unavailable => {
                        tokio::time::sleep(MAX_PAUSE.mul_f64(rand::random::<f64>())).await;
                    }
                    answer => return answer,
                }
            }
        });
        match read.await {
            Ok(answer) => Ok(answer?),
            Err(_) => {
                Err(Error::new(ErrorKind::Unavailable, format!("no answer within {:?}", self.patience)))
            }
        }
    }
}

fn revision(guard: &Guard) -> Revision {
    match guard {
        Guard::Unchanged(_, revision) => *revision,
        Guard::Absent(_) => Revision::ZERO,
    }
}
