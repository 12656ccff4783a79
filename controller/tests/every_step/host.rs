//! What drivers have made on the host; it outlives their process.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use netkeep_controller::Controller;
use netkeep_drivers::Object;

/// The things on a host.
#[derive(Clone, Debug, Default)]
pub(crate) struct Host(Arc<Mutex<BTreeSet<Object>>>);

impl Host {
    pub(crate) fn make(&self, thing: Object) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(thing);
    }

    pub(crate) fn remove(&self, thing: Object) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&thing);
    }

    pub(crate) fn things(&self) -> BTreeSet<Object> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whatever is there has a record, and what has a record of a driver that makes things is there.
    pub(crate) fn assert_agrees(&self, controller: &Controller, place: &str) {
        let mut wanted = BTreeSet::new();
        for network in controller.networks() {
            if crate::driver::makes_things(&network.network.driver) {
                wanted.insert(Object::Network(network.id));
                let endpoints = controller.endpoints(&network.id.to_string()).unwrap();
                wanted.extend(endpoints.iter().map(|found| Object::Endpoint(network.id, found.id)));
            }
        }
        assert_eq!(self.things(), wanted, "{place}: the host (left) and the records (right)");
    }
}
