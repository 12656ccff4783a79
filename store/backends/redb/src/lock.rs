//! One process has the file, and knows that it has.

use std::collections::BTreeMap;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use netkeep_store::{Error, Kind, Result};

use crate::disk::beside;
use crate::error;

/// How long an opening waits for a store of this process that is just being closed.
const CLOSING: Duration = Duration::from_secs(30);

/// The files that this process has open.
static OPEN: Mutex<BTreeMap<PathBuf, Arc<Place>>> = Mutex::new(BTreeMap::new());
/// Signalled whenever a place becomes free.
static FREED: Condvar = Condvar::new();

/// One file that this process has open.
#[derive(Debug, Default)]
pub(crate) struct Place(AtomicBool);

impl Place {
    /// Says that nobody uses the file any more and that it is being closed.
    pub(crate) fn closing(&self) {
        self.0.store(true, Ordering::Release);
    }

    fn is_closing(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// The right to open a file, ended by dropping it.
#[derive(Debug)]
pub(crate) struct Claim {
    path: PathBuf,
    place: Arc<Place>,
    /// Held for its lock; a lock ends with its file, so also with the process.
    lock: File,
}

impl Claim {
    /// Claims the file at `path`, whose folder is made if it is missing.
    ///
    /// # Errors
    ///
    /// [`Kind::Invalid`] if this process has it, [`Kind::Unavailable`] with the holder if another one has it.
    pub(crate) fn take(path: &Path) -> Result<Self> {
        let path = real_path(path)?;
        let place = enter(&path)?;
        match lock(&path) {
            Ok(lock) => Ok(Self { path, place, lock }),
            Err(error) => {
                leave(&path);
                Err(error)
            }
        }
    }

    /// Where the file is, links resolved.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn place(&self) -> Arc<Place> {
        Arc::clone(&self.place)
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        // Unlocked first, so that whoever finds the place free finds the lock free too.
        if let Err(error) = self.lock.set_len(0).and_then(|()| self.lock.unlock()) {
            tracing::warn!(%error, path = %self.path.display(), "the lock file was not released cleanly");
        }
        leave(&self.path);
    }
}

fn places() -> MutexGuard<'static, BTreeMap<PathBuf, Arc<Place>>> {
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn enter(path: &Path) -> Result<Arc<Place>> {
    let (mut open, waited) = FREED
        .wait_timeout_while(places(), CLOSING, |open| open.get(path).is_some_and(|place| place.is_closing()))
        .unwrap_or_else(PoisonError::into_inner);
    if open.contains_key(path) {
        let message = if waited.timed_out() {
            "the file is still being closed in this process"
        } else {
            "the file is already open in this process; take another handle of the store that has it"
        };
        return Err(Error::invalid(message).with_context("path", path.display()));
    }
    let place = Arc::new(Place::default());
    open.insert(path.to_owned(), Arc::clone(&place));
    Ok(place)
}

fn leave(path: &Path) {
    places().remove(path);
    FREED.notify_all();
}

/// The path with links resolved, so that one file has one name; the folder is made if it is missing.
fn real_path(path: &Path) -> Result<PathBuf> {
    let named = error::io("finding the file");
    match path.canonicalize() {
        Ok(path) => return Ok(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(named(error).with_context("path", path.display())),
    }
    let name =
        path.file_name().ok_or_else(|| Error::invalid(format!("path {} names no file", path.display())))?;
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    DirBuilder::new()
        .recursive(true)
        .mode(0o750)
        .create(folder)
        .map_err(|error| error::io("making the folder")(error).with_context("folder", folder.display()))?;
    Ok(folder.canonicalize().map_err(named)?.join(name))
}

/// Takes the lock file beside `path`, and writes into it who we are.
fn lock(path: &Path) -> Result<File> {
    let path = beside(path, "lock");
    let failed = |error| error::io("locking the file")(error).with_context("lock", path.display());
    let mut options = OpenOptions::new();
    let mut file = options
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(held_by(&mut file).with_context("lock", path.display())),
        Err(TryLockError::Error(error)) => return Err(failed(error)),
    }
    let note = file.set_len(0).and_then(|()| file.write_all(format!("{}\n", std::process::id()).as_bytes()));
    if let Err(error) = note {
        // The lock holds without the note; a full disk must not keep us from deleting.
        tracing::warn!(%error, lock = %path.display(), "the lock file does not name this process");
    }
    Ok(file)
}

fn held_by(file: &mut File) -> Error {
    let mut note = String::new();
    let holder = match file.take(32).read_to_string(&mut note) {
        Ok(_) if note.trim().parse::<u32>().is_ok() => format!("process {}", note.trim()),
        _ => "another process".to_owned(),
    };
    Error::new(
        Kind::Unavailable,
        format!("the file is in use by {holder}; one process at a time can have it"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_one_holder_under_any_name() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b/s.redb");
        let claim = Claim::take(&path).unwrap();
        assert!(dir.path().join("a/b").is_dir());

        let error = Claim::take(&dir.path().join("a/../a/b/s.redb")).unwrap_err();
        assert_eq!(error.kind(), Kind::Invalid);
        assert!(error.to_string().contains("already open in this process"), "{error}");
        drop(claim);
        Claim::take(&path).unwrap();
    }

    #[test]
    fn a_lock_file_that_nobody_holds_is_no_obstacle() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s.redb");
        std::fs::write(beside(&path, "lock"), "4000000000\nmore than a number").unwrap();
        let claim = Claim::take(&path).unwrap();
        let note = std::fs::read_to_string(beside(&path, "lock")).unwrap();
        assert_eq!(note.trim(), std::process::id().to_string());
        drop(claim);
    }

    #[test]
    fn an_opening_waits_for_a_store_that_is_being_closed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s.redb");
        let claim = Claim::take(&path).unwrap();
        claim.place().closing();
        let next = std::thread::spawn(move || Claim::take(&path).map(|_| ()));
        drop(claim);
        next.join().unwrap().unwrap();
    }
}
