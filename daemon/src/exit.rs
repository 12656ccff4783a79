//! What the exit code says.

use std::process::ExitCode;

use netkeep_controller::ErrorKind;

/// How a command ended.
///
/// | Code | Meaning |
/// |---|---|
/// | 0 | done |
/// | 1 | failed for a reason that none of the others names |
/// | 2 | the command line makes no sense |
/// | 3 | there is no such thing |
/// | 4 | the state does not allow it: it exists, is in use, is ambiguous, is exhausted, is forbidden |
/// | 5 | a daemon, store or socket cannot be had now, or the outcome is unknown |
/// | 6 | a value, a file or a configuration is wrong |
/// | 7 | `check` found violations, or `demo` found something lost or leaked |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done,
    /// Failed for a reason that none of the others names.
    Failure,
    /// The command line makes no sense.
    Usage,
    /// There is no such thing.
    NotFound,
    /// The state does not allow it.
    Conflict,
    /// Something cannot be had now.
    Unavailable,
    /// A value is wrong.
    Invalid,
    /// Something was found that must not be.
    Violations,
}

impl Exit {
    /// The code.
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failure => 1,
            Self::Usage => 2,
            Self::NotFound => 3,
            Self::Conflict => 4,
            Self::Unavailable => 5,
            Self::Invalid => 6,
            Self::Violations => 7,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

impl From<ErrorKind> for Exit {
    fn from(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::Invalid | ErrorKind::Unsupported => Self::Invalid,
            ErrorKind::NotFound => Self::NotFound,
            ErrorKind::Exists
            | ErrorKind::InUse
            | ErrorKind::Ambiguous
            | ErrorKind::Forbidden
            | ErrorKind::Exhausted
            | ErrorKind::Conflict => Self::Conflict,
            ErrorKind::Unavailable | ErrorKind::Unknown | ErrorKind::Closed => Self::Unavailable,
            _ => Self::Failure,
        }
    }
}

impl From<netkeep_store::Kind> for Exit {
    fn from(kind: netkeep_store::Kind) -> Self {
        use netkeep_store::Kind;
        match kind {
            Kind::Invalid | Kind::TooLarge | Kind::Replaced | Kind::Corrupt => Self::Invalid,
            Kind::Conflict => Self::Conflict,
            Kind::Unavailable | Kind::Closed | Kind::LeaseLost => Self::Unavailable,
            _ => Self::Failure,
        }
    }
}
