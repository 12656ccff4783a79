//! A store with its replica.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use netkeep_model::{BootId, HostRef, Mark, Place, RecordKind, Scope, Timestamp};
use netkeep_store::datastore::{Any, Datastore, Transaction};
use netkeep_store::{Applied, Guard, Key, Kind, Prefix, Revision, Store, Txn, Write};

use tokio::sync::watch;

use crate::fence::{Over, RunFence};
use crate::making::Making;
use crate::operation::ATTEMPTS;
use crate::queues::Queues;
use crate::replica::{Replica, State};
use crate::{Error, ErrorKind, Result, metrics};

/// How long the replica may take to hear what the store is known to hold.
const HEARING: Duration = Duration::from_secs(5);

/// One of the two stores, whichever it is; that a record goes where it belongs is seen to by [`Site::commit`].
#[derive(Debug)]
pub(crate) struct AnyStore(Arc<dyn Store>);

impl Datastore for AnyStore {
    type Home = Any;

    fn store(&self) -> &Arc<dyn Store> {
        &self.0
    }
}

/// A store, the replica that follows it, and the queues of those who change it.
#[derive(Debug)]
pub(crate) struct Site {
    store: AnyStore,
    /// The scope of the networks in it.
    pub(crate) scope: Scope,
    pub(crate) replica: Arc<Replica>,
    pub(crate) queues: Queues,
    /// This run of the controller.
    pub(crate) actor: HostRef,
    pub(crate) boot: BootId,
    /// What is being made on this host, and what was not made to its end.
    pub(crate) making: Making,
    /// Guarded by every commit: a later run on the same store shuts this one out.
    fence: RunFence,
    doubt: Mutex<Doubt>,
    settling: tokio::sync::Mutex<()>,
    /// Why the store could not be had last.
    trouble: watch::Sender<Option<Arc<str>>>,
}

/// What is not known of the commits of this run.
#[derive(Debug, Default)]
struct Doubt {
    /// The fence of commits that may have been made, or may still be.
    fence: Option<Guard>,
    /// They are settled, and the replica has not heard of all of them.
    unheard: Option<Revision>,
}

impl Site {
    /// The store that `fence` fences, with its replica.
    pub(crate) fn new(
        store: Arc<dyn Store>,
        scope: Scope,
        replica: Arc<Replica>,
        fence: RunFence,
        boot: BootId,
    ) -> Self {
        Self {
            store: AnyStore(store),
            scope,
            replica,
            queues: Queues::default(),
            making: Making::default(),
            actor: fence.actor(),
            boot,
            fence,
            doubt: Mutex::default(),
            settling: tokio::sync::Mutex::default(),
            trouble: watch::Sender::new(None),
        }
    }

    /// The records, to be read from the store itself.
    pub(crate) fn records(&self) -> &AnyStore {
        &self.store
    }

    pub(crate) fn store(&self) -> &Arc<dyn Store> {
        self.store.store()
    }

    /// Commits, and lays the commit over the replica. If the answer is lost it is learnt what became of the
    /// commit, and a commit that was not made is made again.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Conflict`] if others were met: what is decided next is decided from a replica that knows of
    /// them; [`ErrorKind::Unknown`] if it could not be learnt whether it was made;
    /// [`ErrorKind::Closed`] if another run has taken over; [`ErrorKind::Corrupt`] if a record that cannot be
    /// read is in the way; what the store answers.
    pub(crate) async fn commit(&self, transaction: Transaction<Any>) -> Result<Revision> {
        self.commit_txn(&transaction.into_txn()).await
    }

    /// As [`Site::commit`].
    pub(crate) async fn commit_txn(&self, txn: &Txn) -> Result<Revision> {
        self.check_place(txn)?;
        self.commit_anything(txn).await
    }

    /// As [`Site::commit`], of what may be no record at all.
    pub(crate) async fn commit_anything(&self, txn: &Txn) -> Result<Revision> {
        let outcome = self.try_commit(txn).await.inspect_err(|error| self.note(error));
        metrics::committed(self.scope, &outcome);
        outcome
    }

