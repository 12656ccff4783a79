//! The one thread that writes.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Weak, mpsc};
use std::time::{Duration, Instant};

use netkeep_store::{Compaction, Error, Kind, Result};
use redb::{CompactionError, Database, ReadableDatabase};

use crate::RedbConfig;
use crate::error::Fault;
use crate::format::Counters;
use crate::op::Op;
use crate::read::View;
use crate::request::{Pending, Request};
use crate::shared::{Seen, Shared};
use crate::volume::Room;

/// The bounds of one durable transaction. A batch ends with the first change that reaches one of them, so that its
/// pages fit into a part of the reserve.
const MAX_OPS: usize = 512;
const MAX_WRITES: usize = 1024;
const MAX_BYTES: usize = 1024 * 1024;
/// How long a compaction waits for reads that are under way.
const READERS: Duration = Duration::from_secs(10);

/// Owns the database. Everything that changes the file happens in its thread, in the order of its queue.
pub(crate) struct Writer {
    pub(crate) shared: Arc<Shared>,
    pub(crate) config: RedbConfig,
    pub(crate) requests: mpsc::Receiver<Request>,
    /// `None` only while it is opened again, or after that has failed.
    pub(crate) database: Option<Database>,
    pub(crate) counters: Counters,
    /// How many changes the last batch had.
    pub(crate) last_batch: usize,
    /// The last commit that a crash would make the next opening search for.
    pub(crate) unprepared: Option<Instant>,
}

/// Why the writer stops.
#[derive(Debug)]
pub(crate) enum Stop {
    /// Nobody has a handle any more.
    Closed,
    /// The store has failed, and knows why.
    Failed,
}

impl Writer {
    /// Serves until the last handle is gone or the disk fails. Then everything is closed and every waiting request
    /// is answered.
    pub(crate) fn run(mut self) {
        let stop = catch_unwind(AssertUnwindSafe(|| self.serve()));
        match stop {
            Ok(Stop::Closed) => {
                self.shared.show(Seen::End);
                self.shared.feed.end();
            }
            Ok(Stop::Failed) => {}
            Err(_) => self.shared.fail("the writer panicked".to_owned()),
        }
        self.shared.close_queue();
        while let Ok(request) = self.requests.try_recv() {
            request.refuse(|| self.shared.closed());
        }
        self.shared.volume.begin(Room::Deletions);
        if let Some(database) = self.database.take()
            && let Err(error) = database.close()
            && self.shared.failure().is_none()
        {
            // Every commit that was acknowledged is durable; only the next opening takes longer.
            tracing::warn!(%error, "the file was not closed cleanly");
        }
        self.shared.volume.leave();
    }

    fn serve(&mut self) -> Stop {
        loop {
            if let Err(stop) = self.step() {
                return stop;
            }
        }
    }

    /// Waits for something to do, and does it.
    fn step(&mut self) -> Result<(), Stop> {
        let overdue = self.shared.leases().overdue();
        if !overdue.is_empty() {
            let expiries = overdue.into_iter().map(|number| Pending { op: Op::Expire(number), reply: None });
            self.batch(expiries.collect())?;
        }
        match self.wait() {
            Ok(Request::Op(first)) => {
                let (batch, next) = self.gather(first);
                self.batch(batch)?;
                next.map_or(Ok(()), |next| self.attend(next))
            }
            Ok(request) => self.attend(request),
            Err(mpsc::RecvTimeoutError::Timeout) => self.prepare_if_idle(),
            Err(mpsc::RecvTimeoutError::Disconnected) => Err(Stop::Closed),
        }
    }

    /// The next request, or that it is time for something else.
    fn wait(&self) -> Result<Request, mpsc::RecvTimeoutError> {
        let lease = self.shared.leases().next_deadline();
        let request = match [lease, self.idle_at()].into_iter().flatten().min() {
            Some(at) => self.requests.recv_timeout(at.saturating_duration_since(Instant::now()))?,
            None => self.requests.recv().map_err(|_| mpsc::RecvTimeoutError::Disconnected)?,
        };
        self.shared.taken(&request);
        Ok(request)
    }

