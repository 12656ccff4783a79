//! How much is done to the daemon.

use std::path::PathBuf;

use netkeep_store::StoreUrl;

use super::{DemoError, GlobalStore};

/// How much is done to the daemon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DemoOptions {
    /// The program whose `daemon` is killed.
    pub program: PathBuf,
    /// The store of the daemon; `None` for a redb file in a temporary folder.
    pub local: Option<StoreUrl>,
    /// How often it is killed. From 1 to 10,000; default 5.
    pub rounds: u32,
    /// How many tasks work at once. From 1 to 64; default 8.
    pub tasks: u32,
    /// How many networks all tasks share; each has a few of its own beside them. From 1 to 16; default 4.
    pub networks: u32,
    /// How many changes a round makes at most before the daemon is killed; at least a quarter of them are made. It also
    /// bounds how many endpoints live at once. From 4 to 20,000; default 400.
    pub changes: u32,
    /// The store that several hosts share; `None` for one host alone.
    pub global: Option<GlobalStore>,
    /// How many hosts share it. From 1 to 8; default 3.
    pub hosts: u32,
    /// What the random choices are made from; the order in which the tasks proceed is chance all the same.
    pub seed: u64,
}

impl DemoOptions {
    /// The defaults, with this program and seed.
    pub fn new(program: PathBuf, seed: u64) -> Self {
        Self {
            program,
            local: None,
            rounds: 5,
            tasks: 8,
            networks: 4,
            changes: 400,
            global: None,
            hosts: 3,
            seed,
        }
    }

    pub(super) fn check(&self) -> Result<(), DemoError> {
        for (name, value, most) in [
            ("rounds", self.rounds, 10_000),
            ("tasks", self.tasks, 64),
            ("networks", self.networks, 16),
            ("changes", self.changes, 20_000),
            ("hosts", self.hosts, 8),
        ] {
            let least = if name == "changes" { 4 } else { 1 };
            if !(least..=most).contains(&value) {
                return Err(DemoError::Options(format!("{name}: {value} is not from {least} to {most}")));
            }
        }
        Ok(())
    }

    /// How many daemons there are.
    pub(super) fn daemons(&self) -> usize {
        if self.global.is_some() { self.hosts as usize } else { 1 }
    }

    /// How many endpoints a task keeps at most.
    pub(super) fn endpoints_of_a_task(&self) -> usize {
        (self.changes / self.tasks).max(2) as usize
    }
}
