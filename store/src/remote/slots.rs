//! The slots of a client, each of which one commit uses at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::ClientId;
use super::own::slot_key;
use crate::{Entry, Key, Revision};

/// The slots of one session.
///
/// A commit takes a slot, and gives it back when it is known what became of it. Of those that are free the one that
/// was written last is taken first: so few are made, and the newest of them says most about the store.
#[derive(Debug)]
pub(super) struct Slots {
    client: ClientId,
    permits: Arc<Semaphore>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    free: Vec<(Key, Revision)>,
    /// Numbers of slots that have not been made.
    unused: BTreeSet<usize>,
    /// Slots whose last commit has no known outcome yet, with the commit before.
    doubted: BTreeMap<Key, Revision>,
    newest: Revision,
    written_at: Instant,
}

/// One slot, taken. If it is dropped without being given back, nobody uses it again.
#[derive(Debug)]
pub(super) struct Slot {
    slots: Arc<Slots>,
    permit: Option<OwnedSemaphorePermit>,
    pub(super) key: Key,
    /// The commit that wrote it last; `None` if it must be made.
    pub(super) revision: Option<Revision>,
}

impl Slots {
    /// `count` slots, of which `made` are there already; of these, numbers above `count` are left alone.
    pub(super) fn new(client: ClientId, count: usize, made: &[Entry]) -> Arc<Self> {
        let (mut free, mut unused) = (Vec::new(), BTreeSet::new());
        for number in 0..count.max(1) {
            let key = slot_key(client, number);
            match made.iter().find(|entry| entry.key == key) {
                Some(entry) => free.push((key, entry.revision)),
                None => {
                    unused.insert(number);
                }
            }
        }
        let newest = made.iter().map(|entry| entry.revision).max().unwrap_or(Revision::ZERO);
        Arc::new(Self {
            client,
            permits: Arc::new(Semaphore::new(count.max(1))),
            state: Mutex::new(State {
                free,
                unused,
                doubted: BTreeMap::new(),
                newest,
                written_at: Instant::now(),
            }),
        })
    }

    /// A free slot; waits for one.
    ///
    /// Cancel safe.
    pub(super) async fn take(self: &Arc<Self>) -> Slot {
        let permits = Arc::clone(&self.permits);
        let permit = permits.acquire_owned().await.expect("nobody closes the semaphore of slots");
        let mut state = self.lock();
        let newest = (0..state.free.len()).max_by_key(|index| state.free[*index].1);
        let (key, revision) = match newest {
            Some(index) => {
                let (key, revision) = state.free.swap_remove(index);
                (key, Some(revision))
            }
            None => {
                let number = state.unused.pop_first();
                let number = number.expect("there are as many permits as slots that are free or unused");
                (slot_key(self.client, number), None)
            }
        };
        drop(state);
        Slot { slots: Arc::clone(self), permit: Some(permit), key, revision }
    }

    /// The newest commit that wrote a slot.
    pub(super) fn newest(&self) -> Revision {
        self.lock().newest
    }

    /// The slot that was written last of those [in doubt](Slot::doubt), as it was left.
    pub(super) fn newest_doubted(&self) -> Option<(Key, Revision)> {
        let state = self.lock();
        let newest = state.doubted.iter().max_by_key(|(_, revision)| **revision);
        newest.map(|(key, revision)| (key.clone(), *revision))
    }

    /// The free slot that was written last, as it was left.
    pub(super) fn newest_free(&self) -> Option<(Key, Revision)> {
        self.lock().free.iter().max_by_key(|(_, revision)| *revision).cloned()
    }

    /// How long ago this client made a commit.
    pub(super) fn age(&self) -> Duration {
        self.lock().written_at.elapsed()
    }

    /// Notes a commit of this client that wrote no slot of these.
    pub(super) fn note(&self, revision: Revision) {
        let mut state = self.lock();
        state.newest = state.newest.max(revision);
        state.written_at = Instant::now();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    /// Notes that the commit `revision` has written the slot.
    pub(super) fn written(&mut self, revision: Revision) {
        self.revision = Some(revision);
        self.slots.note(revision);
    }

    /// Notes that the outcome of the slot's commit is sought, until the slot is given back or dropped.
    pub(super) fn doubt(&self) {
        if let Some(revision) = self.revision {
            self.slots.lock().doubted.insert(self.key.clone(), revision);
        }
    }

    /// Gives the slot back: no commit that names it is under way any more.
    pub(super) fn give_back(mut self) {
        let mut state = self.slots.lock();
        state.doubted.remove(&self.key);
        match self.revision {
            Some(revision) => state.free.push((self.key.clone(), revision)),
            None => {
                let number = self.key.as_str().rsplit('/').next().and_then(|number| number.parse().ok());
                state.unused.insert(number.expect("the key of a slot ends with its number"));
            }
        }
        drop(state);
        self.permit = None;
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        // Its place goes with it, so that nobody waits for a slot that never comes.
        if let Some(permit) = self.permit.take() {
            permit.forget();
            self.slots.lock().doubted.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn made(client: ClientId, number: usize, revision: u64) -> Entry {
        let revision = Revision::new(revision);
        Entry { key: slot_key(client, number), value: Vec::new().into(), revision, lease: None }
    }

    #[tokio::test]
    async fn the_newest_is_taken_first_and_no_more_than_there_are() {
        let client = ClientId::random();
        let slots = Slots::new(client, 3, &[made(client, 0, 5), made(client, 2, 9), made(client, 7, 11)]);
        assert_eq!(slots.newest(), Revision::new(11));
        let mut first = slots.take().await;
        assert_eq!((&first.key, first.revision), (&slot_key(client, 2), Some(Revision::new(9))));
        let second = slots.take().await;
        assert_eq!(second.revision, Some(Revision::new(5)));
        let third = slots.take().await;
        assert_eq!((&third.key, third.revision), (&slot_key(client, 1), None));
        assert!(slots.take().now_or_never().is_none());

        first.written(Revision::new(12));
        assert_eq!(slots.newest(), Revision::new(12));
        first.give_back();
        third.give_back();
        assert_eq!(slots.take().await.revision, Some(Revision::new(12)));
        assert_eq!(slots.take().await.key, slot_key(client, 1));
    }
}
