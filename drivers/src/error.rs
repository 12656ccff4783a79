//! What can go wrong in a driver.

use std::borrow::Cow;
use std::fmt;

/// A result of a driver.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a driver refused or failed.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    message: Cow<'static, str>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The kinds of refusal and failure, by what the controller or its caller would do about them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The request is wrong; the message names the field, the value and what would be right.
    Invalid,
    /// The address lies outside its pool.
    OutOfRange,
    /// The address, number, port or link is held by another.
    InUse,
    /// The pool overlaps another one of its space.
    Overlap,
    /// No predefined pool is free.
    NoFreePool,
    /// The pool has no free address.
    NoFreeAddress,
    /// There is no such thing.
    NotFound,
    /// The state does not allow it; on the way to a removal: a veto.
    Forbidden,
    /// The driver does not offer it.
    Unsupported,
    /// What the driver needs cannot be had now.
    Unavailable,
    /// None of these; a defect.
    Internal,
}

impl Error {
    /// An error of this kind.
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, message: message.into(), source: None }
    }

    /// A wrong request.
    pub fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Invalid, message)
    }

    /// A state that does not allow it.
    pub fn forbidden(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Forbidden, message)
    }

    /// Keeps the error underneath.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What to do.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn std::error::Error + 'static))
    }
}

impl From<netkeep_model::Error> for Error {
    fn from(error: netkeep_model::Error) -> Self {
        Self::invalid(error.to_string())
    }
}

impl From<netkeep_store::Error> for Error {
    fn from(error: netkeep_store::Error) -> Self {
        let kind = match error.kind() {
            netkeep_store::Kind::Invalid | netkeep_store::Kind::TooLarge => ErrorKind::Invalid,
            netkeep_store::Kind::Unavailable => ErrorKind::Unavailable,
            netkeep_store::Kind::Denied | netkeep_store::Kind::Replaced => ErrorKind::Forbidden,
            _ => ErrorKind::Internal,
        };
        Self::new(kind, error.to_string()).with_source(error)
    }
}
