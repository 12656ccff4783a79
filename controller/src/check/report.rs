//! What a check found.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckReport {
    /// The commit at which the store was looked at.
    pub revision: u64,
    /// How many records were looked at.
    pub records: usize,
    /// What is wrong; empty if nothing is.
    pub violations: Vec<Violation>,
}

/// Something that must not be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Violation {
    /// Which invariant it breaks.
    pub invariant: Invariant,
    /// The key of the record that breaks it.
    pub key: String,
    /// What is wrong with it.
    pub found: String,
    /// What would mend it.
    pub mend: String,
}

/// What holds in a store whenever no operation is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Invariant {
    /// Every address, pool, number, port and link has exactly one living owner.
    I1,
    /// No address is given twice.
    I2,
    /// Names and ids belong together, one to one.
    I3,
    /// No endpoint is without its network.
    I4,
    /// Driver records have the object that they hang on.
    I5,
    /// Nothing stays in an in-between phase.
    I6,
    /// Attachments of endpoints agree with the sandboxes of this host.
    I7,
    /// Every record can be read.
    I8,
    /// No intent and no note of this host is without its reason.
    I9,
}

impl Invariant {
    /// The invariant in a sentence.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::I1 => "every allocation has exactly one living owner",
            Self::I2 => "no address is given twice",
            Self::I3 => "names and ids belong together",
            Self::I4 => "no endpoint is without its network",
            Self::I5 => "driver records have the object that they hang on",
            Self::I6 => "nothing stays in an in-between phase",
            Self::I7 => "attachments agree with the sandboxes of this host",
            Self::I8 => "every record can be read",
            Self::I9 => "no intent and no note is without its reason",
        }
    }
}

impl fmt::Display for Invariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl CheckReport {
    /// True if nothing is wrong.
    pub fn is_clean(&self) -> bool {
        self.violations.is_empty()
    }
}
