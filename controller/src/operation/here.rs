//! What a host is told to make of a new network or endpoint.

use netkeep_drivers::{Answer, Mode, Plan};
use netkeep_model::{DriverKind, Scope};

use crate::{Error, ErrorKind, Result};

/// Whether this host has something to do for what `plan` decides about, and whether the driver must be called. What is
/// of global scope is made on a host when it is first used there, so not now.
///
/// # Errors
///
/// [`ErrorKind::Unsupported`] if the driver must be called for something of global scope.
pub(crate) fn wanted_here<T>(scope: Scope, plan: &Plan<T>, driver: &DriverKind) -> Result<Option<Mode>> {
    match (&plan.answer, scope) {
        (Answer::FromCall, Scope::Local) => Ok(Some(Mode::Called)),
        (Answer::FromCall, Scope::Global) => Err(Error::new(
            ErrorKind::Unsupported,
            format!("driver {driver} is to be called, which networks of global scope do not offer"),
        )),
        (Answer::Now(_), Scope::Local) => Ok(plan.ensure.then_some(Mode::Planned)),
        (Answer::Now(_), Scope::Global) => Ok(None),
    }
}
