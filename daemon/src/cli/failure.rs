//! Why a command did not succeed.

use std::fmt;

use crate::client::ClientError;
use crate::config::ConfigError;
use crate::exit::Exit;

/// Why a command did not succeed, and how it exits.
#[derive(Debug)]
pub struct Failure {
    exit: Exit,
    message: String,
}

impl Failure {
    /// A failure that exits like this.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into() }
    }

    /// A value that an argument cannot have.
    pub(super) fn argument(argument: &str, reason: impl fmt::Display) -> Self {
        Self::new(Exit::Invalid, format!("{argument}: {reason}"))
    }

    /// How to exit.
    pub fn exit(&self) -> Exit {
        self.exit
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        Self::new(error.exit(), error.to_string())
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::new(Exit::Invalid, error.to_string())
    }
}

/// Reads the value of an argument.
pub(super) fn parsed<T: std::str::FromStr<Err: fmt::Display>>(
    argument: &str,
    text: &str,
) -> Result<T, Failure> {
    text.parse().map_err(|error| Failure::argument(argument, error))
}

/// Reads the value of an argument, if it is given.
pub(super) fn optional<T: std::str::FromStr<Err: fmt::Display>>(
    argument: &str,
    text: Option<&str>,
) -> Result<Option<T>, Failure> {
    text.map(|text| parsed(argument, text)).transpose()
}
