//! What goes wrong in the file, in the words of the contract.

use std::io;

use netkeep_store::{Error, Kind};
use redb::StorageError;

use crate::RedbStore;
use crate::volume::is_full;

/// The error of an I/O call that did `what`.
pub(crate) fn io(what: &'static str) -> impl Fn(io::Error) -> Error {
    move |error| {
        let kind = match error.kind() {
            io::ErrorKind::PermissionDenied => Kind::Denied,
            io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory => Kind::Invalid,
            // Read beyond its end: the file is shorter than it says.
            io::ErrorKind::UnexpectedEof => Kind::Corrupt,
            _ => Kind::Unavailable,
        };
        let full = if is_full(&error) { "; the disk is full" } else { "" };
        Error::new(kind, format!("{what} failed: {error}{full}")).with_source(error)
    }
}

/// The error of opening or describing a file.
pub(crate) fn opening(error: impl Into<redb::Error>) -> Error {
    let error = error.into();
    let (kind, message) = match &error {
        redb::Error::DatabaseAlreadyOpen | redb::Error::LockProtocolMismatch => {
            (Kind::Unavailable, "another program has the file open".to_owned())
        }
        redb::Error::UpgradeRequired(version) => (
            Kind::Invalid,
            format!("the file is of redb's format {version}, older than redb {} knows", crate::format::REDB),
        ),
        redb::Error::Io(source) => {
            return io("reading the file")(io::Error::new(source.kind(), source.to_string()));
        }
        redb::Error::Corrupted(why) => {
            (Kind::Corrupt, format!("the file is damaged: {why}; it was left as it is"))
        }
        redb::Error::TableDoesNotExist(_)
        | redb::Error::TableTypeMismatch { .. }
        | redb::Error::TypeDefinitionChanged { .. }
        | redb::Error::TableIsMultimap(_) => {
            (Kind::Corrupt, format!("the file is a damaged store: {error}; it was left as it is"))
        }
        _ => (Kind::Unexpected, format!("the file cannot be opened: {error}")),
    };
    Error::new(kind, message).with_source(error)
}

/// Why something inside redb failed.
#[derive(Debug)]
pub(crate) enum Fault {
    /// A page is not as it was written.
    Damage(String),
    /// The disk, or redb, which refuses everything after the disk has failed once.
    Disk(redb::Error),
}

impl Fault {
    pub(crate) fn of(error: impl Into<redb::Error>) -> Self {
        match error.into() {
            redb::Error::Corrupted(why) => Self::Damage(why),
            error => Self::Disk(error),
        }
    }

    /// What a reader is told.
    pub(crate) fn into_error(self) -> Error {
        match self {
            Self::Damage(why) => Error::new(Kind::Corrupt, format!("the file is damaged: {why}")),
            Self::Disk(error) => {
                Error::new(Kind::Unavailable, format!("the disk failed: {error}")).with_source(error)
            }
        }
    }
}

impl From<StorageError> for Fault {
    fn from(error: StorageError) -> Self {
        Self::of(error)
    }
}

/// Does `run`, and makes of a panic an error: redb may panic where it reads a page that something else has written.
pub(crate) fn contained<T, E>(
    run: impl FnOnce() -> Result<T, E>,
    damage: impl FnOnce(String) -> E,
) -> Result<T, E> {
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)) {
        Ok(result) => result,
        Err(panic) => {
            let why = panic
                .downcast_ref::<String>()
                .cloned()
                .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
                .unwrap_or_else(|| "redb panicked".to_owned());
            Err(damage(why))
        }
    }
}

/// Names the store and the operation.
pub(crate) fn named(operation: &'static str) -> impl Fn(Error) -> Error {
    move |error| error.with_backend(RedbStore::NAME).with_operation(operation)
}
