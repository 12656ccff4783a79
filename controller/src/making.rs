//! What is in the store and not yet, or not wholly, on this host.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use netkeep_model::{NetworkId, Object};
use tokio::sync::Notify;

/// The networks, endpoints and attachments that their driver is making on this host right now, or taking down, and those
/// of which that was not done to its end.
///
/// They are ready in the store, so that a crash leaves something to be made whole again; but the driver may still
/// refuse, and then they go in one commit, so a network must not get endpoints before. Without a crash somebody
/// else has to make them whole: who repeats the request, or wants an endpoint of the network.
#[derive(Clone, Debug, Default)]
pub(crate) struct Making(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    left: Notify,
}

#[derive(Debug, Default)]
struct State {
    now: BTreeSet<Object>,
    left: BTreeSet<Object>,
}

/// An object that is being made or taken down, until this is dropped. Unless it is done, it is left as it is.
#[derive(Debug)]
pub(crate) struct Made {
    object: Object,
    making: Making,
}

impl Making {
    /// Says that an object is being made or taken down. Its queue is held as long.
    pub(crate) fn begin(&self, object: Object) -> Made {
        self.state().now.insert(object);
        Made { object, making: self.clone() }
    }

    /// True if the network is being made.
    pub(crate) fn contains(&self, network: NetworkId) -> bool {
        self.state().now.contains(&Object::Network(network))
    }

    /// True if the object was not made, or not taken down, to its end.
    pub(crate) fn is_left(&self, object: Object) -> bool {
        self.state().left.contains(&object)
    }

    /// True if the object is being made or taken down right now.
    pub(crate) fn is_begun(&self, object: Object) -> bool {
        self.state().now.contains(&object)
    }

    /// True if an attachment to this network is being made or taken down right now.
    pub(crate) fn is_used(&self, network: NetworkId) -> bool {
        let state = self.state();
        state.now.iter().any(|object| matches!(object, Object::Join(of, ..) if *of == network))
    }

    /// Waits until something was left since the last time that this was asked.
    ///
    /// Cancel safe.
    pub(crate) async fn has_left(&self) {
        self.0.left.notified().await;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Made {
    /// Store and host agree about the object, or neither has it.
    pub(crate) fn done(self) {
        let mut state = self.making.state();
        state.now.remove(&self.object);
        state.left.remove(&self.object);
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        let mut state = self.making.state();
        // Not so if it is done.
        if state.now.remove(&self.object) {
            state.left.insert(self.object);
            self.making.0.left.notify_one();
        }
    }
}