    async fn try_commit(&self, txn: &Txn) -> Result<Revision> {
        if self.settle().await? {
            return Err(Error::new(
                ErrorKind::Conflict,
                "it was learnt only now what became of an earlier commit, so this one is decided again",
            ));
        }
        let mut last = Error::internal("no attempt was made");
        for _ in 0..ATTEMPTS {
            let fence = self.fence.guard();
            // The fence first: a run that is over is told so, whatever else it meets.
            let fenced = txn.guards().iter().cloned().fold(Txn::new().guard(fence.clone()), Txn::guard);
            let fenced = txn.writes().iter().cloned().fold(fenced, Txn::write);
            match self.store().commit(&fenced).await {
                Ok(revision) => {
                    self.replica.applied(&fenced, revision);
                    return Ok(revision);
                }
                Err(error) if error.applied() == Applied::Unknown => {
                    if let Some(revision) = self.learn(&fenced, &fence, &error).await? {
                        self.replica.applied(&fenced, revision);
                        return Ok(revision);
                    }
                    last = Error::new(ErrorKind::Unavailable, format!("it was not made: {error}"))
                        .with_source(error);
                }
                Err(error) if error.kind() == Kind::Conflict => match error.failed_guard() {
                    Some(guard) if *guard == fence => {
                        self.fence.follow(&fence).await?;
                        last = error.into();
                    }
                    Some(guard) => return Err(self.met(&guard.clone(), error).await),
                    None => return Err(error.into()),
                },
                Err(error) => return Err(error.into()),
            }
        }
        Err(last)
    }

    /// Makes sure that no earlier commit of this run can still be made, and that the replica knows of those that
    /// were. Returns whether there was any doubt.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unavailable`] if that cannot be had; [`ErrorKind::Closed`] if another run has taken over.
    pub(crate) async fn settle(&self) -> Result<bool> {
        if !self.in_doubt() {
            return Ok(false);
        }
        let _settling = self.settling.lock().await;
        let used = self.doubt().fence.clone();
        if let Some(used) = used {
            let settled = self.fence.renew(&used).await.map_err(|error| {
                self.note(&error);
                let message = format!("it is not known yet what became of an earlier change: {error}");
                Error::new(unavailable(error.kind()), message).with_source(error)
            })?;
            let mut doubt = self.doubt();
            if doubt.fence.as_ref() == Some(&used) {
                doubt.fence = None;
            }
            doubt.unheard = doubt.unheard.max(Some(settled));
        }
        let unheard = self.doubt().unheard;
        if let Some(settled) = unheard {
            if !self.replica.hear(settled, HEARING).await {
                return Err(Error::new(
                    ErrorKind::Unavailable,
                    "what became of an earlier change was not heard of yet",
                ));
            }
            let mut doubt = self.doubt();
            if doubt.unheard == Some(settled) {
                doubt.unheard = None;
            }
        }
        Ok(true)
    }

    /// Waits until everything that was committed before is known here, and returns the revision up to which it is. That
    /// is learnt by a commit of one's own, which has to come back by the watch.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unavailable`] if that takes longer than `within`; what the store answers.
    pub(crate) async fn as_new_as_now(&self, within: Duration) -> Result<Revision> {
        let late =
            || Error::new(ErrorKind::Unavailable, format!("what is new was not heard of within {within:?}"));
        let begun = Instant::now();
        let newest = tokio::time::timeout(within, self.newest()).await;
        let newest = newest.map_err(|_| late()).flatten().inspect_err(|error| self.note(error))?;
        let left = within.saturating_sub(begun.elapsed());
        if self.replica.hear(newest, left).await { Ok(newest) } else { Err(late()) }
    }

