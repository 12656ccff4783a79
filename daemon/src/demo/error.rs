//! Why the demo reached no verdict.

use std::fmt;
use std::io;

use crate::client::ClientError;

/// Why the demo reached no verdict.
#[derive(Debug)]
pub enum DemoError {
    /// An option is out of its bounds.
    Options(String),
    /// The system refuses something that is needed.
    System(String, io::Error),
    /// The daemon does not do as a daemon does.
    Daemon(String),
    /// The servers of the store that hosts share cannot be had.
    Servers(netkeep_testcontainers::Error),
    /// A request failed that nothing was done to.
    Request(String, ClientError),
}

impl DemoError {
    pub(super) fn system(what: &str, error: io::Error) -> Self {
        Self::System(what.to_owned(), error)
    }

    pub(super) fn request(what: &'static str) -> impl Fn(ClientError) -> Self {
        move |error| Self::Request(what.to_owned(), error)
    }

    /// Adds the end of what the daemon logged.
    pub(super) fn with_log(self, log: &str) -> Self {
        const LINES: usize = 12;
        let lines: Vec<_> = log.lines().collect();
        let end = lines[lines.len().saturating_sub(LINES)..].join("\n");
        match self {
            Self::Daemon(message) if !end.is_empty() => {
                Self::Daemon(format!("{message}\nThe end of the daemon's log:\n{end}"))
            }
            other => other,
        }
    }
}

impl fmt::Display for DemoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Options(message) | Self::Daemon(message) => f.write_str(message),
            Self::System(what, error) => write!(f, "{what} failed: {error}"),
            Self::Servers(error) => write!(f, "the servers of the demo: {error}"),
            Self::Request(what, error) => write!(f, "{what} failed: {error}"),
        }
    }
}

impl std::error::Error for DemoError {}
