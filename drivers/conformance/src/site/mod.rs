//! One host as the controller runs it.

mod endpoint;
mod join;
mod network;
mod publish;
mod recovery;
mod request;
mod seen;
mod undo;

pub(crate) use request::{binding, endpoint_id, sandbox_id, sandbox_key};
pub(crate) use seen::SeenPlan;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use netkeep_drivers::{EnsureError, Error, JoinAnswer, Mode, NetworkDriver, Remains, RemoveError};
use netkeep_model::{
    Claim, HostId, HostRef, Id, Incarnation, NetworkId, Object, Options, Owner, SandboxId, Scope, Timestamp,
};

use crate::view::{LedgerView, planned_records};
use crate::{Change, DriverHarness, Faults, Ledger, NoteBook, Place, Sample, TestHost};

/// How often a creation is planned again because a stranger holds what was claimed.
const MAX_TAKEN: usize = 10;

/// Plays the controller for the driver of one host: plan, commit, ensure; remove, commit; recover.
///
/// It is honest: what a plan claims is held, what is noted is durable, and every plan and answer is judged by
/// the clauses that any of them has to keep; a breach panics. Every commit is a step of the host's
/// [`Faults`], before and after it.
pub struct Site {
    harness: Arc<dyn DriverHarness>,
    driver: Arc<dyn NetworkDriver>,
    /// The scope of the networks that it makes.
    scope: Scope,
    local: Arc<Mutex<Ledger>>,
    global: Arc<Mutex<Ledger>>,
    host: HostRef,
    /// Whether each plan is made by another instance than what follows.
    renewing: bool,
    /// Every plan that was made, oldest first.
    seen: Arc<Mutex<Vec<SeenPlan>>>,
}

/// An attachment of an endpoint to a sandbox of a host, in its local ledger.
#[derive(Clone, Debug, PartialEq)]
pub struct Join {
    /// The sandbox.
    pub sandbox: SandboxId,
    /// Where its network namespace is, once that is known.
    pub key: Option<String>,
    /// What the sandbox tells the driver.
    pub options: Options,
    /// What the driver has answered, once it has.
    pub answer: Option<JoinAnswer>,
    /// Whether it is whole.
    pub phase: JoinPhase,
    /// The bindings that are published for as long as the endpoint is the sandbox's way out.
    pub published: Option<Published>,
}

/// What an endpoint publishes, and what is held for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Published {
    /// How many of the endpoint's bindings there were before.
    pub after: usize,
    /// The ports.
    pub claims: Vec<Claim>,
    /// Whether this host had something to do for it.
    pub ensured: bool,
}

/// Whether an attachment is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinPhase {
    /// The endpoint does not say yet that it is attached.
    Intent,
    /// The driver was called, and its answer is not kept yet.
    Creating,
    /// Whole.
    Ready,
    /// On its way out.
    Deleting,
}

/// Why an operation did not succeed.
#[derive(Debug)]
pub enum Failure {
    /// The driver has refused to plan it.
    Planned(Error),
    /// The driver did not make it; the creation was undone.
    Ensured(EnsureError),
    /// The driver does not let it go.
    Vetoed(Error),
    /// The driver could not take it down; it stays on its way out.
    Removed(RemoveError),
}

impl Site {
    /// A host that uses the driver of `harness` for networks of this scope.
    ///
    /// Cancel safe.
    pub async fn start(harness: Arc<dyn DriverHarness>, scope: Scope) -> Self {
        let driver = harness.restart().await;
        Self {
            harness,
            driver,
            scope,
            local: Arc::default(),
            global: Arc::default(),
            host: HostRef { host: host_id(0), incarnation: Incarnation::new(1) },
            renewing: false,
            seen: Arc::default(),
        }
    }

    /// Another host, with the same global store.
    ///
    /// Cancel safe.
    pub async fn beside(&self, number: u8) -> Self {
        let harness = self.harness.fresh().await;
        let driver = harness.restart().await;
        Self {
            harness,
            driver,
            scope: self.scope,
            local: Arc::default(),
            global: self.global.clone(),
            host: HostRef { host: host_id(number), incarnation: Incarnation::new(1) },
            renewing: false,
            seen: Arc::default(),
        }
    }

    /// Ends the process and starts the next one: the stores and the host stay, all faults end, the driver is a
    /// new instance. [`recover`](Site::recover) is what a controller does next.
    ///
    /// Cancel safe.
    pub async fn restart(&mut self) {
        self.faults().calm();
        self.driver = self.harness.restart().await;
        self.host.incarnation = self.host.incarnation.next();
    }

    /// From now on, what one instance of the driver has planned is made by the next one.
    pub(crate) fn renew_after_plans(&mut self) {
        self.renewing = true;
    }

    async fn renew(&mut self) {
        if self.renewing {
            self.driver = self.harness.restart().await;
        }
    }

    /// The harness of this host.
    pub(crate) fn harness(&self) -> &Arc<dyn DriverHarness> {
        &self.harness
    }

    /// The driver as it runs now.
    pub fn driver(&self) -> &Arc<dyn NetworkDriver> {
        &self.driver
    }

    /// The host.
    pub fn test_host(&self) -> &dyn TestHost {
        self.harness.host()
    }

