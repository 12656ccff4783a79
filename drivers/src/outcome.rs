//! What becomes of an attempt to change this host.

use std::fmt;

use netkeep_model::{Claim, Object};

use crate::Error;

/// Why `ensure_*` did not succeed.
#[derive(Debug)]
pub enum EnsureError {
    /// The driver refuses: the creation is undone.
    Refused(Error),
    /// Someone who is unknown to the store holds this claim: the creation is undone and planned again without
    /// it, ten times at most.
    Taken(Claim, Error),
    /// It may have been done: it is removed, and then the operation fails.
    Unknown(Error),
}

/// Why `remove` did not succeed.
#[derive(Debug)]
pub enum RemoveError {
    /// It may succeed later; the object stays in its phase `deleting`.
    Retry(Error),
    /// It is reported and counts as removed.
    Ignored(Error),
}

/// What a driver's recovery did on this host.
#[derive(Debug, Default)]
pub struct DriverRecovery {
    /// Objects that were made whole again.
    pub ensured: Vec<Object>,
    /// Objects that were taken down because nothing wants them any more.
    pub removed: Vec<Object>,
    /// Objects for which neither succeeded, with the reason.
    pub failed: Vec<(Object, Error)>,
}

impl EnsureError {
    /// The error underneath.
    pub fn error(&self) -> &Error {
        match self {
            Self::Refused(error) | Self::Taken(_, error) | Self::Unknown(error) => error,
        }
    }
}

impl RemoveError {
    /// The error underneath.
    pub fn error(&self) -> &Error {
        match self {
            Self::Retry(error) | Self::Ignored(error) => error,
        }
    }
}

impl fmt::Display for EnsureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error().fmt(f)
    }
}

impl fmt::Display for RemoveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error().fmt(f)
    }
}

impl std::error::Error for EnsureError {}
impl std::error::Error for RemoveError {}

impl From<Error> for EnsureError {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl From<Error> for RemoveError {
    fn from(error: Error) -> Self {
        Self::Retry(error)
    }
}
