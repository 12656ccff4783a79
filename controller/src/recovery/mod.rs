//! Bringing store and host back into agreement after a start.

mod drivers;
mod phases;
mod recover;
mod report;

pub(crate) use recover::recover;
pub use report::RecoveryReport;
