//! What every handler has at hand.

use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

use netkeep_controller::{Controller, ErrorKind};
use netkeep_store::Store;
use tokio_util::task::TaskTracker;

use super::problem::Problem;

/// The daemon, as its handlers see it. Clones are the same daemon.
#[derive(Clone, Debug)]
pub struct App {
    pub(super) controller: Controller,
    pub(super) store: Arc<dyn Store>,
    pub(super) since: Instant,
    pub(super) changes: TaskTracker,
}

impl App {
    /// A daemon that serves this controller, which keeps its records in `store`.
    pub fn new(controller: Controller, store: Arc<dyn Store>) -> Self {
        Self { controller, store, since: Instant::now(), changes: TaskTracker::new() }
    }

    /// The changes that are under way. They go on when their clients go away.
    pub fn changes(&self) -> &TaskTracker {
        &self.changes
    }

    /// Runs a change in a task of its own: a client that goes away does not stop it halfway.
    pub(super) async fn change<T: Send + 'static>(
        &self,
        change: impl Future<Output = netkeep_controller::Result<T>> + Send + 'static,
    ) -> Result<T, Problem> {
        match self.changes.spawn(change).await {
            Ok(outcome) => outcome.map_err(Problem::from),
            Err(error) => {
                tracing::error!(%error, "a change ended with a panic");
                Err(Problem::new(
                    ErrorKind::Internal,
                    "the change ended with a defect; the log of the daemon says more",
                ))
            }
        }
    }
}
