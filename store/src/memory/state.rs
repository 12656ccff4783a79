//! What a store in memory holds, and how a commit changes it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

use super::lease::{Leases, Owner};
use crate::{
    Change, Entry, Error, Feed, Identity, Key, LeaseId, Prefix, Result, Revision, Snapshot, Txn, Write,
};

/// The state that the handles of one server share.
#[derive(Debug)]
pub(super) struct Shared(Mutex<State>);

#[derive(Debug)]
pub(super) struct State {
    entries: BTreeMap<Key, Entry>,
    pub(super) leases: Leases,
    pub(super) revision: Revision,
    pub(super) identity: Identity,
    pub(super) feed: Arc<Feed>,
    /// Cancelled when the server stops; the handles of this run hold its children.
    pub(super) run: CancellationToken,
    pub(super) handles: u64,
}

impl Shared {
    pub(super) fn new() -> Self {
        Self(Mutex::new(State {
            entries: BTreeMap::new(),
            leases: Leases::default(),
            revision: Revision::ZERO,
            identity: Identity::fresh(),
            feed: Arc::new(Feed::new(Revision::ZERO)),
            run: CancellationToken::new(),
            handles: 0,
        }))
    }

    /// The state as it is now: what is overdue has ended, so nobody sees an entry after its lease.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for id in state.leases.overdue() {
            state.end_lease(&id);
        }
        state
    }
}

impl State {
    pub(super) fn get(&self, key: &Key) -> Option<Entry> {
        self.entries.get(key).cloned()
    }

    pub(super) fn snapshot(&self, prefix: &Prefix) -> Snapshot {
        let entries = match prefix.bounds() {
            None => self.entries.values().cloned().collect(),
            // The bounds are no keys that anybody can name; they only order as keys do.
            Some((from, to)) => self
                .entries
                .range(Key::from_checked(&from)..Key::from_checked(&to))
                .map(|(_, entry)| entry.clone())
                .collect(),
        };
        Snapshot { entries, revision: self.revision }
    }

    /// Checks everything, then changes everything.
    ///
    /// The lease is looked at first, because a commit with a lost lease cannot succeed whatever its guards say;
    /// then the guards, in their order; then, on the state that the guards accepted, whether a put would change
    /// the lease of its key.
    pub(super) fn commit(&mut self, txn: &Txn, owner: Owner) -> Result<Revision> {
        if let Some(id) = txn.lease() {
            self.leases.check(id, owner)?;
        }
        for guard in txn.guards() {
            if !guard.holds(self.entries.get(guard.key()).map(|entry| entry.revision)) {
                return Err(Error::conflict(guard.clone()));
            }
        }
        for write in txn.writes() {
            let Write::Put { key, lease, .. } = write else { continue };
            if let Some(present) = self.entries.get(key).filter(|present| present.lease != *lease) {
                return Err(lease_would_change(present, lease.as_ref()));
            }
        }
        let revision = self.revision.next();
        let changes = txn.writes().iter().filter_map(|write| self.apply(write, revision)).collect();
        self.finish(revision, changes);
        Ok(revision)
    }

    /// Ends a lease and removes its entries in one commit; no commit if it has none.
    pub(super) fn end_lease(&mut self, id: &LeaseId) {
        let keys = self.leases.end(id);
        if keys.is_empty() {
            return;
        }
        let revision = self.revision.next();
        let changes = keys.into_iter().filter_map(|key| self.apply(&Write::Delete(key), revision)).collect();
        self.finish(revision, changes);
    }

    /// Begins another run: the handles of the run before are closed, data and identity stay.
    pub(super) fn restart(&mut self) {
        self.run.cancel();
        self.run = CancellationToken::new();
        self.feed = Arc::new(Feed::new(self.revision));
        self.leases.restart();
    }

    fn apply(&mut self, write: &Write, revision: Revision) -> Option<Change> {
        match write {
            Write::Put { key, value, lease } => {
                if let Some(id) = lease {
                    self.leases.attach(id, key.clone());
                }
                let entry = Entry { key: key.clone(), value: value.clone(), revision, lease: lease.clone() };
                self.entries.insert(key.clone(), entry.clone());
                Some(Change::Put(entry))
            }
            Write::Delete(key) => {
                let removed = self.entries.remove(key)?;
                if let Some(id) = &removed.lease {
                    self.leases.detach(id, key);
                }
                Some(Change::Delete { key: key.clone(), revision })
            }
        }
    }

    fn finish(&mut self, revision: Revision, changes: Vec<Change>) {
        self.revision = revision;
        self.feed.publish([(revision, changes)]);
    }
}

fn lease_would_change(present: &Entry, wanted: Option<&LeaseId>) -> Error {
    let describe = |lease: Option<&LeaseId>| lease.map_or("no lease".to_owned(), |id| format!("lease {id}"));
    Error::invalid(format!(
        "key {} is held with {} and is put with {}; a key's lease never changes: delete it in one commit, create \
         it in a later one",
        present.key,
        describe(present.lease.as_ref()),
        describe(wanted),
    ))
}
