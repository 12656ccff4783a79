//! What can go wrong in an operation.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A result of the controller.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an operation was refused or failed. The message names the thing, the value and what would be right.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    message: Cow<'static, str>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The kinds of refusal and failure, by what a caller would do about them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ErrorKind {
    /// The request is wrong.
    Invalid,
    /// There is no such thing.
    NotFound,
    /// There is one already.
    Exists,
    /// It is used by another.
    InUse,
    /// The name or the beginning of an id fits several.
    Ambiguous,
    /// The state or the driver does not allow it.
    Forbidden,
    /// A pool or a range has nothing left.
    Exhausted,
    /// The driver does not offer it.
    Unsupported,
    /// Others changed the same things again and again. Try again.
    Conflict,
    /// A store or a driver cannot be had now. Try later.
    Unavailable,
    /// It may have happened: the store did not say. Look, or repeat it under the same request id.
    Unknown,
    /// The store holds what it cannot have written.
    Corrupt,
    /// The controller was closed.
    Closed,
    /// None of these; a defect.
    Internal,
}

impl ErrorKind {
    /// As in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::NotFound => "not-found",
            Self::Exists => "exists",
            Self::InUse => "in-use",
            Self::Ambiguous => "ambiguous",
            Self::Forbidden => "forbidden",
            Self::Exhausted => "exhausted",
            Self::Unsupported => "unsupported",
            Self::Conflict => "conflict",
            Self::Unavailable => "unavailable",
            Self::Unknown => "unknown",
            Self::Corrupt => "corrupt",
            Self::Closed => "closed",
            Self::Internal => "internal",
        }
    }
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

    /// Something that is not there.
    pub fn not_found(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::NotFound, message)
    }

    /// A defect.
    pub(crate) fn internal(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Internal, message)
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
        let kind = match &error {
            netkeep_model::Error::AmbiguousId { .. } => ErrorKind::Ambiguous,
            _ => ErrorKind::Invalid,
        };
        Self::new(kind, error.to_string()).with_source(error)
    }
}

impl From<netkeep_store::Error> for Error {
    fn from(error: netkeep_store::Error) -> Self {
        use netkeep_store::Kind;
        let kind = match error.kind() {
            _ if error.applied() == netkeep_store::Applied::Unknown => ErrorKind::Unknown,
            Kind::Conflict => ErrorKind::Conflict,
            Kind::Invalid | Kind::TooLarge => ErrorKind::Invalid,
            Kind::Denied | Kind::Replaced => ErrorKind::Forbidden,
            Kind::Unavailable | Kind::LeaseLost => ErrorKind::Unavailable,
            Kind::Corrupt => ErrorKind::Corrupt,
            Kind::Closed => ErrorKind::Closed,
            _ => ErrorKind::Internal,
        };
        Self::new(kind, error.to_string()).with_source(error)
    }
}

impl From<netkeep_drivers::Error> for Error {
    fn from(error: netkeep_drivers::Error) -> Self {
        use netkeep_drivers::ErrorKind as Driver;
        let kind = match error.kind() {
            Driver::Invalid | Driver::OutOfRange => ErrorKind::Invalid,
            Driver::InUse | Driver::Overlap => ErrorKind::InUse,
            Driver::NoFreePool | Driver::NoFreeAddress => ErrorKind::Exhausted,
            Driver::NotFound => ErrorKind::NotFound,
            Driver::Forbidden => ErrorKind::Forbidden,
            Driver::Unsupported => ErrorKind::Unsupported,
            Driver::Unavailable => ErrorKind::Unavailable,
            _ => ErrorKind::Internal,
        };
        Self::new(kind, error.to_string()).with_source(error)
    }
}