    /// Takes what waits, and waits a little itself while the batch is smaller than the one before: those who were
    /// just answered are about to come again. Also returns the first request that is no change, if one came.
    fn gather(&mut self, first: Pending) -> (Vec<Pending>, Option<Request>) {
        let deadline = Instant::now() + self.config.gather;
        let (mut writes, mut bytes) = (first.op.writes(), first.op.bytes());
        let mut batch = vec![first];
        let mut other = None;
        while batch.len() < MAX_OPS && writes < MAX_WRITES && bytes < MAX_BYTES {
            let request = match self.requests.try_recv() {
                Ok(request) => request,
                Err(_) if batch.len() >= self.last_batch => break,
                Err(_) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    match self.requests.recv_timeout(left) {
                        Ok(request) => request,
                        Err(_) => break,
                    }
                }
            };
            self.shared.taken(&request);
            match request {
                Request::Op(pending) => {
                    writes += pending.op.writes();
                    bytes += pending.op.bytes();
                    batch.push(pending);
                }
                request => {
                    other = Some(request);
                    break;
                }
            }
        }
        self.last_batch = batch.len();
        (batch, other)
    }

    fn attend(&mut self, request: Request) -> Result<(), Stop> {
        match request {
            Request::Op(pending) => self.batch(vec![pending])?,
            Request::Flush { reply } => drop(reply.send(Ok(()))),
            Request::Inspect { reply } => {
                let inspected = self.inspect();
                let answer = if inspected.is_ok() { Ok(()) } else { Err(self.shared.closed()) };
                drop(reply.send(answer));
                inspected?;
            }
            Request::Read { reply } => {
                let read = self.database().and_then(|database| database.begin_read().map_err(Fault::of));
                drop(reply.send(read.map_err(Fault::into_error)));
            }
            Request::Compact { reply } => {
                let compacted = self.compact();
                let stopped = self.shared.failure().is_some();
                drop(reply.send(compacted));
                if stopped {
                    return Err(Stop::Failed);
                }
            }
            Request::Close => return Err(Stop::Closed),
        }
        Ok(())
    }

    /// When the file is to be prepared for a crash, if it is to be.
    fn idle_at(&self) -> Option<Instant> {
        Some(self.unprepared? + self.config.quick_repair_after?)
    }

    /// Makes one commit after which the file opens at once even if this process is killed. It costs two syncs, so
    /// it is made once writing has stopped.
    fn prepare_if_idle(&mut self) -> Result<(), Stop> {
        if self.idle_at().is_none_or(|at| at > Instant::now()) {
            return Ok(());
        }
        self.unprepared = None;
        if self.shared.volume.room() < Room::Everything {
            return Ok(());
        }
        self.shared.volume.begin(Room::Everything);
        let prepare = |database: &Database| -> Result<(), Fault> {
            let mut txn = database.begin_write().map_err(Fault::of)?;
            txn.set_quick_repair(true);
            txn.commit().map_err(Fault::of)
        };
        match self.database().and_then(prepare) {
            Ok(()) => {
                self.shared.counts.quick_repair();
                Ok(())
            }
            Err(fault) => self.mend(fault).map(|_| ()),
        }
    }

    fn inspect(&mut self) -> Result<(), Stop> {
        let look =
            |database: &Database| database.begin_write().map_err(Fault::of)?.abort().map_err(Fault::of);
        match self.database().and_then(look) {
            Ok(()) => Ok(()),
            Err(fault) => self.mend(fault).map(|_| ()),
        }
    }

    fn compact(&mut self) -> Result<Compaction> {
        // Readers hold pages; from here on they wait, and those who were reading end soon.
        let view = match self.shared.show(Seen::Wait) {
            Seen::View(view) => Arc::downgrade(&view),
            Seen::Wait | Seen::End => Weak::new(),
        };
        let deadline = Instant::now() + READERS;
        while view.strong_count() > 0 && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(1));
        }
        let before = self.shared.volume.length();
        // It may use the whole reserve, because it is how a full disk gets space back.
        self.shared.volume.begin(Room::Deletions);
        self.unprepared = Some(Instant::now());
        let compacted = match self.database.as_mut().map(Database::compact) {
            Some(Ok(_)) => self.show().map_err(Fault::into_error),
            Some(Err(CompactionError::Storage(error))) => {
                let fault = Fault::of(error);
                let told = format!("the file was not compacted: {fault:?}");
                // Whether this ends the writer is seen by the failure that it leaves.
                let _ = self.mend(fault);
                Err(Error::new(Kind::Unavailable, told))
            }
            Some(Err(_)) => {
                let shown = self.show().map_err(Fault::into_error);
                shown
                    .and(Err(Error::new(Kind::Unavailable, "the file was not compacted: a read did not end")))
            }
            None => Err(self.shared.closed()),
        };
        compacted.map(|()| Compaction { before, after: self.shared.volume.length() })
    }

    pub(crate) fn database(&self) -> Result<&Database, Fault> {
        self.database.as_ref().ok_or(Fault::Disk(redb::Error::DatabaseClosed))
    }

    /// Shows readers the present state.
    pub(crate) fn show(&self) -> Result<(), Fault> {
        let view = View::new(self.database()?, self.counters.revision, self.shared.names.clone())?;
        self.shared.show(Seen::View(Arc::new(view)));
        Ok(())
    }
}
