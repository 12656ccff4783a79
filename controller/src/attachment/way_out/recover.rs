//! Ways out after a start.

use netkeep_model::SandboxId;

use super::agree;
use super::host::revoke;
use crate::RecoveryReport;
use crate::attachment::place::Place;
use crate::sandbox::sandbox_queue;

/// Takes back what was published before a move that an earlier run has not finished: the drivers must not find it there
/// when they publish what is wanted now.
pub(crate) async fn take_back_all(place: &Place, report: &mut RecoveryReport) {
    let moved: Vec<_> = {
        let state = place.local.site.replica.read();
        let moved =
            state.tables.ways_out.values().filter_map(|read| Some((read.id, read.record.before.clone()?)));
        moved.collect()
    };
    for (sandbox, before) in moved {
        if let Err(error) = revoke(place, &before, sandbox).await {
            report.failed.push(format!("way out of sandbox {sandbox}: {error}"));
        }
    }
}

/// Lets what is published of all sandboxes of this host agree with the endpoints that are in them.
pub(crate) async fn recover_ways_out(place: &Place, report: &mut RecoveryReport) {
    let sandboxes: Vec<SandboxId> =
        place.local.site.replica.read().tables.sandboxes.keys().copied().collect();
    for sandbox in sandboxes {
        let _turn = place.local.site.queues.turn([sandbox_queue(sandbox)]).await;
        match agree(place, sandbox).await {
            Ok(false) => {}
            Ok(true) => report.finished.push(format!("way out of sandbox {sandbox}")),
            Err(error) => report.failed.push(format!("way out of sandbox {sandbox}: {error}")),
        }
    }
}
