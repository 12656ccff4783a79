//! What each owner holds.

use std::collections::HashMap;

use netkeep_model::Owner;
use netkeep_store::Key;

/// The first keys of an owner are kept without room for more: most never hold more than these.
const FEW: usize = 4;

/// The keys of what each owner holds and has published.
#[derive(Debug, Default)]
pub(super) struct Owned(HashMap<Owner, Vec<Key>>);

impl Owned {
    /// The keys of everything that `owner` holds and has published, in order.
    pub(super) fn of(&self, owner: &Owner) -> impl Iterator<Item = &Key> {
        self.0.get(owner).into_iter().flatten()
    }

    /// Notes that what stands under `key` was held by `before`, and is held by `after` now; both in order.
    pub(super) fn set(&mut self, key: &Key, before: &[Owner], after: &[Owner]) {
        for owner in before.iter().filter(|owner| after.binary_search(owner).is_err()) {
            self.remove(owner, key);
        }
        for owner in after.iter().filter(|owner| before.binary_search(owner).is_err()) {
            self.insert(owner, key);
        }
    }

    fn insert(&mut self, owner: &Owner, key: &Key) {
        let keys = self.0.entry(owner.clone()).or_default();
        if let Err(at) = keys.binary_search(key) {
            if keys.len() < FEW {
                keys.reserve_exact(1);
            }
            keys.insert(at, key.clone());
        }
    }

    fn remove(&mut self, owner: &Owner, key: &Key) {
        let Some(keys) = self.0.get_mut(owner) else { return };
        if let Ok(at) = keys.binary_search(key) {
            keys.remove(at);
        }
        if keys.is_empty() {
            self.0.remove(owner);
        }
    }
}
