//! What cases expect of errors.

use std::fmt;

use netkeep_store::{Applied, Error, Guard, Kind, Result};

/// Expects an error of this kind whose write did not happen.
#[track_caller]
pub(crate) fn refused<T: fmt::Debug>(result: Result<T>, kind: Kind) -> Error {
    match result {
        Ok(value) => panic!("{kind:?} was due, and it succeeded with {value:?}"),
        Err(error) => {
            assert_eq!(error.kind(), kind, "another kind of error was due; got {error:?}");
            assert_eq!(error.applied(), Applied::No, "a refusal is not applied; got {error:?}");
            if kind != Kind::Conflict {
                assert_eq!(error.failed_guard(), None, "only a conflict names a guard; got {error:?}");
            }
            error
        }
    }
}

/// Expects a conflict that names one of these guards.
#[track_caller]
pub(crate) fn conflict<T: fmt::Debug>(result: Result<T>, guards: &[Guard]) -> Error {
    let error = refused(result, Kind::Conflict);
    match error.failed_guard() {
        Some(guard) => assert!(guards.contains(guard), "{guard:?} was named; one of {guards:?} failed"),
        None => panic!("the conflict names no guard: {error:?}"),
    }
    error
}

/// Expects a refusal of this kind that says `named`.
#[track_caller]
pub(crate) fn names<T: fmt::Debug>(result: Result<T>, kind: Kind, named: &str) {
    let error = refused(result, kind);
    assert!(error.to_string().contains(named), "the error does not name {named:?}: {error}");
}
