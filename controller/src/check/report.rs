//! What a check found.

use std::fmt;

use netkeep_model::Scope;
use netkeep_store::Identity;
use serde::{Deserialize, Serialize};

use crate::repair::{Repair, RepairPlan, StorePlan};

/// What a check found in a store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckReport {
    /// Which of the two stores it is.
    pub scope: Scope,
    /// Which store it is.
    pub identity: Identity,
    /// The commit at which the store was looked at.
    pub revision: u64,
    /// How many records were looked at.
    pub records: usize,
    /// What is wrong; empty if nothing is.
    pub violations: Vec<Violation>,
    /// What is in between, and nobody can call wrong: an operation is under way, or it cannot be judged now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub under_way: Vec<UnderWay>,
    /// What would mend the violations, as far as that can be decided without a person.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repairs: Vec<Repair>,
    /// What was found in the global store; `None` if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub global: Option<GlobalCheck>,
}

/// What was found in the store that all hosts share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GlobalCheck {
    /// It was looked at.
    Checked(Box<CheckReport>),
    /// It could not be looked at, for this reason.
    NotChecked(String),
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

/// Something that is in between, and not wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct UnderWay {
    /// The key of the record.
    pub key: String,
    /// What is under way, or what is not known.
    pub what: String,
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
    /// The plan that mends what can be mended without a person, of this store and the global one.
    pub fn plan(&self) -> RepairPlan {
        let own = StorePlan {
            scope: self.scope,
            identity: self.identity.clone(),
            revision: self.revision,
            repairs: self.repairs.clone(),
        };
        let mut stores = vec![own];
        if let Some(GlobalCheck::Checked(global)) = &self.global {
            stores.extend(global.plan().stores);
        }
        stores.retain(|store| !store.repairs.is_empty());
        RepairPlan { version: RepairPlan::VERSION, stores }
    }

    /// True if nothing is wrong. A global store that could not be looked at may have anything in it.
    pub fn is_clean(&self) -> bool {
        let shared = match &self.global {
            None => true,
            Some(GlobalCheck::Checked(report)) => report.is_clean(),
            Some(GlobalCheck::NotChecked(_)) => false,
        };
        shared && self.violations.is_empty()
    }
}
