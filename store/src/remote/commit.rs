//! A commit, and what became of it.

use std::sync::Arc;

use tokio::time::{Instant, sleep};

use super::engine::Engine;
use super::own::{IdentityRecord, SlotRecord, identity_key, run_key};
use super::session::{Session, guarded_put, replaced, suspected, unavailable, wiped};
use super::slots::Slot;
use super::{Attempt, Backoff, Outcome, Room};
use crate::{Applied, Entry, Error, Key, Kind, Result, Revision, Txn};

/// What a slot says of the operation that was to write it.
enum Found {
    /// It has written the slot, in this commit.
    Applied(Revision),
    /// Somebody else's write is in its place: it never will.
    Overwritten,
    /// It has not yet.
    Pending,
}

impl Engine {
    /// Makes one commit, and learns what became of it. Must not be dropped before it ends.
    ///
    /// Reading back what the commit was to write would not do: what is absent may still be under way. So every
    /// commit also writes a slot that nobody else writes; one that the next write of the slot has overtaken can
    /// never happen.
    pub(super) async fn commit(self: &Arc<Self>, entries: Txn) -> Result<Revision> {
        self.commit_after(entries).await.map(|(_, revision)| revision)
    }

    /// As [`commit`](Engine::commit); tells the commit that wrote the slot before, too.
    async fn commit_after(self: &Arc<Self>, entries: Txn) -> Result<(Revision, Revision)> {
        let session = self.session().await?;
        let mut slot = session.slots.take().await;
        // The store may have been restored while an outcome was sought, and this slot may be too old to tell.
        if let Some((key, left_at)) = session.slots.newest_doubted()
            && let Err(error) = self.look_back(&session, &key, left_at).await
        {
            slot.give_back();
            return Err(error);
        }
        // A slot that is made now says nothing of what was before.
        let before = slot.revision.unwrap_or_default();
        if slot.revision.is_none()
            && let Err(error) = self.make(&session, &mut slot).await
        {
            // One that may be under way does no harm: making it again overwrites it.
            slot.give_back();
            return Err(error);
        }
        let ours = SlotRecord { run: self.run, operation: self.next_operation() };
        let own = guarded_put(&slot.key, slot.revision, &ours).unchanged(identity_key(), session.identity_at);
        let attempt = Attempt { entries, own };
        match self.server.attempt(&attempt).await {
            Ok(Outcome::Committed(revision)) => {
                slot.written(revision);
                slot.give_back();
                Ok((before, revision))
            }
            Ok(Outcome::Refused(Room::Entries, guard)) => {
                slot.give_back();
                Err(Error::conflict(guard))
            }
            Ok(Outcome::Refused(Room::Own, _)) => Err(self.judge(&session, slot).await),
            Err(error) if error.applied() == Applied::No => {
                slot.give_back();
                Err(error)
            }
            Err(error) => {
                let revision = self.settle(&session, slot, ours.operation, error).await?;
                Ok((before, revision))
            }
        }
    }

    /// Writes a slot and nothing else, so that this client is known to have been here.
    pub(super) async fn refresh(self: &Arc<Self>) -> Result<()> {
        self.commit(Txn::new()).await.map(|_| ())
    }

    /// Makes sure that the store is still the one that it was. True if a watch that has told everything up to
    /// `delivered` may go on from there.
    pub(super) async fn verify(self: &Arc<Self>, delivered: Revision) -> Result<bool> {
        let (before, _) = self.commit_after(Txn::new()).await?;
        Ok(before >= delivered)
    }

    /// Makes a slot, by a commit of its own, so that a commit never rests on the absence of one.
    async fn make(&self, session: &Arc<Session>, slot: &mut Slot) -> Result<()> {
        let client = self.config.client_state.client();
        let ours = SlotRecord { run: self.run, operation: 0 };
        let mut own = guarded_put(&slot.key, None, &ours).unchanged(identity_key(), session.identity_at);
        if let Some(run_at) = session.run_at {
            own = own.unchanged(run_key(client), run_at);
        }
        match self.write_own(slot.key.clone(), own).await {
            Ok((entry, true)) => slot.written(entry.revision),
            Ok((entry, false)) if SlotRecord::read(&entry)?.run == self.run => slot.written(entry.revision),
            Ok(_) => {
                let error = taken_over();
                self.refuse(&error, true);
                return Err(error);
            }
            // Absent though its guard was refused: the identity or the run has changed.
            Err(error) => {
                self.look_at_identity(session).await?;
                self.look_at_run(session).await?;
                return Err(error);
            }
        }
        Ok(())
    }

