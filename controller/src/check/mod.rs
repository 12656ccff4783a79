//! Looking for what must not be, and how it would be mended.

mod evicted;
mod findings;
mod here;
mod holdings;
mod liveness;
mod look;
mod mend;
mod names;
mod objects;
mod owners;
mod pools;
mod report;

pub(crate) use look::check;
pub use report::{CheckReport, GlobalCheck, Invariant, UnderWay, Violation};
