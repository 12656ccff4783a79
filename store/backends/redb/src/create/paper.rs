//! A file system in memory, which fails at one call, and of which a loss of power leaves what was synced.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use redb::StorageBackend;

use crate::folder::{Folder, Found};

/// A file system. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub(super) struct Paper(Arc<Mutex<State>>);

#[derive(Clone, Debug, Default)]
struct State {
    files: Vec<File>,
    names: Names,
    durable_names: Names,
    links: bool,
    calls: usize,
    fault: Option<Fault>,
    failed: bool,
}

type Names = BTreeMap<PathBuf, usize>;

#[derive(Clone, Debug, Default)]
struct File {
    bytes: Vec<u8>,
    durable: Vec<u8>,
}

/// Which call fails, and how.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fault {
    pub(super) after: usize,
    pub(super) with: io::ErrorKind,
    /// True if all later calls fail too.
    pub(super) lasting: bool,
}

impl Paper {
    /// An empty one, on which files may have two names or not.
    pub(super) fn new(links: bool) -> Self {
        Self(Arc::new(Mutex::new(State { links, ..State::default() })))
    }

    pub(super) fn fail(&self, fault: Fault) {
        self.state().fault = Some(fault);
    }

    pub(super) fn calls(&self) -> usize {
        self.state().calls
    }

    pub(super) fn failed(&self) -> bool {
        self.state().failed
    }

    pub(super) fn names(&self) -> Vec<PathBuf> {
        self.state().names.keys().cloned().collect()
    }

    /// The same, to a process that begins anew: nothing fails any more, and what was not synced still is not.
    pub(super) fn restarted(&self) -> Self {
        let state = State { calls: 0, fault: None, failed: false, ..self.state().clone() };
        Self(Arc::new(Mutex::new(state)))
    }

    /// What may be there once the power is back: names and bytes as they were, or as they were last synced.
    pub(super) fn images(&self) -> Vec<Self> {
        let state = self.state();
        let image = |durable_names: bool, durable_bytes: bool| {
            let names = if durable_names { &state.durable_names } else { &state.names };
            let files = state.files.iter().map(|file| {
                let bytes = if durable_bytes { &file.durable } else { &file.bytes };
                File { bytes: bytes.clone(), durable: bytes.clone() }
            });
            let state = State {
                files: files.collect(),
                names: names.clone(),
                durable_names: names.clone(),
                links: state.links,
                ..State::default()
            };
            Self(Arc::new(Mutex::new(state)))
        };
        let mut images: Vec<Self> = Vec::new();
        for (names, bytes) in [(false, false), (false, true), (true, false), (true, true)] {
            let image = image(names, bytes);
            if !images.iter().any(|other| other.shows_the_same(&image)) {
                images.push(image);
            }
        }
        images
    }

    /// True if whoever looks finds the same names, and the same under each.
    fn shows_the_same(&self, other: &Self) -> bool {
        let (one, other) = (self.state(), other.state());
        let bytes = |state: &State, path: &PathBuf| state.files[state.names[path]].bytes.clone();
        one.names.keys().eq(other.names.keys())
            && one.names.keys().all(|path| bytes(&one, path) == bytes(&other, path))
    }

    /// The file at `path`, to be opened.
    pub(super) fn open(&self, path: &Path) -> Option<Handle> {
        let file = *self.state().names.get(path)?;
        Some(Handle { paper: self.clone(), file })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// Counts a call, and lets it fail if it is to.
    fn call(&self) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.state();
        let number = state.calls;
        state.calls += 1;
        match state.fault {
            Some(fault) if number == fault.after || fault.lasting && number > fault.after => {
                state.failed = true;
                Err(fault.with.into())
            }
            _ => Ok(state),
        }
    }
}

impl State {
    fn named(&self, path: &Path) -> io::Result<usize> {
        self.names.get(path).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl Folder for Paper {
    type Open = Handle;

    fn find(&self, path: &Path) -> io::Result<Found> {
        let state = self.call()?;
        Ok(if state.names.contains_key(path) { Found::File } else { Found::Nothing })
    }

    fn create(&self, path: &Path) -> io::Result<Handle> {
        let mut state = self.call()?;
        if state.names.contains_key(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let file = state.files.len();
        state.files.push(File::default());
        state.names.insert(path.to_owned(), file);
        Ok(Handle { paper: self.clone(), file })
    }

    fn sync_file(&self, path: &Path) -> io::Result<()> {
        let mut state = self.call()?;
        let file = state.named(path)?;
        state.files[file].durable = state.files[file].bytes.clone();
        Ok(())
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.call()?;
        if !state.links {
            return Err(io::ErrorKind::Unsupported.into());
        }
        if state.names.contains_key(to) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let file = state.named(from)?;
        state.names.insert(to.to_owned(), file);
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.call()?;
        let file = state.named(from)?;
        state.names.remove(from);
        state.names.insert(to.to_owned(), file);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.call()?;
        state.named(path)?;
        state.names.remove(path);
        Ok(())
    }

    fn sync_names(&self, _: &Path) -> io::Result<()> {
        let mut state = self.call()?;
        state.durable_names = state.names.clone();
        Ok(())
    }
}

/// An open file.
#[derive(Debug)]
pub(super) struct Handle {
    paper: Paper,
    file: usize,
}

impl StorageBackend for Handle {
    fn len(&self) -> io::Result<u64> {
        Ok(self.paper.call()?.files[self.file].bytes.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.paper.call()?;
        let start = usize::try_from(offset).unwrap();
        let bytes = state.files[self.file].bytes.get(start..start + out.len());
        out.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut state = self.paper.call()?;
        state.files[self.file].bytes.resize(usize::try_from(len).unwrap(), 0);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.paper.call()?;
        let file = &mut state.files[self.file];
        file.durable = file.bytes.clone();
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut state = self.paper.call()?;
        let start = usize::try_from(offset).unwrap();
        state.files[self.file].bytes[start..start + data.len()].copy_from_slice(data);
        Ok(())
    }
}
