//! The storage that redb is given.

use std::collections::HashMap;
use std::io;
use std::ops::Bound;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use redb::{BackendError, StorageBackend};

use crate::volume::{Call, Volume};

const BLOCK: u64 = 4096;

/// The storage of one opening: goes through the [`Volume`], and at first holds back what redb writes.
///
/// Opening a file may repair it. Until the file is known to be ours, nothing of that may reach the disk, so a new
/// mount keeps all changes in memory; [`Mount::release`] makes them. A file that is refused stays as it was.
#[derive(Clone, Debug)]
pub(crate) struct Mount(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    volume: Arc<Volume>,
    backend: Box<dyn StorageBackend>,
    holding: AtomicBool,
    held: Mutex<Held>,
}

/// Changes that were not yet made.
#[derive(Debug, Default)]
struct Held {
    steps: Vec<Step>,
    /// How the blocks that the steps touch look after them.
    blocks: HashMap<u64, Vec<u8>>,
    /// The length after the steps.
    length: u64,
    /// The shortest length in between: what the disk has beyond it reads as zeros.
    shortest: u64,
}

#[derive(Debug)]
enum Step {
    Write(u64, Vec<u8>),
    Resize(u64),
    Sync,
}

impl Mount {
    /// Opens the disk and holds back every change.
    pub(crate) fn holding(volume: &Arc<Volume>) -> io::Result<Self> {
        let backend = volume.disk().open()?;
        let length = backend.len()?;
        volume.set_length(length);
        let held = Held { length, shortest: length, ..Held::default() };
        Ok(Self(Arc::new(Inner {
            volume: Arc::clone(volume),
            backend,
            holding: AtomicBool::new(true),
            held: Mutex::new(held),
        })))
    }

    /// Makes the changes that were held back, in their order, and holds back none from now on.
    pub(crate) fn release(&self) -> io::Result<()> {
        let inner = &*self.0;
        let mut held = inner.held.lock().unwrap_or_else(PoisonError::into_inner);
        for step in std::mem::take(&mut *held).steps {
            match step {
                Step::Write(offset, data) => {
                    inner.volume.call(Call::Write, || inner.backend.write(offset, &data))?;
                }
                Step::Resize(length) => inner.resize(length)?,
                Step::Sync => inner.volume.sync(|| inner.backend.sync_data())?,
            }
        }
        inner.holding.store(false, Ordering::Release);
        Ok(())
    }

    /// Does `hold` with the held changes; `None` if none are held back any more.
    fn held<T>(&self, hold: impl FnOnce(&mut Held) -> io::Result<T>) -> Option<io::Result<T>> {
        if !self.0.holding.load(Ordering::Acquire) {
            return None;
        }
        let mut held = self.0.held.lock().unwrap_or_else(PoisonError::into_inner);
        // Released while we waited for the lock.
        self.0.holding.load(Ordering::Acquire).then(|| hold(&mut held))
    }
}

impl Inner {
    fn resize(&self, length: u64) -> io::Result<()> {
        self.volume.call(Call::Resize, || self.backend.set_len(length))?;
        self.volume.set_length(length);
        Ok(())
    }
}

impl Held {
    /// One block as it looks now, zeros where the storage has nothing.
    fn block(&self, backend: &dyn StorageBackend, index: u64) -> io::Result<Vec<u8>> {
        if let Some(block) = self.blocks.get(&index) {
            return Ok(block.clone());
        }
        let mut block = vec![0; BLOCK as usize];
        let start = index * BLOCK;
        let there = self.shortest.saturating_sub(start).min(BLOCK) as usize;
        if there > 0 {
            backend.read(start, &mut block[..there])?;
        }
        Ok(block)
    }

    fn read(&self, backend: &dyn StorageBackend, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let end = offset + out.len() as u64;
        if end > self.length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        // Recovery reads the whole file, and has changed next to nothing of it by then.
        let touched = || (offset / BLOCK..end.div_ceil(BLOCK)).any(|index| self.blocks.contains_key(&index));
        if end <= self.shortest && !touched() {
            return backend.read(offset, out);
        }
        let mut done = 0;
        while done < out.len() {
            let at = offset + done as u64;
            let within = (at % BLOCK) as usize;
            let count = (BLOCK as usize - within).min(out.len() - done);
            let block = self.block(backend, at / BLOCK)?;
            out[done..done + count].copy_from_slice(&block[within..within + count]);
            done += count;
        }
        Ok(())
    }

    fn write(&mut self, backend: &dyn StorageBackend, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut done = 0;
        while done < data.len() {
            let at = offset + done as u64;
            let within = (at % BLOCK) as usize;
            let count = (BLOCK as usize - within).min(data.len() - done);
            let mut block = self.block(backend, at / BLOCK)?;
            block[within..within + count].copy_from_slice(&data[done..done + count]);
            self.blocks.insert(at / BLOCK, block);
            done += count;
        }
        let end = offset + data.len() as u64;
        self.length = self.length.max(end);
        self.steps.push(Step::Write(offset, data.to_vec()));
        Ok(())
    }

