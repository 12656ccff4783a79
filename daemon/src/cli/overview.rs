//! `netkeep status`, `check` and `version`.

use netkeep_controller::{CheckReport, SyncState};
use serde::Serialize;

use super::Failure;
use super::output::{Output, columns, facts, lines, listed, pairs};
use crate::api::{DaemonStatus, Version};
use crate::client::{Client, ClientError};
use crate::exit::Exit;

pub(super) async fn status(client: &Client, output: &Output) -> Result<Exit, Failure> {
    let status = client.status().await?;
    output.print(&status, shown)?;
    Ok(Exit::Done)
}

fn shown(status: &DaemonStatus) -> String {
    let controller = &status.controller;
    let mut table = facts();
    let mut row = |name: &str, value: String| {
        table.add_row([name.to_owned(), value]);
    };
    row("Version", status.version.clone());
    row("Process", status.pid.to_string());
    row("Up for", format!("{} s", status.uptime_seconds));
    row("Host", format!("{}, incarnation {}", controller.host, controller.incarnation));
    row("Local store", format!("{} {}", status.local.backend, listed(&status.local.endpoints)));
    if let Some(version) = &status.local.version {
        row("  Format", version.clone());
    }
    if let Some(error) = &status.local.error {
        row("  Error", error.clone());
    }
    row("Sync", format!("{}, for {} s", sync(controller.sync), controller.sync_since.as_secs()));
    row("Revision", controller.revision.to_string());
    row("Records", pairs(&controller.records));
    row("Drivers", listed(&controller.drivers));
    row("IPAM drivers", listed(&controller.ipam_drivers));
    row("Quarantined", controller.quarantine.len().to_string());
    for (key, reason) in &controller.quarantine {
        row(&format!("  {key}"), reason.clone());
    }
    lines(&table)
}

fn sync(state: SyncState) -> &'static str {
    match state {
        SyncState::Waiting => "waiting",
        SyncState::InSync => "in sync",
        SyncState::Lost => "lost: what is known grows old",
    }
}

pub(super) async fn check(client: &Client, output: &Output) -> Result<Exit, Failure> {
    let report = client.check().await?;
    output.print(&report, violations)?;
    Ok(if report.is_clean() { Exit::Done } else { Exit::Violations })
}

fn violations(report: &CheckReport) -> String {
    if report.is_clean() {
        return format!("{} records at revision {}: nothing wrong", report.records, report.revision);
    }
    let mut table = columns(&["INVARIANT", "KEY", "FOUND", "TO MEND IT"]);
    for violation in &report.violations {
        table.add_row([
            format!("{}: {}", violation.invariant, violation.invariant.sentence()),
            violation.key.clone(),
            violation.found.clone(),
            violation.mend.clone(),
        ]);
    }
    format!(
        "{} records at revision {}: {} violations\n{}",
        report.records,
        report.revision,
        report.violations.len(),
        lines(&table)
    )
}

/// The versions of both sides.
#[derive(Debug, Serialize)]
struct Versions {
    client: &'static str,
    daemon: Option<Version>,
}

pub(super) async fn version(client: &Client, output: &Output) -> Result<Exit, Failure> {
    let daemon = match client.version().await {
        Ok(version) => Some(version),
        Err(ClientError::NoDaemon { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    let versions = Versions { client: env!("CARGO_PKG_VERSION"), daemon };
    output.print(&versions, |versions| {
        let daemon = versions.daemon.as_ref().map_or_else(
            || "none answers".to_owned(),
            |daemon| format!("{} (process {}, API {})", daemon.version, daemon.pid, daemon.api.join(", ")),
        );
        format!("client: {}\ndaemon: {daemon}", versions.client)
    })?;
    Ok(Exit::Done)
}
