//! Turns for those who would only meet.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OwnedMutexGuard;

/// A queue for each thing that operations of this process change one after the other, instead of meeting in a
/// conflict: the set of pools of a space, a port block, a link, an endpoint.
#[derive(Clone, Debug, Default)]
pub(crate) struct Queues {
    queues: Arc<Mutex<BTreeMap<String, Arc<tokio::sync::Mutex<()>>>>>,
}

/// A turn in some queues; dropping it lets the next ones go.
#[derive(Debug, Default)]
pub(crate) struct Turn {
    held: Vec<(String, OwnedMutexGuard<()>)>,
    queues: Queues,
}

impl Queues {
    /// Waits for a turn in all these queues. They are entered in order, so that turns never wait for each
    /// other in a ring. Who holds a turn asks for a second one only further down this list: a request or a container, a
    /// sandbox, an endpoint, a network, spaces, port blocks and links; of the same in both stores first that in the store of
    /// this host.
    pub(crate) async fn turn(&self, names: impl IntoIterator<Item = String>) -> Turn {
        let names: std::collections::BTreeSet<String> = names.into_iter().collect();
        let mut turn = Turn { held: Vec::new(), queues: self.clone() };
        for name in names {
            let queue = {
                let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
                Arc::clone(queues.entry(name.clone()).or_default())
            };
            turn.held.push((name, queue.lock_owned().await));
        }
        turn
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        for (name, guard) in self.held.drain(..) {
            drop(guard);
            let mut queues = self.queues.queues.lock().unwrap_or_else(PoisonError::into_inner);
            if let Entry::Occupied(entry) = queues.entry(name) {
                // Nobody waits and nobody can begin to while the map is locked.
                if Arc::strong_count(entry.get()) == 1 {
                    entry.remove();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn one_at_a_time_and_nothing_left() {
        let queues = Queues::default();
        let inside = Arc::new(AtomicUsize::new(0));
        let tasks: Vec<_> = (0..32)
            .map(|i| {
                let (queues, inside) = (queues.clone(), Arc::clone(&inside));
                tokio::spawn(async move {
                    let names = if i % 2 == 0 { ["a", "b"] } else { ["b", "a"] };
                    let _turn = queues.turn(names.map(str::to_owned)).await;
                    assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                    tokio::task::yield_now().await;
                    inside.fetch_sub(1, Ordering::SeqCst);
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert!(queues.queues.lock().unwrap().is_empty());
    }
}
