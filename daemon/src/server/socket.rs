//! The socket of the API: one daemon has it, and a living one is never robbed of it.

use std::fmt;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use nix::sys::stat::{Mode, umask};
use tokio::net::UnixListener;

/// The right to listen at a path, held until it is dropped. It is a lock on the file `<path>.lock`, which names the
/// holder and stays.
#[derive(Debug)]
pub struct SocketClaim {
    path: PathBuf,
    /// Held for its lock, which ends with the process at the latest.
    _lock: File,
}

/// Why a socket cannot be had.
#[derive(Debug)]
pub struct SocketError {
    path: PathBuf,
    message: String,
    held: bool,
    source: Option<io::Error>,
}

impl SocketClaim {
    /// Who may use the socket: its owner and its group.
    pub const MODE: u32 = 0o660;

    /// Claims `path`. Folders that are missing are made.
    ///
    /// # Errors
    ///
    /// [`SocketError`] with the holder's process id if another daemon has the path or listens there; if something
    /// that is no socket lies there; if the lock file cannot be written.
    pub fn take(path: &Path) -> Result<Self, SocketError> {
        let failed = |what: &str, error| SocketError::io(path, what, error);
        if path.file_name().is_none() {
            return Err(SocketError::new(path, false, "it names no file".to_owned()));
        }
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            DirBuilder::new()
                .recursive(true)
                .mode(0o755)
                .create(folder)
                .map_err(|error| failed("its folder cannot be made", error))?;
        }
        let lock = lock(path)?;
        match path.symlink_metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed("it cannot be looked at", error)),
            Ok(found) if !found.file_type().is_socket() => {
                let message = "something else than a socket lies there; move it away, or set another path";
                return Err(SocketError::new(path, false, message.to_owned()));
            }
            // Somebody may listen there who knows nothing of the lock.
            Ok(_) => {
                if UnixStream::connect(path).is_ok() {
                    let message = "another program listens there; stop it, or set another path";
                    return Err(SocketError::new(path, true, message.to_owned()));
                }
            }
        }
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    /// Listens, in place of whoever listened there before and is dead. Must be called within a runtime.
    ///
    /// # Errors
    ///
    /// [`SocketError`] if the path is too long for a socket, or its folder may not be written.
    pub fn listen(&self) -> Result<UnixListener, SocketError> {
        self.remove()?;
        // The mode is set by the mask too, so that there is no moment at which others could connect.
        let before = umask(Mode::from_bits_truncate(0o777 & !Self::MODE));
        let bound = UnixListener::bind(&self.path);
        umask(before);
        let listener = bound.map_err(|error| SocketError::io(&self.path, "it cannot be made", error))?;
        std::fs::set_permissions(&self.path, std::fs::Permissions::from_mode(Self::MODE))
            .map_err(|error| SocketError::io(&self.path, "its mode cannot be set", error))?;
        Ok(listener)
    }

    /// Removes the socket, so that clients see at once that nobody listens.
    ///
    /// # Errors
    ///
    /// [`SocketError`] if it is there and cannot be removed.
    pub fn remove(&self) -> Result<(), SocketError> {
        match std::fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(SocketError::io(&self.path, "it cannot be removed", error))
            }
            _ => Ok(()),
        }
    }
}

fn lock(path: &Path) -> Result<File, SocketError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let failed = |error| SocketError::io(path, "its lock file cannot be written", error);
    let mut options = OpenOptions::new();
    let mut file = options
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(PathBuf::from(name))
        .map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut note = String::new();
            let holder = match file.take(32).read_to_string(&mut note) {
                Ok(_) if note.trim().parse::<u32>().is_ok() => format!("process {}", note.trim()),
                _ => "another process".to_owned(),
            };
            let message = format!("a daemon has it already ({holder}); stop that one, or set another path");
            return Err(SocketError::new(path, true, message));
        }
        Err(TryLockError::Error(error)) => return Err(failed(error)),
    }
    file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id())).map_err(failed)?;
    Ok(file)
}

impl SocketError {
    fn new(path: &Path, held: bool, message: String) -> Self {
        Self { path: path.to_owned(), message, held, source: None }
    }

    fn io(path: &Path, what: &str, source: io::Error) -> Self {
        let message = format!("{what}: {source}");
        Self { path: path.to_owned(), message, held: false, source: Some(source) }
    }

    /// Whether another program has it.
    pub fn is_held(&self) -> bool {
        self.held
    }
}

impl fmt::Display for SocketError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "socket {}: {}", self.path.display(), self.message)
    }
}

impl std::error::Error for SocketError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|error| error as &(dyn std::error::Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_left_over_socket_is_replaced_and_the_mode_is_set() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b.sock");
        let claim = SocketClaim::take(&path).unwrap();
        drop(claim.listen().unwrap());
        assert!(path.exists(), "a listener that is dropped leaves its socket, as a killed daemon does");
        drop(claim);
        let claim = SocketClaim::take(&path).unwrap();
        let _listener = claim.listen().unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, SocketClaim::MODE);
        claim.remove().unwrap();
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn a_second_claim_is_told_the_holder() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("b.sock");
        let _claim = SocketClaim::take(&path).unwrap();
        let error = SocketClaim::take(&path).unwrap_err();
        assert!(error.is_held());
        assert!(error.to_string().contains(&format!("process {}", std::process::id())), "{error}");
    }

    #[tokio::test]
    async fn a_stranger_who_listens_and_a_file_are_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("b.sock");
        let stranger = UnixListener::bind(&path).unwrap();
        let error = SocketClaim::take(&path).unwrap_err();
        assert!(error.is_held() && error.to_string().contains("another program listens"), "{error}");
        drop(stranger);
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, "mine").unwrap();
        let error = SocketClaim::take(&path).unwrap_err().to_string();
        assert!(error.contains("something else than a socket"), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
    }

    #[tokio::test]
    async fn a_path_that_is_too_long_is_refused_in_words() {
        let folder = tempfile::tempdir().unwrap();
        let claim = SocketClaim::take(&folder.path().join("s".repeat(150))).unwrap();
        let error = claim.listen().unwrap_err().to_string();
        assert!(error.contains("cannot be made"), "{error}");
    }
}
