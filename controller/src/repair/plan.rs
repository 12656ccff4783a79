//! What is to be done to a store, as data.

use netkeep_model::Scope;
use netkeep_store::{Guard, Identity, Key, Revision};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Invariant;

/// Everything that a repair will do, and nothing else: to be read by a person, kept in a file, and applied as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RepairPlan {
    /// The version of this form: [`RepairPlan::VERSION`].
    pub version: u32,
    /// What is to be done in each store; a store without repairs is not named.
    pub stores: Vec<StorePlan>,
}

/// What is to be done in one store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StorePlan {
    /// Which of the two stores it is.
    pub scope: Scope,
    /// Which store it is.
    pub identity: Identity,
    /// The commit at which it was looked at.
    pub revision: u64,
    /// The repairs, in the order in which they are done.
    pub repairs: Vec<Repair>,
}

/// What mends one violation, or a few of which none can be mended alone: done wholly or not at all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Repair {
    /// What it mends.
    pub mends: Vec<Mended>,
    /// What is done: all changes in one transaction, or one operation of the daemon.
    pub operations: Vec<RepairOperation>,
    /// What it rests on beside the records that it changes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
}

/// A violation that a repair mends.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mended {
    /// Which invariant it breaks.
    pub invariant: Invariant,
    /// The key of the record that breaks it.
    pub key: Key,
    /// What is wrong with it.
    pub found: String,
}

/// One thing that is done. Each names the revision at which the plan saw the record; if the record has changed
/// since, nothing is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub enum RepairOperation {
    /// Removes a record.
    Delete {
        /// Which.
        key: Key,
        /// The commit that wrote it.
        revision: u64,
    },
    /// Writes a record.
    Put {
        /// Which.
        key: Key,
        /// The commit that wrote what is there; absent if there must be none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        revision: Option<u64>,
        /// What is written, in its stored form.
        value: Value,
    },
    /// Finishes what a run that is over has left in between, or undoes it if the object is used: what a start of
    /// that host would do.
    Finish {
        /// The network, endpoint, pool or sub-pool.
        key: Key,
        /// The commit that wrote it.
        revision: u64,
    },
    /// Releases a pool or sub-pool whose owner is gone, as a client releases one: refused if it has addresses.
    Release {
        /// The pool or sub-pool.
        key: Key,
        /// The commit that wrote it.
        revision: u64,
    },
    /// Releases what evicted runs of a host still own, as the same eviction again does.
    EvictAgain {
        /// The host.
        key: Key,
        /// The commit that wrote it.
        revision: u64,
    },
    /// Has the driver take off this host what nothing wants any more, and forgets the note of it.
    TakeDown {
        /// The note.
        key: Key,
        /// The commit that wrote it.
        revision: u64,
    },
}

/// That a record is as the plan saw it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// The store in which it is.
    pub scope: Scope,
    /// Which.
    pub key: Key,
    /// The commit that wrote it; `None` if there must be none.
    pub revision: Option<Revision>,
}

impl RepairPlan {
    /// The version of the form that this program writes and takes.
    pub const VERSION: u32 = 1;

    /// True if there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.stores.iter().all(|store| store.repairs.is_empty())
    }
}

impl RepairOperation {
    /// The record that it is about.
    pub const fn key(&self) -> &Key {
        match self {
            Self::Delete { key, .. }
            | Self::Put { key, .. }
            | Self::Finish { key, .. }
            | Self::Release { key, .. }
            | Self::EvictAgain { key, .. }
            | Self::TakeDown { key, .. } => key,
        }
    }

    /// The commit that wrote the record as the plan saw it; `None` if there was none.
    pub const fn revision(&self) -> Option<u64> {
        match self {
            Self::Put { revision, .. } => *revision,
            Self::Delete { revision, .. }
            | Self::Finish { revision, .. }
            | Self::Release { revision, .. }
            | Self::EvictAgain { revision, .. }
            | Self::TakeDown { revision, .. } => Some(*revision),
        }
    }

    /// True if it is done by a transaction alone.
    pub const fn is_change(&self) -> bool {
        matches!(self, Self::Delete { .. } | Self::Put { .. })
    }

    pub(super) fn guard(&self) -> Guard {
        guard(self.key(), self.revision().map(Revision::new))
    }
}

impl Condition {
    pub(super) fn guard(&self) -> Guard {
        guard(&self.key, self.revision)
    }
}

fn guard(key: &Key, revision: Option<Revision>) -> Guard {
    match revision {
        Some(revision) => Guard::Unchanged(key.clone(), revision),
        None => Guard::Absent(key.clone()),
    }
}
