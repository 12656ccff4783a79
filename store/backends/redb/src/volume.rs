//! The disk as the writer sees it: its reserve, its failures, its time.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::Disk;

/// The reserve is given up in this many parts.
const PARTS: u64 = 3;
/// How long a disk that was full in spite of the reserve counts as full at least.
const FULL_FOR: Duration = Duration::from_secs(1);
/// And by how much longer than it took to open the file again, so that most of the time it is open.
const FULL_FACTOR: u32 = 10;

/// What a commit may still do, given how full the disk is. Ordered from the least to the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Room {
    /// Nothing.
    Nothing,
    /// Delete.
    Deletions,
    /// Delete, and replace entries by others of about their size.
    Replacements,
    /// Anything.
    Everything,
}

/// What was asked of the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Length,
    Read,
    Write,
    Resize,
    Sync,
}

/// What is known of a disk, over all the times that it is opened.
#[derive(Debug)]
pub(crate) struct Volume {
    disk: Arc<dyn Disk>,
    state: Mutex<State>,
    syncs: AtomicU64,
    sync_nanos: AtomicU64,
    slowest_sync_nanos: AtomicU64,
    length: AtomicU64,
}

#[derive(Debug)]
struct State {
    /// Bytes of one part of the reserve; 0 if there is no reserve.
    part: u64,
    /// Parts of the reserve that are held.
    held: u64,
    /// Parts that what is being done now must leave.
    floor: u64,
    /// What was begun.
    begun: Room,
    /// Until when the disk counts as full in spite of the reserve, and what may still be done then.
    overflow: Option<(Instant, Room)>,
    failures: Failures,
}

/// What has failed.
#[derive(Clone, Debug, Default)]
struct Failures {
    /// Something could not be written because the disk was full, since the writer began what it does now.
    full: bool,
    /// The first failure of another sort, ever: redb does nothing more after one.
    other: Option<String>,
}

impl Volume {
    /// The volume on `disk`, with up to `reserve_bytes` held in reserve, once [`Volume::refill`] has made it.
    pub(crate) fn new(disk: Arc<dyn Disk>, reserve_bytes: u64) -> Self {
        Self {
            disk,
            state: Mutex::new(State {
                part: reserve_bytes / PARTS,
                held: 0,
                floor: 0,
                begun: Room::Deletions,
                overflow: None,
                failures: Failures::default(),
            }),
            syncs: AtomicU64::new(0),
            sync_nanos: AtomicU64::new(0),
            slowest_sync_nanos: AtomicU64::new(0),
            length: AtomicU64::new(0),
        }
    }

    pub(crate) fn disk(&self) -> &dyn Disk {
        &*self.disk
    }

    /// Makes the reserve whole, or finds out how much of it there is.
    pub(crate) fn refill(&self) {
        let mut state = self.state();
        if state.part == 0 || state.held == PARTS {
            return;
        }
        match self.disk.set_reserve(PARTS * state.part) {
            Ok(()) => {
                state.held = PARTS;
                state.overflow = None;
            }
            Err(error) if is_full(&error) => {
                state.held = (self.disk.reserve().unwrap_or_default() / state.part).min(PARTS - 1);
            }
            Err(error) => {
                if error.kind() != io::ErrorKind::Unsupported {
                    tracing::warn!(%error, "no reserve can be kept; once the disk is full, deletions may fail too");
                }
                state.part = 0;
            }
        }
    }

    /// What may be done now.
    pub(crate) fn room(&self) -> Room {
        let state = self.state();
        let room = match state.held {
            _ if state.part == 0 => Room::Everything,
            PARTS => Room::Everything,
            2 => Room::Replacements,
            _ => Room::Deletions,
        };
        match state.overflow {
            Some((until, limit)) if Instant::now() < until => room.min(limit),
            _ => room,
        }
    }

    /// Begins something for which there is `room`: forgets that the disk was full, and says how much of the reserve it may use.
    pub(crate) fn begin(&self, room: Room) {
        let mut state = self.state();
        state.failures.full = false;
        state.begun = room;
        state.floor = match room {
            Room::Everything => 2,
            Room::Replacements => 1,
            Room::Deletions | Room::Nothing => 0,
        };
    }

