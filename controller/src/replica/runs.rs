//! What is of each run of a host.

use std::collections::{BTreeMap, BTreeSet};

use netkeep_model::{
    AddressRecord, Endpoint, HostId, HostRef, Incarnation, Network, NumberRecord, Owner, PoolRecord,
    PublishedEntry, SubPoolRecord,
};
use netkeep_store::Key;
use netkeep_store::datastore::Record;

use super::Tables;

/// The keys of what runs of hosts own, and of what they have in between.
#[derive(Debug, Default)]
pub(crate) struct Runs {
    owned: BTreeMap<HostRef, BTreeSet<Key>>,
    between: BTreeMap<HostRef, BTreeSet<Key>>,
}

/// The runs that one record speaks of.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Spoken {
    owners: BTreeSet<HostRef>,
    actor: Option<HostRef>,
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

    /// Notes that what stands under `key` spoke of `before`, and speaks of `after` now.
    pub(super) fn set(&mut self, key: &Key, before: &Spoken, after: &Spoken) {
        if before == after {
            return;
        }
        for owner in &before.owners {
            take(&mut self.owned, *owner, key);
        }
        if let Some(actor) = before.actor {
            take(&mut self.between, actor, key);
        }
        for owner in &after.owners {
            self.owned.entry(*owner).or_default().insert(key.clone());
        }
        if let Some(actor) = after.actor {
            self.between.entry(actor).or_default().insert(key.clone());
        }
    }
}

impl Spoken {
    /// What stands under `key`.
    pub(super) fn of(tables: &Tables, key: &Key) -> Self {
        let mut spoken = Self::default();
        if let Some(read) = Endpoint::id(key).and_then(|id| tables.endpoints.get(&id)) {
            spoken.owners.insert(read.record.owner);
            spoken.owners.extend(read.record.attachment.as_ref().map(|attachment| attachment.host));
            spoken.actor = read.record.phase.actor();
        } else if let Some(read) = AddressRecord::id(key).and_then(|id| tables.addresses.get(&id)) {
            spoken.owners.extend(client(&read.record.owner));
        } else if let Some(read) = NumberRecord::id(key).and_then(|id| tables.numbers.get(&id)) {
            spoken.owners.extend(client(&read.record.owner));
        } else if let Some(read) = PoolRecord::id(key).and_then(|id| tables.pools.get(&id)) {
            spoken.owners.extend(read.record.owner.as_ref().and_then(client));
            spoken.actor = read.record.phase.actor();
        } else if let Some(read) = SubPoolRecord::id(key).and_then(|id| tables.sub_pools.get(&id)) {
            spoken.owners.extend(client(&read.record.owner));
            spoken.actor = read.record.phase.actor();
        } else if let Some(read) = Network::id(key).and_then(|id| tables.networks.get(&id)) {
            spoken.actor = read.record.phase.actor();
        } else if let Some(read) = PublishedEntry::id(key).and_then(|id| tables.published.get(&id)) {
            spoken.owners.insert(read.record.by);
        }
        spoken
    }
}

/// The run that was asked by the client that is this owner.
fn client(owner: &Owner) -> Option<HostRef> {
    match owner {
        Owner::Client { host, incarnation, .. } => Some(HostRef { host: *host, incarnation: *incarnation }),
        _ => None,
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
