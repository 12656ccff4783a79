//! What became of a plan.

use netkeep_model::Scope;
use serde::{Deserialize, Serialize};

use super::Mended;

/// What a plan did, or would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepairReport {
    /// False if nothing was to be changed.
    pub applied: bool,
    /// What became of each repair, in the order of the plan.
    pub repairs: Vec<RepairOutcome>,
}

/// What became of one repair.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepairOutcome {
    /// The store.
    pub scope: Scope,
    /// What it mends.
    pub mends: Vec<Mended>,
    /// What it does, in words, one for each operation.
    pub does: Vec<String>,
    /// Why it was not done, or would not be; `None` if it was, or would be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

impl RepairReport {
    /// True if every repair was done, or would be.
    pub fn is_whole(&self) -> bool {
        self.repairs.iter().all(|repair| repair.refused.is_none())
    }
}