    /// True if what was begun has failed for want of space and for no other reason.
    pub(crate) fn was_full(&self) -> bool {
        let failures = &self.state().failures;
        failures.full && failures.other.is_none()
    }

    /// Why what was begun has failed, if the disk is why.
    pub(crate) fn reason(&self) -> Option<String> {
        let failures = &self.state().failures;
        failures.other.clone().or_else(|| failures.full.then(|| "the disk is full".to_owned()))
    }

    /// Lets go of the disk: if it has failed, what is read of it next comes from the disk itself.
    pub(crate) fn leave(&self) {
        if self.state().failures.other.is_none() {
            return;
        }
        if let Err(error) = self.disk.forget_cached() {
            tracing::warn!(%error, "what the system has in memory of the file may be other than what is on the disk");
        }
    }

    /// What may still be done if the reserve did not suffice for what was begun.
    pub(crate) fn tighter(&self) -> Room {
        match self.state().begun {
            Room::Everything => Room::Replacements,
            Room::Replacements => Room::Deletions,
            Room::Deletions | Room::Nothing => Room::Nothing,
        }
    }

    /// Notes that the reserve did not suffice, and that opening the file again `took` so long.
    pub(crate) fn overflowed(&self, limit: Room, took: Duration) {
        let until = Instant::now() + FULL_FOR.max(took * FULL_FACTOR);
        self.state().overflow = Some((until, limit));
    }

    /// Does what `run` does; where space is wanting, gives up parts of the reserve as far as allowed and tries
    /// again.
    pub(crate) fn call<T>(&self, call: Call, mut run: impl FnMut() -> io::Result<T>) -> io::Result<T> {
        let mut result = run();
        for _ in 0..PARTS {
            match &result {
                Err(error) if is_full(error) && call != Call::Sync && self.give_up_part() => result = run(),
                _ => break,
            }
        }
        if let Err(error) = &result {
            let failures = &mut self.state().failures;
            if is_full(error) && matches!(call, Call::Write | Call::Resize) {
                failures.full = true;
            } else {
                failures.other.get_or_insert_with(|| format!("{}: {error}", call.verb()));
            }
        }
        result
    }

    /// As [`Volume::call`] for a sync, and keeps its time.
    pub(crate) fn sync(&self, run: impl FnMut() -> io::Result<()>) -> io::Result<()> {
        let begun = Instant::now();
        let result = self.call(Call::Sync, run);
        let nanos = u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.syncs.fetch_add(1, Ordering::Relaxed);
        self.sync_nanos.fetch_add(nanos, Ordering::Relaxed);
        self.slowest_sync_nanos.fetch_max(nanos, Ordering::Relaxed);
        result
    }

    pub(crate) fn set_length(&self, bytes: u64) {
        self.length.store(bytes, Ordering::Relaxed);
    }

    /// Bytes of the file.
    pub(crate) fn length(&self) -> u64 {
        self.length.load(Ordering::Relaxed)
    }

    /// Bytes held in reserve.
    pub(crate) fn reserve(&self) -> u64 {
        let state = self.state();
        state.held * state.part
    }

    /// Syncs so far, their time together, and the longest.
    pub(crate) fn syncs(&self) -> (u64, Duration, Duration) {
        (
            self.syncs.load(Ordering::Relaxed),
            Duration::from_nanos(self.sync_nanos.load(Ordering::Relaxed)),
            Duration::from_nanos(self.slowest_sync_nanos.load(Ordering::Relaxed)),
        )
    }

    fn give_up_part(&self) -> bool {
        let mut state = self.state();
        if state.part == 0 || state.held <= state.floor {
            return false;
        }
        match self.disk.set_reserve((state.held - 1) * state.part) {
            Ok(()) => {
                state.held -= 1;
                tracing::warn!(
                    parts_left = state.held,
                    "the disk is full; a part of the reserve was given up"
                );
                true
            }
            Err(error) => {
                tracing::warn!(%error, "the disk is full, and the reserve cannot be given up");
                false
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Call {
    fn verb(self) -> &'static str {
        match self {
            Self::Length => "asking for the length",
            Self::Read => "reading",
            Self::Write => "writing",
            Self::Resize => "resizing",
            Self::Sync => "syncing",
        }
    }
}

/// True if the error says that there is no space.
pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}
