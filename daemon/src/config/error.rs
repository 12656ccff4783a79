//! What is wrong with a configuration.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why a configuration was refused: where, which key, what value, what would be right.
#[derive(Debug)]
pub struct ConfigError {
    source: Source,
    message: String,
    io: Option<io::Error>,
}

/// Where a value of the configuration comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// What holds if nothing is said.
    Default,
    /// A file.
    File(PathBuf),
    /// The environment.
    Environment,
    /// The command line.
    Flag,
}

impl ConfigError {
    /// A value that its key cannot have.
    pub fn value(source: Source, key: &str, reason: impl fmt::Display) -> Self {
        Self { source, message: format!("{key}: {reason}"), io: None }
    }

    pub(super) fn new(source: Source, message: String) -> Self {
        Self { source, message, io: None }
    }

    pub(super) fn unreadable(path: &Path, error: io::Error) -> Self {
        let message = match error.kind() {
            io::ErrorKind::NotFound => "there is no such file".to_owned(),
            _ => format!("it cannot be read: {error}"),
        };
        Self { source: Source::File(path.to_owned()), message, io: Some(error) }
    }

    /// Where the fault is.
    pub fn place(&self) -> &Source {
        &self.source
    }

    /// Whether this user may not read the file.
    pub fn is_denied(&self) -> bool {
        self.io.as_ref().is_some_and(|error| error.kind() == io::ErrorKind::PermissionDenied)
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.source, self.message)
    }
}

impl std::error::Error for ConfigError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.io.as_ref().map(|error| error as &(dyn std::error::Error + 'static))
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default configuration"),
            Self::File(path) => write!(f, "configuration file {}", path.display()),
            Self::Environment => f.write_str("environment"),
            Self::Flag => f.write_str("command line"),
        }
    }
}
