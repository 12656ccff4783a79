//! The steps of recovery.

use std::sync::Arc;
use std::time::Instant;

use super::{RecoveryReport, drivers, phases};
use crate::Result;
use crate::attachment;
use crate::controller::Inner;

/// Finishes or undoes what runs that are over have left in between, whichever host they were of.
pub(crate) async fn settle_phases(inner: &Arc<Inner>) -> RecoveryReport {
    let mut report = RecoveryReport::default();
    phases::settle(inner, &mut report).await;
    report
}

/// As [`settle_phases`], when the global store was opened.
pub(crate) async fn recover_phases(inner: &Arc<Inner>, rebooted: bool) -> RecoveryReport {
    let started = Instant::now();
    let mut report = RecoveryReport { rebooted, ..RecoveryReport::default() };
    phases::settle(inner, &mut report).await;
    conclude(inner, &mut report, started);
    report
}

/// Brings store and host back into agreement: finishes or undoes what an earlier run has left in between, and
/// lets each driver compare what is wanted, what was noted and what is there. Idempotent: a crash in its middle
/// leaves something that the next run recovers the same way.
///
/// `rebooted` says whether the run before was in another boot.
///
/// # Errors
///
/// None of what fails for one object: that is in the report.
pub(crate) async fn recover(inner: &Arc<Inner>, rebooted: bool) -> Result<RecoveryReport> {
    let started = Instant::now();
    let mut report = RecoveryReport { rebooted, ..RecoveryReport::default() };
    attachment::recover_local(inner, &mut report).await;
    phases::settle(inner, &mut report).await;
    drivers::recover(inner, &mut report).await;
    attachment::recover_ways_out(&attachment::Place::alone(inner), &mut report).await;
    conclude(inner, &mut report, started);
    Ok(report)
}

/// Says what there is, and how it went.
fn conclude(inner: &Inner, report: &mut RecoveryReport, started: Instant) {
    {
        let state = inner.site.replica.read();
        report.networks = state.tables.networks.len();
        report.endpoints = state.tables.endpoints.len();
        let unreadable = state.tables.unreadable.values();
        report.quarantined =
            unreadable.map(|unreadable| format!("{}: {}", unreadable.key, unreadable.reason)).collect();
    }
    report.took = started.elapsed();
    tracing::info!(
        scope = %inner.site.scope,
        rebooted = report.rebooted,
        networks = report.networks,
        endpoints = report.endpoints,
        finished = report.finished.len(),
        undone = report.undone.len(),
        ensured = report.ensured.len(),
        removed = report.removed.len(),
        quarantined = report.quarantined.len(),
        failed = report.failed.len(),
        took = ?report.took,
        "recovered"
    );
}
