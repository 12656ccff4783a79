//! Mending what a check has found.

mod apply;
mod calls;
mod draft;
mod group;
mod outcome;
mod plan;
mod quarantine;
mod work;

pub(crate) use apply::repair;
pub(crate) use draft::Draft;
pub(crate) use group::group;
pub use outcome::{RepairOutcome, RepairReport};
pub use plan::{Condition, Mended, Repair, RepairOperation, RepairPlan, StorePlan};
pub use quarantine::QuarantinedRecord;
pub(crate) use quarantine::{quarantined, take_out};
