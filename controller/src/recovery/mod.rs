//! Bringing store and host back into agreement after a start.

mod drivers;
mod phases;
mod recover;
mod report;
pub(crate) mod told;

pub(crate) use phases::has_dead_phases;
pub(crate) use recover::{recover, recover_phases, settle_phases};
pub use report::RecoveryReport;
