//! One batch: applied, made durable, told.

use std::time::Instant;

use netkeep_store::{Error, Kind, Result};
use redb::Durability;

use crate::error::Fault;
use crate::op::{Done, Op};
use crate::open;
use crate::request::Pending;
use crate::shared::Seen;
use crate::txn::{self, Applied};
use crate::volume::Room;
use crate::writer::{Stop, Writer};

/// How many changes a durable transaction has at most while the disk is full.
const FULL_DISK_OPS: usize = 8;
/// How often one change is tried at most. Each try after a full disk has less room and is allowed more reserve, so
/// it is refused before that unless space comes and goes.
const TRIES: u32 = 4;

/// A batch that was not made.
struct Unmade {
    fault: Fault,
    /// What it would have brought, if only the last step failed: then it may be durable after all.
    applied: Option<Box<Applied>>,
}

impl Writer {
    /// Makes all changes of a batch, and answers every one of them.
    pub(crate) fn batch(&mut self, mut batch: Vec<Pending>) -> Result<(), Stop> {
        let room = self.shared.volume.room();
        if room == Room::Everything {
            return self.make(batch, 1);
        }
        if room == Room::Nothing || batch.iter().any(|pending| !pending.op.only_deletes()) {
            self.shared.volume.refill();
        }
        while !batch.is_empty() {
            let few = batch.drain(..batch.len().min(FULL_DISK_OPS)).collect();
            self.make(few, 1)?;
        }
        Ok(())
    }

    /// Makes the changes in one durable transaction if that can be, else one by one.
    fn make(&mut self, batch: Vec<Pending>, attempt: u32) -> Result<(), Stop> {
        let room = self.shared.volume.room();
        if room == Room::Nothing {
            batch.into_iter().for_each(|pending| self.give_up(pending, txn::full()));
            return Ok(());
        }
        let Unmade { fault, applied } = match self.try_to_make(&batch, room) {
            Ok(applied) => return self.made(batch, applied),
            Err(unmade) => unmade,
        };
        let committing = applied.is_some();
        let before = self.counters;
        if let (Fault::Damage(why), false) = (&fault, committing) {
            // Nothing was written, and what is damaged concerns perhaps only one of them.
            return self.one_by_one(batch, attempt, |why| Fault::Damage(why).into_error(), why.clone());
        }
        match self.mend(fault) {
            // The disk was full only after everything was written.
            Ok(counters) if counters != before => {
                match applied.filter(|applied| applied.counters == counters) {
                    Some(applied) => self.made(batch, *applied),
                    None => {
                        self.shared.fail(format!(
                            "the file went from {before:?} to {counters:?}, which nobody wrote"
                        ));
                        Err(self.lost(batch, committing))
                    }
                }
            }
            // Not applied; or all that it did was to end leases that had no entries, which may be done again.
            Ok(_) => self.one_by_one(batch, attempt, |_| txn::full(), String::new()),
            Err(Stop::Failed | Stop::Closed) => Err(self.lost(batch, committing)),
        }
    }

    /// Answers changes with which the store has failed.
    fn lost(&self, batch: Vec<Pending>, committing: bool) -> Stop {
        let reason = self.shared.failure().unwrap_or("the store has failed");
        for pending in batch {
            let error = Error::new(Kind::Unavailable, format!("the commit failed: {reason}"));
            pending.answer(Err(if committing { error.with_unknown_outcome() } else { error }));
        }
        Stop::Failed
    }

    /// Tries each change for itself; one that has been tried often enough is given up with an error.
    fn one_by_one(
        &mut self,
        batch: Vec<Pending>,
        attempt: u32,
        error: impl Fn(String) -> Error,
        why: String,
    ) -> Result<(), Stop> {
        let alone = batch.len() == 1;
        for pending in batch {
            if alone && attempt >= TRIES {
                self.give_up(pending, error(why.clone()));
            } else {
                self.make(vec![pending], attempt + 1)?;
            }
        }
        Ok(())
    }

