//! A disk that keeps account of what is asked of it, and fails at one call.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use netkeep_store_redb::{Disk, StorageBackend};

use super::Content;

/// One change that was asked of a disk, in its order.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Write { offset: u64, data: Arc<[u8]> },
    Resize(u64),
    Sync,
}

/// What a disk is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Length,
    Read,
    Write,
    Resize,
    Sync,
}

/// Which call fails.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fault {
    /// How many calls succeed before.
    pub(crate) after: usize,
    pub(crate) with: io::ErrorKind,
    /// True if all later calls that this error can befall fail too, until the disk is healed.
    pub(crate) lasting: bool,
}

/// A disk in memory. Clones are the same disk.
#[derive(Clone, Debug, Default)]
pub(crate) struct RecordingDisk(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    content: Content,
    steps: Vec<Step>,
    /// How many calls there were.
    calls: usize,
    fault: Option<Fault>,
    failed: Option<Call>,
}

impl RecordingDisk {
    pub(crate) fn new(content: Content) -> Self {
        Self(Arc::new(Mutex::new(Inner { content, ..Inner::default() })))
    }

    pub(crate) fn content(&self) -> Content {
        self.inner().content.clone()
    }

    /// How many changes were asked for so far.
    pub(crate) fn position(&self) -> usize {
        self.inner().steps.len()
    }

    pub(crate) fn steps(&self) -> Vec<Step> {
        self.inner().steps.clone()
    }

    /// Lets a call fail, counted from now on.
    pub(crate) fn fail(&self, fault: Fault) {
        let mut inner = self.inner();
        (inner.calls, inner.fault, inner.failed) = (0, Some(fault), None);
    }

    /// Lets every call succeed again.
    pub(crate) fn heal(&self) {
        self.inner().fault = None;
    }

    /// The first call that failed.
    pub(crate) fn failed(&self) -> Option<Call> {
        self.inner().failed
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn call(&mut self, call: Call) -> io::Result<()> {
        let number = self.calls;
        self.calls += 1;
        let Some(fault) = self.fault else { return Ok(()) };
        // A full disk refuses only what needs space, or says so late, when it syncs.
        let befalls = fault.with != io::ErrorKind::StorageFull
            || matches!(call, Call::Write | Call::Resize | Call::Sync);
        let due = if fault.lasting { number >= fault.after } else { number == fault.after };
        if befalls && due {
            self.failed.get_or_insert(call);
            return Err(fault.with.into());
        }
        Ok(())
    }
}

impl Disk for RecordingDisk {
    fn open(&self) -> io::Result<Box<dyn StorageBackend>> {
        Ok(Box::new(self.clone()))
    }
}

impl StorageBackend for RecordingDisk {
    fn len(&self) -> io::Result<u64> {
        let mut inner = self.inner();
        inner.call(Call::Length)?;
        Ok(inner.content.length())
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let mut inner = self.inner();
        inner.call(Call::Read)?;
        inner.content.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut inner = self.inner();
        inner.call(Call::Resize)?;
        inner.content.resize(len);
        inner.steps.push(Step::Resize(len));
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut inner = self.inner();
        inner.call(Call::Sync)?;
        inner.steps.push(Step::Sync);
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut inner = self.inner();
        inner.call(Call::Write)?;
        assert!(
            offset + data.len() as u64 <= inner.content.length(),
            "a write beyond the end: how far the file reaches after a crash would depend on it"
        );
        inner.content.write(offset, data);
        inner.steps.push(Step::Write { offset, data: data.into() });
        Ok(())
    }
}