    /// Seeks the outcome of a commit whose answer was lost. A slot whose outcome stays unknown is settled in the
    /// background.
    async fn settle(
        self: &Arc<Self>,
        session: &Arc<Session>,
        mut slot: Slot,
        operation: u64,
        lost: Error,
    ) -> Result<Revision> {
        slot.doubt();
        let deadline = Instant::now() + self.config.settle;
        match self.outcome(session, &mut slot, operation, Some(deadline)).await {
            Ok(Some(found)) => {
                let looked = self.look_at_newest(session).await;
                slot.give_back();
                match (looked, found) {
                    (Err(error), Found::Applied(_)) => Err(error.with_unknown_outcome()),
                    (Err(error), _) => Err(error),
                    (Ok(()), Found::Applied(revision)) => Ok(revision),
                    (Ok(()), _) => Err(Error::new(
                        Kind::Unavailable,
                        "the answer was lost, and the commit did not happen",
                    )
                    .with_source(lost)),
                }
            }
            Ok(None) => {
                let (engine, session) = (Arc::clone(self), Arc::clone(session));
                tokio::spawn(async move {
                    match engine.outcome(&session, &mut slot, operation, None).await {
                        Ok(Some(_)) => {
                            // What was seen is said to whoever calls next.
                            drop(engine.look_at_newest(&session).await);
                            slot.give_back();
                        }
                        Ok(None) => {}
                        Err(_) => drop(engine.judge(&session, slot).await),
                    }
                });
                Err(lost.with_unknown_outcome())
            }
            Err(_) => Err(self.judge(session, slot).await.with_unknown_outcome()),
        }
    }

    /// What became of `operation`; `None` if that could not be learnt in time. An error says that the slot is not
    /// as it was left.
    async fn outcome(
        &self,
        session: &Session,
        slot: &mut Slot,
        operation: u64,
        deadline: Option<Instant>,
    ) -> Result<Option<Found>> {
        let mut backoff = Backoff::default();
        loop {
            if let Ok(entry) = self.server.get(Room::Own, &slot.key).await {
                match self.found(entry, slot, operation)? {
                    Found::Pending => {
                        let void = SlotRecord { run: self.run, operation: self.next_operation() };
                        let own = guarded_put(&slot.key, slot.revision, &void)
                            .unchanged(identity_key(), session.identity_at);
                        let attempt = Attempt { entries: Txn::new(), own };
                        match self.server.attempt(&attempt).await {
                            Ok(Outcome::Committed(revision)) => {
                                slot.written(revision);
                                return Ok(Some(Found::Overwritten));
                            }
                            Ok(Outcome::Refused(_, guard)) if *guard.key() == identity_key() => {
                                return Err(suspected(&session.identity));
                            }
                            // The slot was written meanwhile, or this answer is lost too.
                            Ok(Outcome::Refused(..)) | Err(_) => {}
                        }
                    }
                    found => return Ok(Some(found)),
                }
            }
            let pause = backoff.pause();
            if deadline.is_some_and(|deadline| Instant::now() + pause >= deadline) || self.over.is_cancelled()
            {
                return Ok(None);
            }
            sleep(pause).await;
        }
    }

    fn found(&self, entry: Option<Entry>, slot: &mut Slot, operation: u64) -> Result<Found> {
        let Some(entry) = entry else { return Err(unavailable("the slot is gone")) };
        if Some(entry.revision) == slot.revision {
            return Ok(Found::Pending);
        }
        let record = SlotRecord::read(&entry)?;
        if Some(entry.revision) < slot.revision || record.run != self.run {
            return Err(unavailable("the slot was written by another"));
        }
        slot.written(entry.revision);
        let applied = record.operation == operation;
        Ok(if applied { Found::Applied(entry.revision) } else { Found::Overwritten })
    }

