//! Which faults happen when.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use netkeep_store::layers::Operation;
use netkeep_store::{Kind, Prefix};
use tokio::sync::watch;

use super::watch::Held;

/// What goes wrong with one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It fails with this kind, and nothing happened.
    FailBefore(Kind),
    /// It happens; the answer is that the store cannot be had and that the outcome is unknown.
    FailAfter,
    /// It happens, and the answer never comes.
    DropAnswer,
    /// It happens this much later.
    Delay(Duration),
    /// It happens after [`Faults::thaw`]; until then every other call waits too.
    Freeze,
    /// It does not happen, and the store is gone: this and every later call fails with `Closed`.
    StopBefore,
    /// It happens, and then the store is gone.
    StopAfter,
}

/// One call, by its operation and its number among the calls of that operation, from 0 on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step {
    /// The operation, by its place in [`Operation::ALL`].
    operation: usize,
    /// Which of its calls.
    pub number: usize,
}

/// The faults of a [`Faulty`](super::Faulty) store, set from outside while it is used.
#[derive(Debug)]
pub struct Faults {
    plan: Mutex<Plan>,
    /// Whether calls wait.
    frozen: watch::Sender<bool>,
    /// How often all watches were cut.
    cuts: watch::Sender<u64>,
    /// Whether the store is gone.
    gone: watch::Sender<bool>,
    /// What watches hold back.
    held: watch::Sender<Held>,
}

#[derive(Debug, Default)]
struct Plan {
    faults: BTreeMap<Step, Fault>,
    made: BTreeMap<usize, usize>,
}

impl Step {
    /// The call `number` of `operation`.
    pub fn of(operation: Operation, number: usize) -> Self {
        let place = Operation::ALL.iter().position(|other| *other == operation);
        Self { operation: place.unwrap_or(usize::MAX), number }
    }
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            plan: Mutex::default(),
            frozen: watch::Sender::new(false),
            cuts: watch::Sender::new(0),
            gone: watch::Sender::new(false),
            held: watch::Sender::default(),
        }
    }
}

impl Faults {
    /// No faults yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets `fault` happen at `step`.
    pub fn set(&self, step: Step, fault: Fault) {
        self.plan().faults.insert(step, fault);
    }

    /// How many calls of `operation` were made.
    pub fn made(&self, operation: Operation) -> usize {
        self.plan().made.get(&Step::of(operation, 0).operation).copied().unwrap_or(0)
    }

    /// Lets every call wait, as a frozen server does, until [`Faults::thaw`].
    pub fn freeze(&self) {
        self.frozen.send_replace(true);
    }

    /// True while calls wait.
    pub fn is_frozen(&self) -> bool {
        *self.frozen.borrow()
    }

    /// Ends a freeze.
    pub fn thaw(&self) {
        self.frozen.send_replace(false);
    }

    /// Cuts every watch: each begins anew with a reset.
    pub fn cut_watches(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Lets every watch hold back what is committed from now on, as one that is late, until
    /// [`Faults::release_watches`]. What lies below `but` it shows at once all the same, so that commits show in part,
    /// as the contract lets them.
    pub fn hold_watches(&self, but: Option<Prefix>) {
        self.held.send_replace(but.map_or(Held::Everything, Held::AllBut));
    }

    /// Lets every watch deliver what it has held back.
    pub fn release_watches(&self) {
        self.held.send_replace(Held::Nothing);
    }

    /// True once a stop has happened.
    pub fn is_gone(&self) -> bool {
        *self.gone.borrow()
    }

    pub(super) fn stop(&self) {
        self.gone.send_replace(true);
    }

    /// Counts a call, and says what goes wrong with it.
    pub(super) fn next(&self, operation: Operation) -> Option<Fault> {
        let mut plan = self.plan();
        let number = plan.made.entry(Step::of(operation, 0).operation).or_default();
        let step = Step::of(operation, *number);
        *number += 1;
        plan.faults.remove(&step)
    }

    pub(super) async fn wait_while_frozen(&self) {
        let mut frozen = self.frozen.subscribe();
        // The sender lives as long as `self`.
        let _ = frozen.wait_for(|frozen| !frozen).await;
    }

    pub(super) fn cuts(&self) -> watch::Receiver<u64> {
        self.cuts.subscribe()
    }

    pub(super) fn held(&self) -> watch::Receiver<Held> {
        self.held.subscribe()
    }

    pub(super) fn gone(&self) -> watch::Receiver<bool> {
        self.gone.subscribe()
    }

    fn plan(&self) -> std::sync::MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
