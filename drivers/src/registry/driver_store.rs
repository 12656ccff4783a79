//! A driver's own part of a datastore.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use netkeep_store::datastore::{Datastore, Home};
use netkeep_store::layers::Namespace;
use netkeep_store::{Prefix, Store};

use super::Fence;
use super::fenced::Fenced;

/// A driver's own part of the local or the global datastore: its keys, as if there were no others.
///
/// - Keys of other drivers and of the controller can be neither read nor written.
/// - Every commit is [fenced](Fence). A commit of a run that is over answers
///   [`Kind::Denied`](netkeep_store::Kind::Denied).
/// - [`Store::close`] does nothing; the store beneath stays open.
///
/// Records are read and written through [`Records`](netkeep_store::datastore::Records), raw entries through
/// [`Datastore::store`]. What hangs on a network, endpoint or join is better kept as a record of a
/// [`Plan`](crate::Plan), which comes and goes with it.
pub struct DriverStore<H> {
    store: Arc<dyn Store>,
    prefix: Prefix,
    home: PhantomData<fn() -> H>,
}

impl<H: Home> DriverStore<H> {
    pub(super) fn new(store: Arc<dyn Store>, fence: Fence, prefix: Prefix) -> Self {
        let store = Namespace::new(Arc::new(Fenced::new(store, fence)), prefix.clone());
        Self { store: Arc::new(store), prefix, home: PhantomData }
    }

    /// Where the keys lie in the datastore: `driver-data/<kind>` or `ipam-data/<kind>`.
    pub fn prefix(&self) -> &Prefix {
        &self.prefix
    }
}

impl<H: Home> Datastore for DriverStore<H> {
    type Home = H;

    fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }
}

impl<H> Clone for DriverStore<H> {
    fn clone(&self) -> Self {
        Self { store: self.store.clone(), prefix: self.prefix.clone(), home: PhantomData }
    }
}

impl<H> fmt::Debug for DriverStore<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DriverStore").field("prefix", &self.prefix).field("store", &self.store).finish()
    }
}