    /// The faults of the host.
    pub fn faults(&self) -> &Faults {
        self.harness.host().faults()
    }

    /// The samples of the driver.
    pub fn sample(&self) -> Sample {
        self.harness.sample()
    }

    /// The scope of the networks of this site.
    pub fn scope(&self) -> Scope {
        self.scope
    }

    /// What is on the host.
    pub fn present(&self) -> BTreeSet<String> {
        self.test_host().present()
    }

    /// How many changes the host has seen.
    pub fn changed(&self) -> usize {
        self.test_host().changed()
    }

    /// The changes that the host has seen since it had seen so many.
    pub fn changes_since(&self, before: usize) -> Vec<Change> {
        self.test_host().changes(before)
    }

    /// The local store of this host.
    pub fn local(&self) -> MutexGuard<'_, Ledger> {
        self.local.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The global store.
    pub fn global(&self) -> MutexGuard<'_, Ledger> {
        self.global.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The store of the networks of this site.
    pub fn store(&self) -> MutexGuard<'_, Ledger> {
        match self.scope {
            Scope::Local => self.local(),
            Scope::Global => self.global(),
        }
    }

    /// The notes of this host.
    pub fn notes(&self) -> NoteBook {
        NoteBook::new(self.local.clone(), self.faults().clone())
    }

    /// What a driver sees that plans on this host.
    pub fn view(&self) -> LedgerView {
        let local = self.local().clone();
        let global = self.global().clone();
        LedgerView::new(local, global, self.scope)
    }

    /// What is left of `on` on this host.
    pub fn remains(&self, on: Object) -> Remains {
        let mut records = planned_records(&self.local(), Scope::Local, &on);
        records.extend(planned_records(&self.global(), Scope::Global, &on));
        let notes = self.local().notes.get(&on).cloned().unwrap_or_default();
        Remains { on, notes, records }
    }

    /// Whether the driver is called.
    pub fn is_called(&self) -> bool {
        self.driver.info().mode == Mode::Called
    }

    /// Runs `work` on this site until it is done or the process ends in it; false if it ends.
    ///
    /// Cancellation: as if the process ended.
    pub async fn until_end<T>(&mut self, work: impl AsyncFnOnce(&mut Self) -> T) -> Option<T> {
        let faults = self.faults().clone();
        faults.until_end(work(self)).await
    }

    /// One commit: `change` happens whole, or the process has ended before it.
    async fn commit(&self, what: String, change: impl FnOnce()) {
        // A controller tries commits again; only the end of the process matters to a driver.
        let _ = self.faults().reach(Place::Commit, format!("before {what}")).await;
        change();
        let _ = self.faults().reach(Place::Commit, format!("after {what}")).await;
    }

    /// Gives claims to `owner`, each in the store that it is in; `here` if all are of this host alone.
    fn take(&self, claims: &[Claim], owner: &Owner, here: bool) {
        for claim in claims {
            let of_host = here || matches!(claim, Claim::Ports { .. } | Claim::Link { .. });
            let mut ledger = if of_host { self.local() } else { self.store() };
            if let Err(holder) = ledger.take(claim.clone(), owner.clone()) {
                panic!("D-PLAN-4: {owner} claims {claim}, which {holder} holds");
            }
        }
    }

    /// Writes a plan's records.
    fn keep(&self, records: &[netkeep_drivers::PlannedRecord]) {
        for record in records {
            let mut ledger = match record.scope {
                Scope::Local => self.local(),
                Scope::Global => self.global(),
            };
            let key = (record.on, record.name.clone());
            match &record.value {
                Some(value) => ledger.records.insert(key, value.clone()),
                None => ledger.records.remove(&key),
            };
        }
    }

    /// Notes that this host is told to make `on`.
    fn realize(&self, on: Object) {
        self.local().notes.entry(on).or_default();
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Planned(error) => write!(f, "refused by the plan: {error}"),
            Self::Ensured(EnsureError::Refused(error)) => write!(f, "refused when it was made: {error}"),
            Self::Ensured(EnsureError::Taken(claim, error)) => write!(f, "{claim} is taken: {error}"),
            Self::Ensured(EnsureError::Unknown(error)) => write!(f, "may have been made: {error}"),
            Self::Vetoed(error) => write!(f, "not let go: {error}"),
            Self::Removed(error) => write!(f, "not taken down: {error}"),
        }
    }
}

impl std::error::Error for Failure {}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Site")
            .field("driver", &self.driver)
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

fn host_id(number: u8) -> HostId {
    HostId::from(id([0xee, number, 0, 0, 0, 0]))
}

/// The same id in every run.
fn id(bytes: [u8; 6]) -> Id {
    let [a, b, c, d, e, f] = bytes;
    Id::new(Timestamp::from_unix_millis(1_700_000_000_000), [a, b, c, d, e, f, 0, 0, 0, 1])
}

/// The network number `n` of every run.
pub(crate) fn network_id(n: usize) -> NetworkId {
    NetworkId::from(id([0xaa, small(n), 0, 0, 0, 0]))
}

fn small(n: usize) -> u8 {
    u8::try_from(n).unwrap_or(u8::MAX)
}
