//! One task at work.

use std::sync::Arc;

use netkeep_controller::ErrorKind;
use netkeep_model::Id;

use super::entry::Standing;
use super::share::{Share, Step};
use super::{DemoError, Watcher};
use crate::client::{Client, ClientError};

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// It was acknowledged.
    Acknowledged,
    /// Nobody answered: it may have happened.
    CutOff,
    /// It was refused, and should not have been; the share has a note of it.
    Refused,
}

/// What a task is told, and whom it tells.
#[derive(Clone, Debug)]
pub(super) struct Worker {
    pub(super) client: Client,
    pub(super) watcher: Arc<dyn Watcher>,
    /// Counts what was acknowledged.
    pub(super) acknowledged: tokio::sync::watch::Sender<u64>,
    /// Whether the steps are repeated: then a deletion may find that it has happened already.
    pub(super) repeats: bool,
}

impl Worker {
    /// Does one step after the other until nobody answers any more.
    pub(super) async fn work(self, mut share: Share) -> Result<Share, DemoError> {
        const MOST_REFUSED: u32 = 20;
        let mut refused = 0;
        loop {
            let step = share.next()?;
            match self.step(&mut share, step).await {
                Ended::Acknowledged => {}
                Ended::CutOff => return Ok(share),
                Ended::Refused => refused += 1,
            }
            if refused == MOST_REFUSED {
                return Ok(share);
            }
        }
    }

    /// Does these steps, and stops when nobody answers.
    pub(super) async fn settle(self, mut share: Share, steps: Vec<Step>) -> Result<Share, DemoError> {
        for step in steps {
            if self.step(&mut share, step).await == Ended::CutOff {
                return Err(DemoError::Daemon("the daemon ended though nobody killed it".to_owned()));
            }
        }
        Ok(share)
    }

    async fn step(&self, share: &mut Share, step: Step) -> Ended {
        let ended = match step {
            Step::MakeNetwork(id) => self.make_network(share, id).await,
            Step::MakeEndpoint(id) => self.make_endpoint(share, id).await,
            Step::DeleteNetwork(id) => {
                let outcome = self.client.delete_network(&id.to_string()).await;
                self.deleted(outcome, share, id.into(), step)
            }
            Step::DeleteEndpoint(id) => {
                let Some(entry) = share.endpoints.get(&id) else { return Ended::Refused };
                let outcome = self.client.delete_endpoint(&entry.network.to_string(), &id.to_string()).await;
                self.deleted(outcome, share, id.into(), step)
            }
        };
        if ended == Ended::Acknowledged {
            self.acknowledged.send_modify(|count| *count += 1);
            self.watcher.acknowledged();
        }
        ended
    }

    async fn make_network(&self, share: &mut Share, id: netkeep_model::NetworkId) -> Ended {
        let Some(entry) = share.networks.get_mut(&id) else { return Ended::Refused };
        match self.client.create_network(&entry.spec).await {
            Ok(made) => {
                if made.id != id {
                    share.surprises.push(format!("request {id} was answered with network {}", made.id));
                }
                entry.standing = Standing::Held(made);
                Ended::Acknowledged
            }
            Err(error) => {
                let ended = failed(&error, Step::MakeNetwork(id), &mut share.surprises);
                if ended == Ended::Refused {
                    share.networks.remove(&id);
                }
                ended
            }
        }
    }

    async fn make_endpoint(&self, share: &mut Share, id: netkeep_model::EndpointId) -> Ended {
        let Some(entry) = share.endpoints.get_mut(&id) else { return Ended::Refused };
        match self.client.create_endpoint(&entry.network.to_string(), &entry.spec).await {
            Ok(made) => {
                if made.id != id {
                    share.surprises.push(format!("request {id} was answered with endpoint {}", made.id));
                }
                entry.standing = Standing::Held(made);
                Ended::Acknowledged
            }
            Err(error) => {
                let ended = failed(&error, Step::MakeEndpoint(id), &mut share.surprises);
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
            Err(error) if self.repeats && error.kind() == Some(ErrorKind::NotFound) => Ended::Acknowledged,
            Err(error) => failed(&error, step, &mut share.surprises),
        };
        if ended == Ended::Acknowledged {
            share.networks.remove(&id.into());
            share.endpoints.remove(&id.into());
            share.gone.insert(id);
        }
        ended
    }
}

/// What a failure means.
fn failed(error: &ClientError, step: Step, surprises: &mut Vec<String>) -> Ended {
    match error.kind() {
        // A daemon that is on its way out cannot say more.
        None | Some(ErrorKind::Unknown | ErrorKind::Closed) => Ended::CutOff,
        Some(_) => {
            surprises.push(format!("{step:?}: {error}"));
            Ended::Refused
        }
    }
}