    fn give_up(&mut self, pending: Pending, error: Error) {
        if let Op::Expire(number) = pending.op {
            tracing::warn!(%error, "a lease that has ended could not be removed; it is tried again");
            self.shared.leases().postpone(number);
        }
        pending.answer(Err(error));
    }

    fn try_to_make(&self, batch: &[Pending], room: Room) -> Result<Applied, Unmade> {
        let early = |fault| Unmade { fault, applied: None };
        let only_deletes = batch.iter().all(|pending| pending.op.only_deletes());
        self.shared.volume.begin(if only_deletes { Room::Deletions } else { room });
        let names = &self.shared.names;
        let check = |id: &_, owner| self.shared.leases().check(id, names.number(id), owner);
        let begin = || -> Result<_, redb::Error> {
            let mut txn = self.database.as_ref().ok_or(redb::Error::DatabaseClosed)?.begin_write()?;
            txn.set_durability(Durability::Immediate)?;
            let ops = batch.iter().map(|pending| &pending.op);
            let applied = txn::apply(&txn, ops, self.counters, &check, names, room)?;
            Ok((txn, applied))
        };
        let (txn, applied) = begin().map_err(|error| early(Fault::of(error)))?;
        if !applied.written {
            // What refused them all was durable before.
            txn.abort().map_err(|error| early(Fault::of(error)))?;
            return Ok(applied);
        }
        match txn.commit() {
            Ok(()) => Ok(applied),
            Err(error) => Err(Unmade { fault: Fault::of(error), applied: Some(Box::new(applied)) }),
        }
    }

    /// Shows readers and watches what is now durable, then answers.
    fn made(&mut self, batch: Vec<Pending>, applied: Applied) -> Result<(), Stop> {
        let mut shown = Ok(());
        if applied.written {
            self.counters = applied.counters;
            self.unprepared = Some(Instant::now());
            self.shared.counts.durable_transaction(applied.commits.len());
            shown = self.show();
        }
        {
            let mut leases = self.shared.leases();
            for outcome in applied.outcomes.iter().flatten() {
                match outcome {
                    Done::Granted { number, owner, ttl } => leases.granted(*number, *owner, *ttl),
                    Done::Ended(number) => leases.remove(*number),
                    Done::Committed(_) => {}
                }
            }
        }
        self.shared.feed.publish(applied.commits);
        for (pending, outcome) in batch.into_iter().zip(applied.outcomes) {
            pending.answer(outcome);
        }
        // The commits are durable and were answered so, even if nobody can read any more.
        shown.or_else(|fault| self.mend(fault).map(|_| ()))
    }

    /// After a failure inside redb: opens the file again if the disk was only full, and says how far it has come;
    /// else ends the store.
    ///
    /// That a file opened again tells what was applied rests on this: no sync has failed, nobody else has the file,
    /// and opening it makes durable what it found.
    pub(crate) fn mend(&mut self, fault: Fault) -> Result<crate::format::Counters, Stop> {
        let volume = &self.shared.volume;
        let reason = match (&fault, volume.reason()) {
            (Fault::Disk(_), Some(reason)) => reason,
            (Fault::Disk(error), None) => error.to_string(),
            (Fault::Damage(why), _) => format!("the file is damaged: {why}"),
        };
        if matches!(fault, Fault::Damage(_)) || !volume.was_full() {
            self.shared.fail(reason);
            return Err(Stop::Failed);
        }
        let (limit, begun) = (volume.tighter(), Instant::now());
        tracing::warn!("the disk is full; the file is opened again");
        self.shared.show(Seen::Wait);
        // Without this the file would still be locked.
        drop(self.database.take());
        let opened = open::open(&self.config, &self.shared.volume);
        self.shared.volume.overflowed(limit, begun.elapsed());
        let shown = opened.and_then(|opened| {
            self.database = Some(opened.database);
            self.counters = opened.described.counters;
            self.show().map_err(Fault::into_error)
        });
        match shown {
            Ok(()) => Ok(self.counters),
            Err(error) => {
                self.shared.fail(format!("{reason}, and the file could not be opened again: {error}"));
                Err(Stop::Failed)
            }
        }
    }
}
