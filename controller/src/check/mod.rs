//! Looking for what must not be.

mod allocations;
mod findings;
mod objects;
mod report;

pub(crate) use findings::check;
pub use report::{CheckReport, Invariant, Violation};
