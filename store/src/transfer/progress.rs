//! How far a transfer is.

use std::fmt;

/// What a transfer is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Reading what there is to transfer, and what is there already.
    Reading,
    /// Writing what is missing.
    Writing,
    /// Reading both sides again, to compare them.
    Verifying,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reading => "reading",
            Self::Writing => "writing",
            Self::Verifying => "verifying",
        })
    }
}

/// Someone who wants to know how far a transfer is.
pub trait Progress: Send + Sync {
    /// A stage has begun, of so many keys; 0 if their number is not known.
    fn began(&self, stage: Stage, keys: usize);

    /// So many keys more of the stage are done.
    fn passed(&self, keys: usize);
}

/// Nobody wants to know.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoProgress;

impl Progress for NoProgress {
    fn began(&self, _: Stage, _: usize) {}

    fn passed(&self, _: usize) {}
}
