//! What every handler has at hand.

use std::future::Future;
use std::time::Instant;

use netkeep_controller::{Controller, ErrorKind};
use tokio_util::task::TaskTracker;

use super::problem::Problem;
use crate::compose::{Composition, Layered};

/// The daemon, as its handlers see it. Clones are the same daemon.
#[derive(Clone, Debug)]
pub struct App {
    pub(super) controller: Controller,
    pub(super) local: Layered,
    pub(super) global: Option<Layered>,
    pub(super) since: Instant,
    pub(super) changes: TaskTracker,
}

impl App {
    /// A daemon that serves this controller and its stores.
    pub fn new(composition: &Composition) -> Self {
        let Composition { controller, local, global } = composition.clone();
        Self { controller, local, global, since: Instant::now(), changes: TaskTracker::new() }
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

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;
    use crate::config::{Config, Environment, Flags};

    async fn app() -> App {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("netkeep.toml");
        std::fs::write(&file, "local = \"memory://\"\n").unwrap();
        let flags = Flags { config: Some(file), ..Flags::default() };
        let config = Config::load(&flags, &Environment::default()).unwrap();
        App::new(&Composition::open(&config).await.unwrap())
    }

    #[tokio::test]
    async fn a_change_goes_on_when_its_client_goes_away() {
        let app = app().await;
        let (begun, has_begun) = oneshot::channel();
        let (finish, may_finish) = oneshot::channel::<()>();
        let (done, is_done) = oneshot::channel();
        let change = async move {
            begun.send(()).unwrap();
            may_finish.await.unwrap();
            done.send("done").unwrap();
            Ok(())
        };
        let caller = app.clone();
        let call = tokio::spawn(async move { caller.change(change).await });
        has_begun.await.unwrap();
        call.abort();
        assert!(call.await.unwrap_err().is_cancelled());
        assert_eq!(app.changes().len(), 1, "a stop waits for it");
        finish.send(()).unwrap();
        assert_eq!(is_done.await.unwrap(), "done");
    }

    #[tokio::test]
    async fn a_defect_is_answered_and_not_passed_on() {
        let app = app().await;
        let outcome: Result<(), _> = app.change(async { panic!("a defect") }).await;
        assert!(format!("{:?}", outcome.unwrap_err()).contains("Internal"));
    }
}
