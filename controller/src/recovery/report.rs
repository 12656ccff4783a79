//! What recovery found and did.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What recovery found at a start, and what it did about it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RecoveryReport {
    /// True if the run before was in another boot of this host, so that what its kernel held is gone; false after a
    /// mere restart, and at the first start.
    #[serde(default)]
    pub rebooted: bool,
    /// How many networks there were.
    pub networks: usize,
    /// How many endpoints there were.
    pub endpoints: usize,
    /// Operations of an earlier run that were brought to their end, in words.
    pub finished: Vec<String>,
    /// Operations of an earlier run that were taken back, in words.
    pub undone: Vec<String>,
    /// Things on this host that were made whole again.
    pub ensured: Vec<String>,
    /// Things on this host that nothing wanted any more, and that were taken down.
    pub removed: Vec<String>,
    /// Records that cannot be read, with the reason. They stay where they are, in nobody's way.
    pub quarantined: Vec<String>,
    /// What did not succeed, with the reason; it is tried again at the next start.
    pub failed: Vec<String>,
    /// How long it took.
    pub took: Duration,
}
