//! What is expected of errors.

use std::fmt::Debug;

use netkeep_controller::{Controller, Error, ErrorKind};

/// The error, which must be of this kind.
#[track_caller]
pub(crate) fn refused<T: Debug>(result: Result<T, Error>, kind: ErrorKind) -> Error {
    let error = result.expect_err("this is refused");
    assert_eq!(error.kind(), kind, "{error}");
    error
}

/// As [`refused`]; the message must name all of this.
#[track_caller]
pub(crate) fn refused_naming<T: Debug>(result: Result<T, Error>, kind: ErrorKind, named: &[&str]) {
    let message = refused(result, kind).to_string();
    for part in named {
        assert!(message.contains(part), "{message:?} does not name {part:?}");
    }
}

/// Fails unless the check finds nothing.
#[track_caller]
pub(crate) fn clean(controller: &Controller) -> impl Future<Output = ()> + '_ {
    let caller = std::panic::Location::caller();
    async move {
        let check = controller.check().await.unwrap();
        assert!(check.is_clean(), "{caller}: {:#?}", check.violations);
    }
}
