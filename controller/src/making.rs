//! Networks that are in the store and not yet on this host.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use netkeep_model::NetworkId;

/// The networks that their driver is making on this host right now. They are ready in the store, so that a crash
/// leaves something to be made whole again; but the driver may still refuse, and then they go in one commit, so
/// they must not get endpoints before.
#[derive(Clone, Debug, Default)]
pub(crate) struct Making(Arc<Mutex<BTreeSet<NetworkId>>>);

/// A network that is being made, until this is dropped.
#[derive(Debug)]
pub(crate) struct Made {
    network: NetworkId,
    making: Making,
}

impl Making {
    /// Says that a network is being made. Its queue is held as long.
    pub(crate) fn begin(&self, network: NetworkId) -> Made {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(network);
        Made { network, making: self.clone() }
    }

    /// True if the network is being made.
    pub(crate) fn contains(&self, network: NetworkId) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&network)
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        self.making.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.network);
    }
}
