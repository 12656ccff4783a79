//! `netkeep status` and `version`.

use netkeep_controller::{GlobalState, SyncState};
use serde::Serialize;

use super::Failure;
use super::output::{Output, facts, lines, listed, pairs};
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
    if let Some(global) = &controller.global {
        row("Global store", format!("{} {}", global.store, listed(&global.endpoints)));
        if let Some(version) = status.global.as_ref().and_then(|store| store.version.as_ref()) {
            row("  Server", version.clone());
        }
        row("  State", format!("{}, for {} s", served(global.state), global.since.as_secs()));
        if let Some(stale) = &global.stale {
            row("  Stale", format!("as of revision {}, {} s old", stale.revision, stale.age.as_secs()));
        }
        if let Some(reason) = &global.reason {
            row("  Reason", reason.clone());
        } else if let Some(error) = status.global.as_ref().and_then(|store| store.error.as_ref()) {
            row("  Error", error.clone());
        }
        if let Some(incarnation) = global.incarnation {
            row("  Incarnation", incarnation.to_string());
            row("  Revision", global.revision.to_string());
            if let Some(sign) = &global.sign {
                let held = if sign.is_given { "given" } else { "not given" };
                let lease = sign.lease.as_secs_f64();
                row("  Sign of life", format!("{held}, lease {lease} s, lost {} times", sign.lost));
            }
            row("  Hosts", pairs(global.hosts.iter().map(|(state, count)| (state.as_str(), count))));
            row("  Records", pairs(&global.records));
            row("  Quarantined", global.quarantine.len().to_string());
        }
        for (key, reason) in &global.quarantine {
            row(&format!("    {key}"), reason.clone());
        }
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

fn served(state: GlobalState) -> &'static str {
    match state {
        GlobalState::Waiting => "waiting",
        GlobalState::InSync => "in sync",
        GlobalState::Away => "away: what is known grows old",
        GlobalState::Refused => "refused",
    }
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
