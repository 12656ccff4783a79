//! One task at work.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use netkeep_controller::ErrorKind;
use netkeep_model::{EndpointId, Id};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::entry::Standing;
use super::share::{Share, Step};
use super::{DemoError, PATIENCE, Watcher, wish};
use crate::client::{Client, ClientError};

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// It was acknowledged.
    Acknowledged,
    /// Nobody answered: it may have happened.
    CutOff,
    /// It could not be done now, and may have been done all the same.
    Later,
    /// It was refused, and should not have been; the share has a note of it.
    Refused,
}

/// What a task is told, and whom it tells.
#[derive(Clone, Debug)]
pub(super) struct Worker {
    /// One for each host.
    pub(super) clients: Vec<Client>,
    pub(super) watcher: Arc<dyn Watcher>,
    /// Counts what was acknowledged.
    pub(super) acknowledged: tokio::sync::watch::Sender<u64>,
    /// Counts the attempts that had to be made again.
    pub(super) repeated: Arc<AtomicU64>,
    /// Whether what cannot be done now is waited for.
    pub(super) waits: bool,
    /// Whether the steps are repeated: then a deletion may find that it has happened already.
    pub(super) repeats: bool,
    /// When to begin no more steps.
    pub(super) enough: CancellationToken,
}

impl Worker {
    /// Does one step after the other until nobody answers any more.
    pub(super) async fn work(self, mut share: Share) -> Result<Share, DemoError> {
        const MOST_REFUSED: u32 = 20;
        let mut refused = 0;
        while !self.enough.is_cancelled() {
            let step = share.next()?;
            match self.step(&mut share, step).await {
                Ended::Acknowledged => {}
                Ended::CutOff | Ended::Later => return Ok(share),
                Ended::Refused => refused += 1,
            }
            if refused == MOST_REFUSED {
                return Ok(share);
            }
        }
        Ok(share)
    }

    /// Does these steps, and stops when nobody answers.
    pub(super) async fn settle(self, mut share: Share, steps: Vec<Step>) -> Result<Share, DemoError> {
        for step in steps {
            match self.step(&mut share, step).await {
                Ended::CutOff => {
                    return Err(DemoError::Daemon("the daemon ended though nobody killed it".to_owned()));
                }
                Ended::Later => {
                    let late = format!("{step:?} could not be done within {PATIENCE:?}");
                    return Err(DemoError::Daemon(late));
                }
                Ended::Acknowledged | Ended::Refused => {}
            }
        }
        Ok(share)
    }

    /// Does a step, again and again as long as it cannot be done now. It is always repeated through the same host: only
    /// that one can tell what became of it.
    async fn step(&self, share: &mut Share, step: Step) -> Ended {
        let begun = Instant::now();
        let mut attempt = Attempt { worker: self, host: share.host_of(step), repeats: self.repeats };
        let ended = loop {
            let ended = attempt.make(share, step).await;
            if ended != Ended::Later || begun.elapsed() > PATIENCE {
                break ended;
            }
            attempt.repeats = true;
            self.repeated.fetch_add(1, Ordering::Relaxed);
            sleep(Duration::from_millis(rand::random_range(10..100))).await;
        };
        if ended == Ended::Acknowledged {
            self.acknowledged.send_modify(|count| *count += 1);
            self.watcher.acknowledged();
        }
        ended
    }
}

/// One attempt at a step.
struct Attempt<'a> {
    worker: &'a Worker,
    host: usize,
    repeats: bool,
}

