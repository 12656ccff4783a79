//! A disk in memory that fills up, fails and waits as it is told.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::collections::BTreeSet;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use netkeep_store_redb::{Disk, StorageBackend};

const BLOCK: u64 = 4096;

/// What a disk is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Read,
    Write,
    Resize,
    Sync,
}

/// A disk in memory. Clones are the same disk.
#[derive(Clone, Debug, Default)]
pub(crate) struct FaultyDisk(Arc<(Mutex<State>, Condvar)>);

#[derive(Debug, Default)]
struct State {
    bytes: Vec<u8>,
    /// The blocks that were written, and so take space.
    written: BTreeSet<u64>,
    /// Bytes of the disk; `None` for a disk without an end.
    capacity: Option<u64>,
    reserve: u64,
    /// What fails from now on, each time.
    failing: Option<(Call, io::ErrorKind)>,
    /// How many syncs may pass; all, if there is no number.
    passing_syncs: Option<usize>,
    /// Syncs that wait.
    waiting_syncs: usize,
    openings: usize,
}

impl FaultyDisk {
    /// A disk without an end.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// How much the disk holds, from now on.
    pub(crate) fn set_capacity(&self, bytes: u64) {
        self.state().capacity = Some(bytes);
    }

    /// Bytes that are taken.
    pub(crate) fn used(&self) -> u64 {
        self.state().used()
    }

    /// Lets every call of this sort fail from now on.
    pub(crate) fn fail(&self, call: Call, with: io::ErrorKind) {
        self.state().failing = Some((call, with));
    }

    /// Lets calls succeed again.
    pub(crate) fn heal(&self) {
        self.state().failing = None;
    }

    /// Lets syncs wait from now on.
    pub(crate) fn hold_syncs(&self) {
        self.state().passing_syncs = Some(0);
    }

    /// Waits until a sync waits.
    pub(crate) fn wait_for_sync(&self) {
        drop(self.0.1.wait_while(self.state(), |state| state.waiting_syncs == 0).unwrap());
    }

    /// Lets the syncs go on.
    pub(crate) fn release_syncs(&self) {
        self.state().passing_syncs = None;
        self.0.1.notify_all();
    }

    /// Lets one sync go on.
    pub(crate) fn release_one_sync(&self) {
        if let Some(passing) = &mut self.state().passing_syncs {
            *passing += 1;
        }
        self.0.1.notify_all();
    }

    /// How often the disk was opened.
    pub(crate) fn openings(&self) -> usize {
        self.state().openings
    }

    /// What is on the disk.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.state().bytes.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.0.lock().unwrap()
    }
}

impl State {
    fn used(&self) -> u64 {
        self.written.len() as u64 * BLOCK + self.reserve
    }

    fn room_for(&self, bytes: u64) -> bool {
        self.capacity.is_none_or(|capacity| self.used() + bytes <= capacity)
    }

    fn check(&self, call: Call) -> io::Result<()> {
        match self.failing {
            Some((failing, kind)) if failing == call => Err(kind.into()),
            _ => Ok(()),
        }
    }
}

impl Disk for FaultyDisk {
    fn open(&self) -> io::Result<Box<dyn StorageBackend>> {
        self.state().openings += 1;
        Ok(Box::new(self.clone()))
    }

    fn set_reserve(&self, bytes: u64) -> io::Result<()> {
        let mut state = self.state();
        if bytes > state.reserve && !state.room_for(bytes - state.reserve) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        state.reserve = bytes;
        Ok(())
    }

    fn reserve(&self) -> io::Result<u64> {
        Ok(self.state().reserve)
    }
}

impl StorageBackend for FaultyDisk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.state().bytes.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.state();
        state.check(Call::Read)?;
        let start = offset as usize;
        out.copy_from_slice(state.bytes.get(start..start + out.len()).ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut state = self.state();
        state.check(Call::Resize)?;
        state.bytes.resize(len as usize, 0);
        state.written.split_off(&len.div_ceil(BLOCK));
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.state();
        state.waiting_syncs += 1;
        self.0.1.notify_all();
        state = self.0.1.wait_while(state, |state| state.passing_syncs == Some(0)).unwrap();
        state.waiting_syncs -= 1;
        if let Some(passing) = &mut state.passing_syncs {
            *passing -= 1;
        }
        state.check(Call::Sync)?;
        Ok(())
    }

    /// Writes block by block, so what has its place before the disk is full is written, as on a real disk.
    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut state = self.state();
        state.check(Call::Write)?;
        let mut done = 0;
        while done < data.len() {
            let at = offset + done as u64;
            let count = ((BLOCK - at % BLOCK) as usize).min(data.len() - done);
            if !state.written.contains(&(at / BLOCK)) {
                if !state.room_for(BLOCK) {
                    return Err(io::ErrorKind::StorageFull.into());
                }
                state.written.insert(at / BLOCK);
            }
            state.bytes[at as usize..at as usize + count].copy_from_slice(&data[done..done + count]);
            done += count;
        }
        Ok(())
    }
}
