//! Phases of dead actors.

use std::sync::Arc;

use netkeep_model::{Owner, Phase, Pool, Space};

use super::RecoveryReport;
use crate::controller::Inner;
use crate::{ErrorKind, endpoint, ipam, network};

/// Finishes or undoes every operation that an earlier run has left in between.
pub(super) async fn settle(inner: &Arc<Inner>, report: &mut RecoveryReport) {
    endpoints(inner, report).await;
    networks(inner, report).await;
    pools(inner, report).await;
}

async fn endpoints(inner: &Arc<Inner>, report: &mut RecoveryReport) {
    let between: Vec<_> = {
        let state = inner.site.replica.read();
        let all = state.tables.endpoints.values();
        all.filter(|read| is_left(inner, &read.record.phase)).cloned().collect()
    };
    for read in between {
        let what = format!("endpoint {} ({})", read.record.name, read.id.endpoint);
        let outcome = endpoint::finish(inner, read.id).await;
        note(report, &what, &read.record.phase, outcome);
    }
}

async fn networks(inner: &Arc<Inner>, report: &mut RecoveryReport) {
    let between: Vec<_> = {
        let state = inner.site.replica.read();
        let all = state.tables.networks.values();
        all.filter(|read| is_left(inner, &read.record.phase)).cloned().collect()
    };
    for read in between {
        let what = format!("network {} ({})", read.record.name, read.id);
        // A network that was never whole has no users; one in deletion goes, unless it still has some.
        let outcome = network::finish(inner, read.id).await;
        note(report, &what, &read.record.phase, outcome);
    }
}

async fn pools(inner: &Arc<Inner>, report: &mut RecoveryReport) {
    let between: Vec<(Space, Pool, Option<Pool>, Phase)> = {
        let state = inner.site.replica.read();
        let wholes = state.tables.pools.values().filter_map(|read| {
            let client = matches!(read.record.owner, Some(Owner::Client { .. }));
            client.then(|| (read.id.space.clone(), read.id.pool, None, read.record.phase))
        });
        let parts = state.tables.sub_pools.values().filter_map(|read| {
            let client = matches!(read.record.owner, Owner::Client { .. });
            client.then(|| (read.id.space.clone(), read.id.master, Some(read.id.sub), read.record.phase))
        });
        wholes.chain(parts).filter(|(_, _, _, phase)| is_left(inner, phase)).collect()
    };
    for (space, pool, sub, phase) in between {
        let what = format!("pool {} of space {space}", sub.unwrap_or(pool));
        let outcome = ipam::finish_release(inner, &space, pool, sub).await;
        note(report, &what, &phase, outcome);
    }
}

fn is_left(inner: &Inner, phase: &Phase) -> bool {
    phase.actor().is_some_and(|actor| inner.site.is_dead(actor))
}

fn note(report: &mut RecoveryReport, what: &str, phase: &Phase, outcome: crate::Result<()>) {
    match (outcome, phase) {
        (Ok(()), Phase::Creating { .. }) => report.undone.push(format!("creation of {what}")),
        (Ok(()), _) => report.finished.push(format!("deletion of {what}")),
        (Err(error), Phase::Deleting { .. }) if error.kind() == ErrorKind::InUse => {
            report.undone.push(format!("deletion of {what}: {error}"));
        }
        (Err(error), _) => report.failed.push(format!("{what}: {error}")),
    }
}
