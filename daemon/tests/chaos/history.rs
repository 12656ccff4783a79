//! What was asked for, when, and what came of it.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// One operation on one object, as its caller saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Operation<A> {
    /// When it was called.
    pub(crate) begun: Duration,
    /// When it was answered; `None` if its outcome was never learnt. It then took effect at some time after it was
    /// called, or not at all.
    pub(crate) ended: Option<Duration>,
    /// What was asked, and answered.
    pub(crate) action: A,
}

/// The histories of many objects that have nothing to do with each other.
#[derive(Debug)]
pub(crate) struct Histories<A> {
    origin: Instant,
    objects: Mutex<BTreeMap<String, Vec<Operation<A>>>>,
}

impl<A: Clone> Histories<A> {
    pub(crate) fn new(origin: Instant) -> Self {
        Self { origin, objects: Mutex::default() }
    }

    /// Now, in the time of these histories.
    pub(crate) fn now(&self) -> Duration {
        self.origin.elapsed()
    }

    /// Notes an operation that was called at `begun` and has been answered by now.
    pub(crate) fn answered(&self, object: impl Into<String>, begun: Duration, action: A) {
        self.note(object.into(), Operation { begun, ended: Some(self.now()), action });
    }

    /// Notes one of which nobody knows what became.
    pub(crate) fn unknown(&self, object: impl Into<String>, begun: Duration, action: A) {
        self.note(object.into(), Operation { begun, ended: None, action });
    }

    fn note(&self, object: String, operation: Operation<A>) {
        self.objects.lock().unwrap().entry(object).or_default().push(operation);
    }

    /// What was noted of an object by now.
    pub(crate) fn of(&self, object: &str) -> Vec<Operation<A>> {
        self.objects.lock().unwrap().get(object).cloned().unwrap_or_default()
    }

    /// Everything that was noted, by object.
    pub(crate) fn into_objects(self) -> BTreeMap<String, Vec<Operation<A>>> {
        self.objects.into_inner().unwrap()
    }
}
