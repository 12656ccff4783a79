//! What operations did, how long they took, and how often they met others.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use netkeep_model::Scope;
use netkeep_store::layers::{LATENCY_BOUNDS, Latency};

use crate::{Controller, Error, ErrorKind, Result};

/// What a caller may ask a controller to change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// A network is made.
    CreateNetwork,
    /// A network is deleted.
    DeleteNetwork,
    /// An endpoint is made.
    CreateEndpoint,
    /// An endpoint is deleted.
    DeleteEndpoint,
    /// An endpoint and a sandbox are joined.
    Join,
    /// An endpoint and a sandbox part.
    Leave,
    /// A sandbox is made.
    CreateSandbox,
    /// The namespace of a sandbox is named.
    SetSandboxKey,
    /// A sandbox is deleted.
    DeleteSandbox,
    /// A client takes a pool.
    RequestPool,
    /// A client gives a pool back.
    ReleasePool,
    /// A client takes an address.
    RequestAddress,
    /// A client gives an address back.
    ReleaseAddress,
    /// A host is evicted.
    Evict,
    /// A plan of repair is done, or shown.
    Repair,
    /// A record that cannot be read is taken out.
    TakeOut,
}

/// What the operations of one sort have done in one store since the controller was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OperationFigures {
    /// How many succeeded.
    pub succeeded: u64,
    /// How many did not, by the kind of the error; only kinds that occurred.
    pub failed: BTreeMap<ErrorKind, u64>,
    /// How long they took, whether well or not; `None` if none has ended.
    pub latency: Option<Latency>,
    /// The commits that they made, by the store in which they made them.
    pub commits: BTreeMap<Scope, u64>,
    /// The commits that were refused since another had changed the same things meanwhile.
    pub conflicts: u64,
    /// How often they were decided again after that.
    pub retries: u64,
}

/// The figures of all operations.
#[derive(Debug, Default)]
pub(crate) struct Metrics(Mutex<BTreeMap<(Operation, Scope), OperationFigures>>);

/// What one operation does while it runs.
#[derive(Debug, Default)]
struct Tally {
    /// Whether it is about the store that hosts share.
    global: AtomicBool,
    commits: [AtomicU64; 2],
    conflicts: AtomicU64,
    retries: AtomicU64,
}

tokio::task_local! {
    static TALLY: Arc<Tally>;
}

impl Operation {
    /// As in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CreateNetwork => "create_network",
            Self::DeleteNetwork => "delete_network",
            Self::CreateEndpoint => "create_endpoint",
            Self::DeleteEndpoint => "delete_endpoint",
            Self::Join => "join",
            Self::Leave => "leave",
            Self::CreateSandbox => "create_sandbox",
            Self::SetSandboxKey => "set_sandbox_key",
            Self::DeleteSandbox => "delete_sandbox",
            Self::RequestPool => "request_pool",
            Self::ReleasePool => "release_pool",
            Self::RequestAddress => "request_address",
            Self::ReleaseAddress => "release_address",
            Self::Evict => "evict",
            Self::Repair => "repair",
            Self::TakeOut => "take_out",
        }
    }
}

impl Controller {
    /// What operations have done since this controller was opened, by sort and store: that which the operation was
    /// about; that of this host, if it was refused before that was known.
    pub fn operations(&self) -> BTreeMap<(Operation, Scope), OperationFigures> {
        self.metrics().0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Metrics {
    /// Runs an operation, and counts what it does.
    pub(crate) async fn count<T>(
        &self,
        operation: Operation,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let (tally, begun) = (Arc::new(Tally::default()), Instant::now());
        let outcome = TALLY.scope(Arc::clone(&tally), work).await;
        self.note(operation, &tally, begun.elapsed(), outcome.as_ref().err().map(Error::kind));
        outcome
    }

    fn note(&self, operation: Operation, tally: &Tally, took: Duration, failed: Option<ErrorKind>) {
        let scope = if tally.global.load(Relaxed) { Scope::Global } else { Scope::Local };
        let mut figures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let figures = figures.entry((operation, scope)).or_default();
        match failed {
            None => figures.succeeded += 1,
            Some(kind) => *figures.failed.entry(kind).or_default() += 1,
        }
        for scope in [Scope::Local, Scope::Global] {
            *figures.commits.entry(scope).or_default() += tally.commits[place(scope)].load(Relaxed);
        }
        figures.conflicts += tally.conflicts.load(Relaxed);
        figures.retries += tally.retries.load(Relaxed);
        let latency = figures.latency.get_or_insert_with(|| Latency {
            buckets: vec![0; LATENCY_BOUNDS.len() + 1],
            sum: Duration::ZERO,
        });
        latency.buckets[LATENCY_BOUNDS.partition_point(|bound| *bound < took)] += 1;
        latency.sum += took;
    }
}

const fn place(scope: Scope) -> usize {
    match scope {
        Scope::Local => 0,
        Scope::Global => 1,
    }
}

/// What runs outside of any operation is not counted.
fn tally(count: impl FnOnce(&Tally)) {
    let _ = TALLY.try_with(|tally| count(tally));
}

/// The operation that runs is about this store.
pub(crate) fn is_about(scope: Scope) {
    tally(|tally| {
        tally.global.fetch_or(scope == Scope::Global, Relaxed);
    });
}

/// The operation that runs has tried to commit to this store.
pub(crate) fn committed<T>(scope: Scope, outcome: &Result<T>) {
    is_about(scope);
    tally(|tally| match outcome {
        Ok(_) => {
            tally.commits[place(scope)].fetch_add(1, Relaxed);
        }
        Err(error) if error.kind() == ErrorKind::Conflict => {
            tally.conflicts.fetch_add(1, Relaxed);
        }
        Err(_) => {}
    });
}

/// The operation that runs is decided again.
pub(crate) fn retried() {
    tally(|tally| {
        tally.retries.fetch_add(1, Relaxed);
    });
}

/// A part of the operation that runs, for a task of its own.
pub(crate) fn part_of_it<T>(work: impl Future<Output = T>) -> impl Future<Output = T> {
    let tally = TALLY.try_with(Arc::clone).unwrap_or_default();
    TALLY.scope(tally, work)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_an_operation_does_is_counted_where_it_does_it() {
        let metrics = Metrics::default();
        let met: Result<()> = Err(Error::new(ErrorKind::Conflict, "met"));
        let joined = metrics.count(Operation::Join, async {
            committed(Scope::Local, &Ok(()));
            committed(Scope::Global, &met);
            retried();
            tokio::spawn(part_of_it(async { committed(Scope::Global, &Ok(())) })).await.unwrap();
            Ok(())
        });
        joined.await.unwrap();
        let refused: Result<()> =
            metrics.count(Operation::Join, async { Err(Error::not_found("gone")) }).await;
        assert!(refused.is_err());
        committed(Scope::Local, &Ok(()));

        let figures = metrics.0.lock().unwrap();
        let shared = &figures[&(Operation::Join, Scope::Global)];
        assert_eq!((shared.succeeded, shared.conflicts, shared.retries), (1, 1, 1));
        assert_eq!(shared.commits, [(Scope::Local, 1), (Scope::Global, 1)].into());
        assert_eq!(shared.latency.as_ref().map(Latency::count), Some(1));
        let own = &figures[&(Operation::Join, Scope::Local)];
        assert_eq!((own.succeeded, &own.failed), (0, &[(ErrorKind::NotFound, 1)].into()));
        assert_eq!(own.commits.values().sum::<u64>(), 0, "what is outside of operations is not counted");
    }
}