    /// Why a guard of our own did not hold: says so, and draws the consequence.
    async fn judge(self: &Arc<Self>, session: &Arc<Session>, slot: Slot) -> Error {
        let error = match self.look_at_identity(session).await {
            Ok(()) => match self.look_at_run(session).await {
                Ok(()) => self.look_at_slot(session, &slot).await,
                Err(error) => error,
            },
            Err(error) => error,
        };
        slot.give_back();
        error
    }

    /// Compares the identity with what the session knows. An error says what is wrong, or that it cannot be told.
    async fn look_at_identity(&self, session: &Arc<Session>) -> Result<()> {
        let error = match self.server.get(Room::Own, &identity_key()).await? {
            None => wiped(&session.identity),
            Some(entry) if entry.revision == session.identity_at => return Ok(()),
            Some(entry) => {
                let record = IdentityRecord::read(&entry)?;
                if record.identity.id != session.identity.id {
                    replaced(format!(
                        "store {} has taken the place of store {}",
                        record.identity.id, session.identity.id
                    ))
                } else if record.suspect {
                    suspected(&record.identity)
                } else if record.identity.epoch > session.identity.epoch {
                    self.forget(session);
                    return Err(unavailable(
                        "the store was accepted in a new epoch; this client begins anew",
                    ));
                } else {
                    self.suspect(&record, entry.revision, "its identity was written in the same epoch").await
                }
            }
        };
        self.refuse(&error, false);
        Err(error)
    }

    /// Sees whether a later run has taken the place of this one.
    async fn look_at_run(&self, session: &Arc<Session>) -> Result<()> {
        let Some(run_at) = session.run_at else { return Ok(()) };
        let key = run_key(self.config.client_state.client());
        let error = match self.server.get(Room::Own, &key).await? {
            Some(entry) if entry.revision == run_at => return Ok(()),
            Some(entry) if entry.revision > run_at => {
                let error = taken_over();
                self.refuse(&error, true);
                return Err(error);
            }
            _ => self.went_back(session, "it has lost the record of this run").await,
        };
        self.refuse(&error, false);
        Err(error)
    }

    async fn look_at_slot(&self, session: &Arc<Session>, slot: &Slot) -> Error {
        let entry = match self.server.get(Room::Own, &slot.key).await {
            Ok(entry) => entry,
            Err(error) => return error,
        };
        let at = entry.as_ref().map(|entry| entry.revision);
        if at == slot.revision {
            return unavailable("a guard of the store's own failed and holds again");
        }
        let error = if at < slot.revision {
            self.went_back(session, "it has lost a commit of this client").await
        } else {
            let error = taken_over();
            self.refuse(&error, true);
            return error;
        };
        self.refuse(&error, false);
        error
    }

    /// After an outcome was found: sees whether the store in which it was found is the one that was asked, by the
    /// slot that says most about it. A store that cannot be had is not judged.
    async fn look_at_newest(&self, session: &Arc<Session>) -> Result<()> {
        let Some((key, left_at)) = session.slots.newest_free() else { return Ok(()) };
        match self.look_back(session, &key, left_at).await {
            Err(error) if error.kind() == Kind::Replaced => Err(error),
            _ => Ok(()),
        }
    }

    /// Sees whether a slot is still as it was left, or newer.
    async fn look_back(&self, session: &Arc<Session>, key: &Key, left_at: Revision) -> Result<()> {
        if self.server.get(Room::Own, key).await?.is_some_and(|entry| entry.revision >= left_at) {
            return Ok(());
        }
        self.look_at_identity(session).await?;
        let error = self.went_back(session, "it has lost a commit of this client").await;
        self.refuse(&error, false);
        Err(error)
    }

    async fn went_back(&self, session: &Session, why: &'static str) -> Error {
        let record = IdentityRecord { identity: session.identity.clone(), suspect: false };
        self.suspect(&record, session.identity_at, why).await
    }
}

fn taken_over() -> Error {
    Error::closed(
        "another process has started with the id of this client; only one may run. Give each daemon a data folder of \
         its own",
    )
}
