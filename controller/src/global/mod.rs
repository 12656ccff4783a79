//! The store that all hosts share, as one of several hosts uses it.

mod begin;
mod last_known;
mod side;
mod snapshot;
mod standing;

pub use last_known::Stale;
pub(crate) use side::{GlobalSide, Parts};
pub use snapshot::SnapshotFile;
pub use standing::{GlobalState, GlobalStatus};
