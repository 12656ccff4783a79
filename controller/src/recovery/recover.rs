//! The steps of recovery.

use std::sync::Arc;
use std::time::Instant;

use super::{RecoveryReport, drivers, phases};
use crate::Result;
use crate::controller::Inner;

/// Brings store and host back into agreement: finishes or undoes what an earlier run has left in between, and
/// lets each driver compare what is wanted, what was noted and what is there. Idempotent: a crash in its middle
/// leaves something that the next run recovers the same way.
///
/// # Errors
///
/// None of what fails for one object: that is in the report.
pub(crate) async fn recover(inner: &Arc<Inner>) -> Result<RecoveryReport> {
    let started = Instant::now();
    let mut report = RecoveryReport::default();
    phases::settle(inner, &mut report).await;
    drivers::recover(inner, &mut report).await;
    {
        let state = inner.site.replica.read();
        report.networks = state.tables.networks.len();
        report.endpoints = state.tables.endpoints.len();
        report.quarantined = state
            .tables
            .unreadable
            .values()
            .map(|unreadable| format!("{}: {}", unreadable.key, unreadable.reason))
            .collect();
    }
    report.took = started.elapsed();
    tracing::info!(
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
    Ok(report)
}
