//! What is of each run of a host.

use std::collections::{BTreeMap, BTreeSet};

use netkeep_model::{HostId, HostRef, Incarnation};
use netkeep_store::Key;

use super::Said;

/// The keys of what runs of hosts own, and of what they have in between.
#[derive(Debug, Default)]
pub(crate) struct Runs {
    owned: BTreeMap<HostRef, BTreeSet<Key>>,
    between: BTreeMap<HostRef, BTreeSet<Key>>,
}

impl Runs {
    /// The keys of everything that belongs to the runs of `host` up to `through`: endpoints that it made or is
    /// attached to, what its clients hold, and what it has published.
    pub(crate) fn owned_by(&self, host: HostId, through: Incarnation) -> impl Iterator<Item = &Key> {
        let first = HostRef { host, incarnation: Incarnation::ZERO };
        self.owned.range(first..=HostRef { host, incarnation: through }).flat_map(|(_, keys)| keys)
    }

    /// The keys of everything that belongs to any run of `host`.
    pub(crate) fn of_host(&self, host: HostId) -> impl Iterator<Item = &Key> {
        self.owned_by(host, Incarnation::new(u64::MAX))
    }

    /// The runs that have networks, endpoints or pools in between.
    pub(crate) fn actors(&self) -> impl Iterator<Item = HostRef> {
        self.between.keys().copied()
    }

    /// The keys of what this run has in between.
    pub(crate) fn between(&self, actor: HostRef) -> impl Iterator<Item = &Key> {
        self.between.get(&actor).into_iter().flatten()
    }

    /// Notes that what stands under `key` has said `before`, and says `after` now.
    pub(super) fn set(&mut self, key: &Key, before: &Said, after: &Said) {
        if before.runs != after.runs {
            for run in before.runs.into_iter().flatten() {
                take(&mut self.owned, run, key);
            }
            for run in after.runs.into_iter().flatten() {
                self.owned.entry(run).or_default().insert(key.clone());
            }
        }
        if before.actor != after.actor {
            if let Some(actor) = before.actor {
                take(&mut self.between, actor, key);
            }
            if let Some(actor) = after.actor {
                self.between.entry(actor).or_default().insert(key.clone());
            }
        }
    }
}

fn take(runs: &mut BTreeMap<HostRef, BTreeSet<Key>>, run: HostRef, key: &Key) {
    if let Some(keys) = runs.get_mut(&run) {
        keys.remove(key);
        if keys.is_empty() {
            runs.remove(&run);
        }
    }
}