impl Attempt<'_> {
    fn client(&self) -> &Client {
        &self.worker.clients[self.host]
    }

    async fn make(&self, share: &mut Share, step: Step) -> Ended {
        match step {
            Step::MakeNetwork(id) => self.make_network(share, id).await,
            Step::MakeEndpoint(id) => self.make_endpoint(share, id).await,
            Step::DeleteNetwork(id) => {
                let outcome = self.client().delete_network(&id.to_string()).await;
                self.deleted(outcome, share, id.into(), step)
            }
            Step::DeleteEndpoint(id) => {
                let Some(entry) = share.endpoints.get(&id) else { return Ended::Refused };
                let outcome =
                    self.client().delete_endpoint(&entry.network.to_string(), &id.to_string()).await;
                self.deleted(outcome, share, id.into(), step)
            }
            Step::Join(id) | Step::Leave(id) => self.shift(share, id, step).await,
            Step::MakeSandbox(_) => match wish::sandbox(share.task()) {
                Ok(spec) => match self.client().create_sandbox(&spec).await {
                    Ok(_) => Ended::Acknowledged,
                    Err(error) => self.failed(&error, step, &mut share.surprises),
                },
                Err(error) => {
                    share.surprises.push(format!("a sandbox of the demo is wrong: {error}"));
                    Ended::Refused
                }
            },
            Step::DeleteSandbox(_) => {
                match self.client().delete_sandbox(&wish::container(share.task())).await {
                    Ok(()) => Ended::Acknowledged,
                    Err(error) if self.is_done_already(&error) => Ended::Acknowledged,
                    Err(error) => self.failed(&error, step, &mut share.surprises),
                }
            }
        }
    }

    fn is_done_already(&self, error: &ClientError) -> bool {
        self.repeats && error.kind() == Some(ErrorKind::NotFound)
    }

    /// Has an endpoint join the task's sandbox, or leave it.
    async fn shift(&self, share: &mut Share, id: EndpointId, step: Step) -> Ended {
        let sandbox = wish::container(share.task());
        let Some(entry) = share.endpoints.get_mut(&id) else { return Ended::Refused };
        let (network, endpoint) = (entry.network.to_string(), id.to_string());
        let joins = matches!(step, Step::Join(_));
        let mut outcome = match joins {
            true => self.client().join(&network, &endpoint, &sandbox).await,
            false => self.client().leave(&network, &endpoint, &sandbox).await,
        };
        if !joins && outcome.as_ref().is_err_and(|error| self.is_done_already(error)) {
            outcome = self.client().endpoint(&network, &endpoint).await;
        }
        match outcome {
            Ok(now) => {
                if now.endpoint.attachment.is_some() != joins {
                    share.surprises.push(format!("{step:?} was answered with what says the opposite"));
                }
                entry.joined = if joins { Some(self.host) } else { None };
                entry.standing = Standing::Held(now);
                Ended::Acknowledged
            }
            Err(error) => {
                let ended = self.failed(&error, step, &mut share.surprises);
                if ended == Ended::Refused
                    && let Standing::Moving(before) = entry.standing.clone()
                {
                    entry.joined = entry.joined.filter(|_| !joins);
                    entry.standing = Standing::Held(before);
                }
                ended
            }
        }
    }

    async fn make_network(&self, share: &mut Share, id: netkeep_model::NetworkId) -> Ended {
        let Some(entry) = share.networks.get_mut(&id) else { return Ended::Refused };
        match self.client().create_network(&entry.spec).await {
            Ok(made) => {
                if made.id != id {
                    share.surprises.push(format!("request {id} was answered with network {}", made.id));
                }
                entry.standing = Standing::Held(made);
                Ended::Acknowledged
            }
            Err(error) => {
                let ended = self.failed(&error, Step::MakeNetwork(id), &mut share.surprises);
                if ended == Ended::Refused {
                    share.networks.remove(&id);
                }
                ended
            }
        }
    }

    async fn make_endpoint(&self, share: &mut Share, id: EndpointId) -> Ended {
        let Some(entry) = share.endpoints.get_mut(&id) else { return Ended::Refused };
        match self.client().create_endpoint(&entry.network.to_string(), &entry.spec).await {
            Ok(made) => {
                if made.id != id {
                    share.surprises.push(format!("request {id} was answered with endpoint {}", made.id));
                }
                entry.standing = Standing::Held(made);
                Ended::Acknowledged
            }
            Err(error) => {
                let ended = self.failed(&error, Step::MakeEndpoint(id), &mut share.surprises);
                if ended == Ended::Refused {
                    share.endpoints.remove(&id);
                }
                ended
            }
        }
    }

    fn deleted(&self, outcome: Result<(), ClientError>, share: &mut Share, id: Id, step: Step) -> Ended {
        let ended = match outcome {
            Ok(()) => Ended::Acknowledged,
            Err(error) if self.is_done_already(&error) => Ended::Acknowledged,
            Err(error) => self.failed(&error, step, &mut share.surprises),
        };
        if ended == Ended::Acknowledged {
            share.networks.remove(&id.into());
            share.endpoints.remove(&id.into());
            share.gone.insert(id);
        }
        ended
    }

    /// What a failure means.
    fn failed(&self, error: &ClientError, step: Step, surprises: &mut Vec<String>) -> Ended {
        match error.kind() {
            // The servers will be back.
            Some(ErrorKind::Unavailable | ErrorKind::Unknown | ErrorKind::Conflict) if self.worker.waits => {
                Ended::Later
            }
            // A daemon that is on its way out cannot say more.
            None | Some(ErrorKind::Unknown | ErrorKind::Closed) => Ended::CutOff,
            Some(_) => {
                surprises.push(format!("{step:?}: {error}"));
                Ended::Refused
            }
        }
    }
}
