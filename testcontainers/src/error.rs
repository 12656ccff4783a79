//! What can go wrong with a server, and what to do then.

use std::error::Error as StdError;
use std::fmt;

/// A result of a fixture.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a server could not be started or handled. The message says what would be right.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    kind: Kind,
    message: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// The kinds of failure, by what one would do about them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// There is nothing to start: `cargo xtask servers` makes it.
    NoServers,
    /// An option or a variable of the environment says what cannot be.
    Invalid,
    /// This launcher cannot do that. Take another.
    Unsupported,
    /// The node is not in the state that the call needs, such as a restart of a frozen one.
    State,
    /// The engine or the system refused, or the server ended by itself.
    Failed,
    /// The server runs, and did not serve before the deadline.
    NotReady,
}

impl Error {
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), source: None }
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(Kind::Invalid, message)
    }

    pub(crate) fn unsupported(message: impl Into<String>) -> Self {
        Self::new(Kind::Unsupported, message)
    }

    pub(crate) fn failed(
        what: impl fmt::Display,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        let source = source.into();
        Self { kind: Kind::Failed, message: format!("{what}: {source}"), source: Some(source) }
    }

    /// Adds what helps to find the cause, such as the end of a server's log.
    pub(crate) fn with_context(mut self, context: impl fmt::Display) -> Self {
        self.message = format!("{}\n{context}", self.message);
        self
    }

    /// What one would do about it.
    pub fn kind(&self) -> Kind {
        self.kind
    }
}
