//! What can go wrong, and what to do then.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

use crate::Guard;

/// A result of a store.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an operation of a store failed.
///
/// The [`kind`](Error::kind) says what to do, [`applied`](Error::applied) whether a write may have happened all
/// the same.
pub struct Error(Box<Inner>);

struct Inner {
    kind: Kind,
    applied: Applied,
    message: Cow<'static, str>,
    backend: Option<&'static str>,
    operation: Option<&'static str>,
    context: Vec<(&'static str, String)>,
    guard: Option<Guard>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// The kinds of failure, by what a caller would do about them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// A guard did not hold; [`Error::failed_guard`] names it. Read again, decide again.
    Conflict,
    /// The lease has ended, or this handle did not grant it. Grant another.
    LeaseLost,
    /// The request breaks a rule. Mend the caller.
    Invalid,
    /// The request is over a bound. Split it.
    TooLarge,
    /// The store knows us and refuses, or does not know us. Never retried: mend the credentials.
    Denied,
    /// The store cannot be had now, or is full. Try later.
    Unavailable,
    /// The store holds what it cannot have written. Stop and look.
    Corrupt,
    /// The handle was closed, or a failed disk has made it useless. Open the store anew.
    Closed,
    /// This is not the store that was expected: wiped, restored from an older state, or another. Never retried.
    Replaced,
    /// None of these; a defect.
    Unexpected,
}

/// Whether a failed write may have happened all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Applied {
    /// It did not happen, and will not.
    No,
    /// It may have happened, or may still.
    Unknown,
}

impl Error {
    /// An error of this kind whose write did not happen.
    pub fn new(kind: Kind, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            kind,
            applied: Applied::No,
            message: message.into(),
            backend: None,
            operation: None,
            context: Vec::new(),
            guard: None,
            source: None,
        }))
    }

    /// A broken rule.
    pub fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::Invalid, message)
    }

    /// A passed bound.
    pub fn too_large(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::TooLarge, message)
    }

    /// A guard that did not hold.
    pub fn conflict(guard: Guard) -> Self {
        let message = match &guard {
            Guard::Absent(key) => format!("{key} exists"),
            Guard::Unchanged(key, revision) => format!("{key} is no longer at revision {revision}"),
        };
        let mut error = Self::new(Kind::Conflict, message);
        error.0.guard = Some(guard);
        error
    }

    /// A handle that is of no more use.
    pub fn closed(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::Closed, message)
    }

    /// Says that the write may have happened.
    #[must_use]
    pub fn with_unknown_outcome(mut self) -> Self {
        self.0.applied = Applied::Unknown;
        self
    }

    /// Names the store.
    #[must_use]
    pub fn with_backend(mut self, backend: &'static str) -> Self {
        self.0.backend = Some(backend);
        self
    }

    /// Names the operation. An operation that was named before becomes context.
    #[must_use]
    pub fn with_operation(mut self, operation: &'static str) -> Self {
        if let Some(inner) = self.0.operation.replace(operation).filter(|inner| *inner != operation) {
            self.0.context.push(("in", inner.to_owned()));
        }
        self
    }

    /// Adds a fact. It must hold no secret.
    #[must_use]
    pub fn with_context(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.0.context.push((name, value.to_string()));
        self
    }

    /// Keeps the error underneath.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Changes the guard that failed, and the message that names it, as a layer that renames keys must.
    #[must_use]
    pub fn with_guard(self, guard: Guard) -> Self {
        let renamed = Self::conflict(guard);
        let Self(mut inner) = self;
        inner.message = renamed.0.message;
        inner.guard = renamed.0.guard;
        Self(inner)
    }

    /// What to do.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// Whether a failed write may have happened. [`Applied::No`] for reads.
    pub fn applied(&self) -> Applied {
        self.0.applied
    }

    /// The guard that did not hold, of a [`Kind::Conflict`].
    pub fn failed_guard(&self) -> Option<&Guard> {
        self.0.guard.as_ref()
    }

    /// The message alone, without operation and context.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// True if trying the same again may help, and cannot do it twice.
    pub fn is_retryable(&self) -> bool {
        self.0.kind == Kind::Unavailable && self.0.applied == Applied::No
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &self.0;
        match (inner.backend, inner.operation) {
            (Some(backend), Some(operation)) => write!(f, "{backend} {operation}: ")?,
            (Some(one), None) | (None, Some(one)) => write!(f, "{one}: ")?,
            (None, None) => {}
        }
        f.write_str(&inner.message)?;
        if inner.applied == Applied::Unknown {
            f.write_str(" (it may have been applied)")?;
        }
        for (index, (name, value)) in inner.context.iter().enumerate() {
            write!(f, "{}{name}: {value}", if index == 0 { " (" } else { ", " })?;
        }
        if !inner.context.is_empty() {
            f.write_str(")")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &self.0;
        f.debug_struct("Error")
            .field("kind", &inner.kind)
            .field("applied", &inner.applied)
            .field("backend", &inner.backend)
            .field("operation", &inner.operation)
            .field("message", &inner.message)
            .field("context", &inner.context)
            .field("guard", &inner.guard)
            .field("source", &inner.source)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Key, Revision};

    #[test]
    fn one_line_says_who_what_and_whether() {
        let error = Error::new(Kind::Unavailable, "no answer")
            .with_backend("etcd")
            .with_operation("commit")
            .with_context("after", "5s")
            .with_unknown_outcome();
        assert_eq!(error.to_string(), "etcd commit: no answer (it may have been applied) (after: 5s)");
        assert!(!error.is_retryable());
    }

    #[test]
    fn a_conflict_names_its_guard() {
        let key = Key::parse("a").unwrap();
        let error = Error::conflict(Guard::Unchanged(key.clone(), Revision::new(7)));
        assert_eq!(error.failed_guard(), Some(&Guard::Unchanged(key.clone(), Revision::new(7))));
        assert_eq!(error.to_string(), "a is no longer at revision 7");
        assert_eq!(error.with_guard(Guard::Absent(key)).to_string(), "a exists");
    }
}
