//! A disk that keeps account of what is asked of it, and fails at one call.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use netkeep_store_redb::{Disk, StorageBackend};

use super::Content;

const DEADLINE: Duration = Duration::from_secs(60);

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
    /// True if half of what a failing write should have written is written.
    pub(crate) torn: bool,
}

/// A disk in memory. Clones are the same disk.
#[derive(Clone, Debug, Default)]
pub(crate) struct RecordingDisk(Arc<(Mutex<Inner>, Condvar)>);

#[derive(Debug, Default)]
struct Inner {
    content: Content,
    steps: Vec<Step>,
    durable: Durable,
    /// Every call that there was.
    calls: Vec<Call>,
    fault: Option<Fault>,
    failed: Option<Call>,
    /// True while syncs wait.
    held: bool,
    /// True once a sync has waited since.
    met: bool,
    /// Bytes held in reserve; `None` if this disk keeps no reserve.
    reserve: Option<u64>,
}

/// What is certainly on the disk, the worst assumed: that a failed sync has lost what it should have kept.
#[derive(Debug, Default)]
struct Durable {
    content: Content,
    pending: Vec<Step>,
}

impl RecordingDisk {
    pub(crate) fn new(content: Content) -> Self {
        let durable = Durable { content: content.clone(), pending: Vec::new() };
        Self(Arc::new((Mutex::new(Inner { content, durable, ..Inner::default() }), Condvar::new())))
    }

    /// The same, but it keeps a reserve.
    pub(crate) fn with_reserve(self) -> Self {
        self.inner().reserve = Some(0);
        self
    }

    pub(crate) fn content(&self) -> Content {
        self.inner().content.clone()
    }

    /// What is there after a loss of power at the worst moment: nothing that was not synced.
    pub(crate) fn after_power_loss(&self) -> Content {
        self.inner().durable.content.clone()
    }

    /// How many changes were asked for so far.
    pub(crate) fn position(&self) -> usize {
        self.inner().steps.len()
    }

    pub(crate) fn steps(&self) -> Vec<Step> {
        self.inner().steps.clone()
    }

    /// Every call that there was so far.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.inner().calls.clone()
    }

    /// Lets a call fail, counted from the first that there ever was.
    pub(crate) fn fail(&self, fault: Fault) {
        let mut inner = self.inner();
        (inner.fault, inner.failed) = (Some(fault), None);
    }

    /// Lets every call succeed again.
    pub(crate) fn heal(&self) {
        self.inner().fault = None;
    }

    /// The first call that failed.
    pub(crate) fn failed(&self) -> Option<Call> {
        self.inner().failed
    }

    /// Lets syncs wait from now on.
    pub(crate) fn hold_syncs(&self) {
        let mut inner = self.inner();
        (inner.held, inner.met) = (true, false);
    }

    /// Waits until a sync waits, or something has failed, so that there may be none.
    pub(crate) fn wait_for_sync(&self) {
        let waits = |inner: &mut Inner| !inner.met && inner.failed.is_none();
        let (inner, waited) = self.0.1.wait_timeout_while(self.inner(), DEADLINE, waits).unwrap();
        drop(inner);
        assert!(!waited.timed_out(), "no sync came");
    }

    /// Lets the syncs go on.
    pub(crate) fn release_syncs(&self) {
        self.inner().held = false;
        self.0.1.notify_all();
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a call, and lets it fail if it is to.
    fn call(&self, call: Call) -> (MutexGuard<'_, Inner>, io::Result<()>) {
        let mut inner = self.inner();
        let result = inner.call(call);
        if result.is_err() {
            self.0.1.notify_all();
        }
        (inner, result)
    }
}

impl Inner {
    fn call(&mut self, call: Call) -> io::Result<()> {
        let number = self.calls.len();
        self.calls.push(call);
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

    fn write(&mut self, offset: u64, data: &[u8]) {
        self.content.write(offset, data);
        let step = Step::Write { offset, data: data.into() };
        self.durable.pending.push(step.clone());
        self.steps.push(step);
    }
}

impl Durable {
    /// Notes the end of a sync. Lengths are in the journal of the file system, and no failed sync loses them.
    fn sync(&mut self, succeeded: bool) {
        for step in self.pending.drain(..) {
            match step {
                Step::Write { offset, data } if succeeded => self.content.write(offset, &data),
                Step::Resize(length) => self.content.resize(length),
                Step::Write { .. } | Step::Sync => {}
            }
        }
    }
}

impl Disk for RecordingDisk {
    fn open(&self) -> io::Result<Box<dyn StorageBackend>> {
        Ok(Box::new(self.clone()))
    }

    fn set_reserve(&self, bytes: u64) -> io::Result<()> {
        let mut inner = self.inner();
        let reserve = inner.reserve.as_mut().ok_or(io::ErrorKind::Unsupported)?;
        *reserve = bytes;
        Ok(())
    }

    fn reserve(&self) -> io::Result<u64> {
        Ok(self.inner().reserve.unwrap_or_default())
    }

    /// What was never synced is written some time; what a failed sync has lost is seen no more.
    fn forget_cached(&self) -> io::Result<()> {
        let mut inner = self.inner();
        let mut content = inner.durable.content.clone();
        for step in &inner.durable.pending {
            match step {
                Step::Write { offset, data } => content.write(*offset, data),
                Step::Resize(length) => content.resize(*length),
                Step::Sync => {}
            }
        }
        inner.content = content;
        Ok(())
    }
}

impl StorageBackend for RecordingDisk {
    fn len(&self) -> io::Result<u64> {
        let (inner, result) = self.call(Call::Length);
        result.map(|()| inner.content.length())
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let (inner, result) = self.call(Call::Read);
        result.and_then(|()| inner.content.read(offset, out))
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let (mut inner, result) = self.call(Call::Resize);
        result?;
        inner.content.resize(len);
        inner.durable.pending.push(Step::Resize(len));
        inner.steps.push(Step::Resize(len));
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut inner = self.inner();
        if inner.held {
            inner.met = true;
            self.0.1.notify_all();
            inner = self.0.1.wait_while(inner, |inner| inner.held).unwrap();
        }
        drop(inner);
        let (mut inner, result) = self.call(Call::Sync);
        inner.durable.sync(result.is_ok());
        result?;
        inner.steps.push(Step::Sync);
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let (mut inner, result) = self.call(Call::Write);
        if let Err(error) = result {
            if inner.fault.is_some_and(|fault| fault.torn) {
                inner.write(offset, &data[..data.len() / 2]);
            }
            return Err(error);
        }
        assert!(
            offset + data.len() as u64 <= inner.content.length(),
            "a write beyond the end: how far the file reaches after a crash would depend on it"
        );
        inner.write(offset, data);
        Ok(())
    }
}