    /// Waits until everything is known here that was committed together with a record of this revision: a watch may
    /// show one commit in several items, and what hangs on an object must not be judged by a part of it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unavailable`] if that takes too long.
    pub(crate) async fn whole(&self, revision: Revision) -> Result<()> {
        let known = self.replica.read().is_whole(revision);
        if known || self.replica.hear(revision, HEARING).await {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Unavailable,
            format!(
                "a change of another host is known here only in part, and the rest was not heard within {HEARING:?}"
            ),
        ))
    }

    /// Waits until the store could not be had, and returns why.
    ///
    /// Cancel safe.
    pub(crate) async fn troubled(&self) -> Arc<str> {
        let mut trouble = self.trouble.subscribe();
        let why = trouble.wait_for(Option::is_some).await.ok().and_then(|why| why.clone());
        why.unwrap_or_else(|| "it cannot be had".into())
    }

    /// Waits until it was found that this run is over, and returns why.
    ///
    /// Cancel safe.
    pub(crate) async fn over(&self) -> Over {
        self.fence.over().await
    }

    /// Asks the store once more. True if it could be had, and what was in doubt is settled; then the trouble is over.
    pub(crate) async fn probe(&self) -> bool {
        let asked = self.store().get(self.fence.guard().key()).await;
        let there = asked.is_ok() && self.settle().await.is_ok();
        if there {
            self.trouble.send_replace(None);
        }
        there
    }

    /// Notes that the store could not be had, if that is what the error says.
    pub(crate) fn note(&self, error: &Error) {
        let source = std::error::Error::source(error).and_then(|source| source.downcast_ref());
        let lost = source.is_some_and(|error: &netkeep_store::Error| error.kind() == Kind::LeaseLost);
        if matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Unknown) && !lost {
            self.trouble.send_replace(Some(error.to_string().into()));
        }
    }

    fn in_doubt(&self) -> bool {
        let doubt = self.doubt();
        doubt.fence.is_some() || doubt.unheard.is_some()
    }

    fn doubt(&self) -> std::sync::MutexGuard<'_, Doubt> {
        self.doubt.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What became of a commit whose answer was lost: its revision, or `None` if it was not made and never will
    /// be. What cannot be learnt stays in doubt.
    async fn learn(&self, txn: &Txn, fence: &Guard, lost: &netkeep_store::Error) -> Result<Option<Revision>> {
        let unknown = |error: Error| {
            let message = format!("it may have happened: {lost}; and then: {error}");
            Error::new(ErrorKind::Unknown, message).with_source(error)
        };
        let settled = match self.fence.renew(fence).await {
            Ok(settled) => settled,
            Err(error) => {
                self.doubt().fence = Some(fence.clone());
                return Err(unknown(error));
            }
        };
        self.fence.outcome(txn, settled).await.map_err(|error| {
            let mut doubt = self.doubt();
            doubt.unheard = doubt.unheard.max(Some(settled));
            unknown(error)
        })
    }

    /// What to say when others were met, once the replica knows of them.
    async fn met(&self, guard: &Guard, error: netkeep_store::Error) -> Error {
        if let Guard::Absent(key) = guard
            && let Some(unreadable) = self.unreadable(key)
        {
            return unreadable;
        }
        if let Some(since) = self.changed_by(guard.key()).await {
            self.replica.hear(since, HEARING).await;
        }
        self.replica.write().met(guard.key());
        if let Guard::Absent(key) = guard
            && let Some(unreadable) = self.unreadable(key)
        {
            return unreadable;
        }
        error.into()
    }

    /// A revision that the watch reaches, and by which it has told of the present state of `key`; `None` if the
    /// store does not say.
    async fn changed_by(&self, key: &Key) -> Option<Revision> {
        // A store on servers makes commits of its own, which no watch tells of.
        if self.scope == Scope::Global
            && let Some(found) = self.store().get(key).await.ok()?
        {
            return Some(found.revision);
        }
        self.newest().await.ok()
    }

    /// A revision that the watch reaches, up to which everything that was committed before is told of then.
    async fn newest(&self) -> Result<Revision> {
        if self.scope == Scope::Local {
            // Nothing is below the key of a record: only the revision is asked for.
            let below = Prefix::parse(self.fence.guard().key().as_str())?;
            return Ok(self.store().list(&below).await?.revision);
        }
        let mark = Mark { incarnation: self.actor.incarnation, at: Timestamp::now() };
        let mut written = Transaction::<Any>::new();
        written.create(&self.actor.host, &mark)?;
        let written = written.into_txn();
        for _ in 0..ATTEMPTS {
            // Nobody else writes it, so whatever stands there goes.
            let fence = self.fence.guard();
            let marked = written.writes().iter().cloned().fold(Txn::new().guard(fence.clone()), Txn::write);
            match self.store().commit(&marked).await {
                Err(error) if error.failed_guard() == Some(&fence) => self.fence.follow(&fence).await?,
                answer => return Ok(answer?),
            }
        }
        Err(Error::new(ErrorKind::Unavailable, "the record of this host is written again and again"))
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

    /// True if the run that acts is over: in the store of this host every one but this is; in the global one those
    /// of this host before this one, and those of other hosts that began again or were evicted.
    pub(crate) fn is_dead(&self, state: &State, actor: HostRef) -> bool {
        state.is_over(actor, self.actor)
    }

    /// Refuses what belongs into the other store.
    fn check_place(&self, txn: &Txn) -> Result<()> {
        let other = match self.scope {
            Scope::Local => Place::Global,
            Scope::Global => Place::Local,
        };
        let written = txn.writes().iter().map(Write::key);
        let mut keys = txn.guards().iter().map(Guard::key).chain(written);
        match keys.find(|key| RecordKind::of_key(key).is_none_or(|kind| kind.place == other)) {
            None => Ok(()),
            Some(key) => Err(Error::internal(format!("{key} has no place in the {} store", self.scope))),
        }
    }
}

/// An earlier change is not the one that is asked for now, of which it is certain that nothing happened.
fn unavailable(kind: ErrorKind) -> ErrorKind {
    match kind {
        ErrorKind::Unknown | ErrorKind::Conflict => ErrorKind::Unavailable,
        kind => kind,
    }
}

#[cfg(test)]
mod tests;
