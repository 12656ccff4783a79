//! Why the daemon did not do it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use netkeep_controller::ErrorKind;

use crate::api::ErrorAnswer;
use crate::exit::Exit;

/// Why a request did not succeed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientError {
    /// The daemon answered, and refused.
    Refused(ErrorAnswer),
    /// Nobody is there to answer: nothing was sent.
    NoDaemon {
        /// Where one was looked for.
        socket: PathBuf,
        /// What was found there.
        reason: io::ErrorKind,
    },
    /// The connection ended, or time ran out, before the answer: it may have been done.
    Unanswered {
        /// Where the daemon is, or was.
        socket: PathBuf,
        /// What happened.
        reason: String,
    },
    /// What answers does not speak as a daemon of this version does.
    Broken {
        /// Where it is.
        socket: PathBuf,
        /// What it said.
        reason: String,
    },
}

impl ClientError {
    pub(super) fn unanswered(socket: &Path, error: &reqwest::Error) -> Self {
        let socket = socket.to_owned();
        let io = io_error(error);
        if error.is_connect() {
            return Self::NoDaemon { socket, reason: io.unwrap_or(io::ErrorKind::Other) };
        }
        let reason = if error.is_timeout() { "no answer in time".to_owned() } else { innermost(error) };
        Self::Unanswered { socket, reason }
    }

    /// What the daemon refused it for, if it did.
    pub fn kind(&self) -> Option<ErrorKind> {
        match self {
            Self::Refused(answer) => Some(answer.kind),
            _ => None,
        }
    }

    /// Whether it may have been done all the same.
    pub fn is_unknown(&self) -> bool {
        match self {
            Self::Refused(answer) => answer.kind == ErrorKind::Unknown,
            Self::NoDaemon { .. } => false,
            Self::Unanswered { .. } | Self::Broken { .. } => true,
        }
    }

    /// The exit code of a command that ends with it.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Refused(answer) => answer.kind.into(),
            Self::NoDaemon { .. } | Self::Unanswered { .. } => Exit::Unavailable,
            Self::Broken { .. } => Exit::Failure,
        }
    }
}

fn sources<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error), |error| error.source())
}

fn io_error(error: &reqwest::Error) -> Option<io::ErrorKind> {
    sources(error).find_map(|error| error.downcast_ref::<io::Error>()).map(io::Error::kind)
}

fn innermost(error: &reqwest::Error) -> String {
    sources(error).last().map_or_else(String::new, ToString::to_string)
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(answer) => f.write_str(&answer.message),
            Self::NoDaemon { socket, reason } => {
                let socket = socket.display();
                match reason {
                    io::ErrorKind::NotFound => write!(
                        f,
                        "no daemon answers: there is no socket {socket}; start one with \"netkeep daemon\", or name \
                         its socket with --socket"
                    ),
                    io::ErrorKind::ConnectionRefused => write!(
                        f,
                        "no daemon answers: the socket {socket} was left behind by one that has ended; start one with \
                         \"netkeep daemon\""
                    ),
                    io::ErrorKind::PermissionDenied => write!(
                        f,
                        "the socket {socket} may not be used by this user; join its group, or use sudo"
                    ),
                    reason => write!(f, "no daemon answers at the socket {socket}: {reason}"),
                }
            }
            Self::Unanswered { socket, reason } => write!(
                f,
                "the daemon at {} did not answer ({reason}); it may have been done: look before you repeat it",
                socket.display()
            ),
            Self::Broken { socket, reason } => write!(f, "socket {}: {reason}", socket.display()),
        }
    }
}

impl std::error::Error for ClientError {}
