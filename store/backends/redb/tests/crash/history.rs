//! What was committed, by revision, in a `BTreeMap`.

use std::collections::BTreeMap;

use bytes::Bytes;
use netkeep_store::{Identity, LeaseId, Revision, Snapshot, Txn, Write};

/// Every entry: what it holds, the commit that wrote it, and its lease.
pub(crate) type State = BTreeMap<String, (Bytes, Revision, Option<LeaseId>)>;

/// The states that a store went through, and what its clients were told when.
#[derive(Debug)]
pub(crate) struct History {
    pub(crate) identity: Identity,
    /// The state after each revision; the first is the empty one.
    states: Vec<State>,
    /// Where the disk was when each revision was known to be acknowledged, in the order of revisions.
    acknowledged: Vec<(usize, Revision)>,
    /// Every lease that was ever granted, and where the disk was when that was known.
    pub(crate) leases: Vec<(usize, LeaseId)>,
}

impl History {
    /// The history of these commits, which must be all there were: their writes, and where the disk was when they
    /// were acknowledged.
    pub(crate) fn new(
        identity: Identity,
        commits: &BTreeMap<Revision, (usize, Vec<Write>)>,
        leases: Vec<(usize, LeaseId)>,
    ) -> Self {
        let mut states = vec![State::new()];
        let mut acknowledged = Vec::new();
        for (revision, (position, writes)) in commits {
            assert_eq!(revision.get(), states.len() as u64, "a revision that nobody asked for");
            let mut state = states.last().unwrap().clone();
            apply(&mut state, writes, *revision);
            states.push(state);
            acknowledged.push((*position, *revision));
        }
        Self { identity, states, acknowledged, leases }
    }

    /// The last revision that was acknowledged when the disk was at `position`.
    pub(crate) fn acknowledged(&self, position: usize) -> Revision {
        let known = self.acknowledged.iter().filter(|(at, _)| *at <= position);
        known.map(|(_, revision)| *revision).max().unwrap_or(Revision::ZERO)
    }

    pub(crate) fn last(&self) -> Revision {
        Revision::new(self.states.len() as u64 - 1)
    }

    /// The state after `revision`, if there was one.
    pub(crate) fn state(&self, revision: Revision) -> Option<&State> {
        self.states.get(usize::try_from(revision.get()).ok()?)
    }
}

/// Makes the writes of one commit.
pub(crate) fn apply(state: &mut State, writes: &[Write], revision: Revision) {
    for write in writes {
        match write {
            Write::Put { key, value, lease } => {
                state.insert(key.as_str().to_owned(), (value.clone(), revision, lease.clone()));
            }
            Write::Delete(key) => {
                state.remove(key.as_str());
            }
        }
    }
}

/// What a store showed.
pub(crate) fn state_of(snapshot: &Snapshot) -> State {
    let entries = snapshot.entries.iter();
    entries
        .map(|entry| {
            (entry.key.as_str().to_owned(), (entry.value.clone(), entry.revision, entry.lease.clone()))
        })
        .collect()
}
