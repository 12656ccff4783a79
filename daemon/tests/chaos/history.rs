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
    /// Whether it took effect. If that is not certain, it did so before its end, or not at all.
    pub(crate) certain: bool,
    /// What was asked, and answered.
    pub(crate) action: A,
}

impl<A> Operation<A> {
    /// One that took effect between these times.
    pub(crate) fn answered(begun: Duration, ended: Duration, action: A) -> Self {
        Self { begun, ended: Some(ended), certain: true, action }
    }

    /// One that took effect between these times, or not at all.
    pub(crate) fn perhaps(begun: Duration, ended: Duration, action: A) -> Self {
        Self { begun, ended: Some(ended), certain: false, action }
    }

    /// One that took effect after this time, or not at all.
    pub(crate) fn unknown(begun: Duration, action: A) -> Self {
        Self { begun, ended: None, certain: false, action }
    }
}

/// What happened to many objects that have nothing to do with each other.
pub(crate) type Objects<A> = BTreeMap<String, Vec<Operation<A>>>;

/// The histories of such objects, while they are made.
#[derive(Debug)]
pub(crate) struct Histories<A> {
    origin: Instant,
    objects: Mutex<Objects<A>>,
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
        self.note(object.into(), Operation::answered(begun, self.now(), action));
    }

    /// Notes one of which nobody knows what became.
    pub(crate) fn unknown(&self, object: impl Into<String>, begun: Duration, action: A) {
        self.note(object.into(), Operation::unknown(begun, action));
    }

    fn note(&self, object: String, operation: Operation<A>) {
        self.objects.lock().unwrap().entry(object).or_default().push(operation);
    }

    /// Everything that was noted, by object.
    pub(crate) fn into_objects(self) -> Objects<A> {
        self.objects.into_inner().unwrap()
    }
}
