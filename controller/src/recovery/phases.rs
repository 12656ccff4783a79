//! Phases of dead actors.

use std::sync::Arc;

use netkeep_model::{
    Endpoint, EndpointKey, Network, NetworkId, Owner, Phase, Pool, PoolKey, PoolRecord, Space, SubPoolKey,
    SubPoolRecord,
};
use netkeep_store::Key;
use netkeep_store::datastore::Record;

use super::RecoveryReport;
use crate::controller::Inner;
use crate::operation::{Attempts, endpoint_queue, network_queue, space_queue};
use crate::replica::State;
use crate::{ErrorKind, Result, endpoint, ipam, network};

/// True if a run that is over has left something in between.
pub(crate) fn has_dead_phases(inner: &Inner) -> bool {
    let state = inner.site.replica.read();
    state.runs.actors().any(|actor| inner.site.is_dead(&state, actor))
}

/// Finishes or undoes every operation that a run that is over has left in between. Others may do so at once.
pub(super) async fn settle(inner: &Arc<Inner>, report: &mut RecoveryReport) {
    let left = {
        let state = inner.site.replica.read();
        let dead = state.runs.actors().filter(|actor| inner.site.is_dead(&state, *actor));
        let mut left: Vec<Left> =
            dead.flat_map(|actor| state.runs.between(actor)).filter_map(Left::at).collect();
        left.sort();
        left
    };
    for left in left {
        left.settle(inner, report).await;
    }
}

/// Something that may be in between. Endpoints come before their networks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Left {
    Endpoint(EndpointKey),
    Network(NetworkId),
    /// What a client holds; the pools of a network go with it.
    Pool(Space, Pool, Option<Pool>),
}

impl Left {
    /// What stands under this key.
    fn at(key: &Key) -> Option<Self> {
        let endpoint = || Endpoint::id(key).map(Self::Endpoint);
        let network = || Network::id(key).map(Self::Network);
        let pool = || PoolRecord::id(key).map(|id| Self::Pool(id.space, id.pool, None));
        let part = || SubPoolRecord::id(key).map(|id| Self::Pool(id.space, id.master, Some(id.sub)));
        endpoint().or_else(network).or_else(pool).or_else(part)
    }

    fn queue(&self) -> String {
        match self {
            Self::Endpoint(id) => endpoint_queue(id.network, id.endpoint),
            Self::Network(id) => network_queue(*id),
            Self::Pool(space, ..) => space_queue(space),
        }
    }

    /// What it is, in words, and its phase; `None` if it is gone, or of somebody who sees to it.
    fn found(&self, state: &State) -> Option<(String, Phase)> {
        let tables = &state.tables;
        match self {
            Self::Endpoint(id) => {
                let read = tables.endpoints.get(id)?;
                Some((format!("endpoint {} ({})", read.record.name, id.endpoint), read.record.phase))
            }
            Self::Network(id) => {
                let read = tables.networks.get(id)?;
                Some((format!("network {} ({id})", read.record.name), read.record.phase))
            }
            Self::Pool(space, pool, sub) => {
                let (space, pool) = (space.clone(), *pool);
                let what = format!("pool {} of space {space}", sub.unwrap_or(pool));
                let (owner, phase) = match *sub {
                    None => {
                        let read = tables.pools.get(&PoolKey { space, pool })?;
                        (read.record.owner.as_ref()?, read.record.phase)
                    }
                    Some(sub) => {
                        let read = tables.sub_pools.get(&SubPoolKey { space, master: pool, sub })?;
                        (&read.record.owner, read.record.phase)
                    }
                };
                matches!(owner, Owner::Client { .. }).then_some((what, phase))
            }
        }
    }

    /// Finishes or undoes it, if it is in between by a run that is over.
    async fn settle(&self, inner: &Arc<Inner>, report: &mut RecoveryReport) {
        let _turn = inner.site.queues.turn([self.queue()]).await;
        let mut attempts = Attempts::default();
        loop {
            let left = {
                let state = inner.site.replica.read();
                let is_left = |phase: &Phase| phase.actor().is_some_and(|by| inner.site.is_dead(&state, by));
                self.found(&state).filter(|(_, phase)| is_left(phase))
            };
            let Some((what, phase)) = left else { return };
            let outcome = match self {
                Self::Endpoint(id) => endpoint::finish(inner, *id, endpoint::always).await,
                // One that was never whole has no users; one in deletion goes, unless it still has some.
                Self::Network(id) => network::finish(inner, *id).await,
                Self::Pool(space, pool, sub) => ipam::finish_release(inner, space, *pool, *sub).await,
            };
            let outcome = match outcome {
                Err(error) if error.kind() == ErrorKind::Conflict => match attempts.again(error).await {
                    Ok(()) => continue,
                    gave_up => gave_up,
                },
                outcome => outcome,
            };
            return note(report, &what, &phase, outcome);
        }
    }
}

fn note(report: &mut RecoveryReport, what: &str, phase: &Phase, outcome: Result<()>) {
    match (outcome, phase) {
        (Ok(()), Phase::Creating { .. }) => report.undone.push(format!("creation of {what}")),
        (Ok(()), _) => report.finished.push(format!("deletion of {what}")),
        (Err(error), Phase::Deleting { .. }) if error.kind() == ErrorKind::InUse => {
            report.undone.push(format!("deletion of {what}: {error}"));
        }
        (Err(error), _) => report.failed.push(format!("{what}: {error}")),
    }
}