    fn resize(&mut self, length: u64) {
        self.blocks.retain(|index, block| {
            let keep = length.saturating_sub(index * BLOCK).min(BLOCK) as usize;
            block[keep..].fill(0);
            keep > 0
        });
        self.shortest = self.shortest.min(length);
        self.length = length;
        self.steps.push(Step::Resize(length));
    }
}

impl StorageBackend for Mount {
    fn len(&self) -> io::Result<u64> {
        let inner = &*self.0;
        let length = || inner.volume.call(Call::Length, || inner.backend.len());
        self.held(|held| Ok(held.length)).unwrap_or_else(length)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let inner = &*self.0;
        if let Some(result) = self.held(|held| held.read(&*inner.backend, offset, out)) {
            return result;
        }
        inner.volume.call(Call::Read, || inner.backend.read(offset, out))
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let held = self.held(|held| {
            held.resize(len);
            Ok(())
        });
        held.unwrap_or_else(|| self.0.resize(len))
    }

    fn sync_data(&self) -> io::Result<()> {
        let inner = &*self.0;
        let held = self.held(|held| {
            held.steps.push(Step::Sync);
            Ok(())
        });
        held.unwrap_or_else(|| inner.volume.sync(|| inner.backend.sync_data()))
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let inner = &*self.0;
        if let Some(result) = self.held(|held| held.write(&*inner.backend, offset, data)) {
            return result;
        }
        inner.volume.call(Call::Write, || inner.backend.write(offset, data))
    }

    fn close(&self) -> io::Result<()> {
        self.0.backend.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.backend.try_lock_range(start, end)
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.backend.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.backend.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.backend.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.backend.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.backend.query_lock_range(start, end)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::RwLock;

    use rand::rngs::SmallRng;
    use rand::{RngExt, SeedableRng};

    use super::*;
    use crate::Disk;

    /// A disk that keeps what is written, and counts syncs.
    #[derive(Clone, Debug, Default)]
    struct Bytes(Arc<RwLock<(Vec<u8>, usize)>>);

    impl Bytes {
        fn content(&self) -> Vec<u8> {
            self.0.read().unwrap().0.clone()
        }
    }

    impl Disk for Bytes {
        fn open(&self) -> io::Result<Box<dyn StorageBackend>> {
            Ok(Box::new(self.clone()))
        }
    }

    impl StorageBackend for Bytes {
        fn len(&self) -> io::Result<u64> {
            Ok(self.0.read().unwrap().0.len() as u64)
        }

        fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
            let start = offset as usize;
            let bytes = self.0.read().unwrap();
            out.copy_from_slice(bytes.0.get(start..start + out.len()).ok_or(io::ErrorKind::UnexpectedEof)?);
            Ok(())
        }

        fn set_len(&self, len: u64) -> io::Result<()> {
            self.0.write().unwrap().0.resize(len as usize, 0);
            Ok(())
        }

        fn sync_data(&self) -> io::Result<()> {
            self.0.write().unwrap().1 += 1;
            Ok(())
        }

        fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
            let (start, end) = (offset as usize, offset as usize + data.len());
            let mut bytes = self.0.write().unwrap();
            if bytes.0.len() < end {
                bytes.0.resize(end, 0);
            }
            bytes.0[start..end].copy_from_slice(data);
            Ok(())
        }
    }

    #[test]
    fn what_is_held_back_reads_as_if_it_were_written_and_is_written_when_it_is_released() {
        for seed in 0..50 {
            let mut random = SmallRng::seed_from_u64(seed);
            let (disk, plain) = (Bytes::default(), Bytes::default());
            for both in [&disk, &plain] {
                both.write(0, &vec![0xAA; 20_000]).unwrap();
            }
            let volume = Arc::new(Volume::new(Arc::new(disk.clone()), 0));
            let mount = Mount::holding(&volume).unwrap();
            for step in 0..60 {
                if step == 40 {
                    assert!(disk.content() == vec![0xAA; 20_000], "seed {seed}: something was not held back");
                    mount.release().unwrap();
                }
                let (offset, count) = (random.random_range(0..30_000), random.random_range(0..9_000));
                match random.random_range(0..4) {
                    0 => {
                        let data = vec![random.random(); count];
                        mount.write(offset, &data).unwrap();
                        plain.write(offset, &data).unwrap();
                    }
                    1 => {
                        mount.set_len(offset).unwrap();
                        plain.set_len(offset).unwrap();
                    }
                    2 => {
                        mount.sync_data().unwrap();
                        plain.sync_data().unwrap();
                    }
                    _ => {
                        let (mut one, mut other) = (vec![1; count], vec![2; count]);
                        let results = (mount.read(offset, &mut one), plain.read(offset, &mut other));
                        assert_eq!(results.0.is_ok(), results.1.is_ok(), "seed {seed}, step {step}");
                        assert!(results.0.is_err() || one == other, "seed {seed}, step {step}");
                    }
                }
                assert_eq!(mount.len().unwrap(), plain.len().unwrap(), "seed {seed}, step {step}");
            }
            assert!(disk.content() == plain.content(), "seed {seed}");
            assert_eq!(disk.0.read().unwrap().1, plain.0.read().unwrap().1, "seed {seed}");
        }
    }
}
