//! `netkeep check` and `netkeep repair`.

use std::path::PathBuf;

use clap::Args;
use netkeep_controller::{CheckReport, GlobalCheck, RepairPlan, RepairReport};

use super::Failure;
use super::fresh_file;
use super::output::{Output, columns, lines};
use crate::client::Client;
use crate::exit::Exit;

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// Write the plan that mends what was found into this file, which must not exist.
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct RepairArgs {
    /// The plan, as `netkeep check --plan` has written it.
    #[arg(long, value_name = "FILE")]
    plan: PathBuf,
    /// Do it. Without this the plan is only compared with the stores, and nothing is changed.
    #[arg(long)]
    apply: bool,
}

impl CheckArgs {
    pub(super) async fn run(self, client: &Client, output: &Output) -> Result<Exit, Failure> {
        let report = client.check().await?;
        if let Some(file) = &self.plan {
            let text = serde_json::to_vec_pretty(&report.plan())
                .map_err(|error| Failure::new(Exit::Failure, error.to_string()))?;
            fresh_file::write(file, &text)?;
        }
        output.print(&report, violations)?;
        Ok(if report.is_clean() { Exit::Done } else { Exit::Violations })
    }
}

impl RepairArgs {
    pub(super) async fn run(self, client: &Client, output: &Output) -> Result<Exit, Failure> {
        let named =
            |reason: String| Failure::new(Exit::Invalid, format!("{}: {reason}", self.plan.display()));
        let text = std::fs::read(&self.plan).map_err(|error| named(error.to_string()))?;
        let plan: RepairPlan = serde_json::from_slice(&text).map_err(|error| named(error.to_string()))?;
        let report = client.repair(&plan, self.apply).await?;
        output.print(&report, outcomes)?;
        Ok(if report.is_whole() { Exit::Done } else { Exit::Conflict })
    }
}

fn outcomes(report: &RepairReport) -> String {
    if report.repairs.is_empty() {
        return "the plan is empty".to_owned();
    }
    let mut text = String::new();
    for repair in &report.repairs {
        for mended in &repair.mends {
            text.push_str(&format!(
                "{} store, {} {}: {}\n",
                repair.scope, mended.invariant, mended.key, mended.found
            ));
        }
        for does in &repair.does {
            text.push_str(&format!("    {does}\n"));
        }
        let outcome = match (&repair.refused, report.applied) {
            (None, true) => "done".to_owned(),
            (None, false) => "would be done".to_owned(),
            (Some(why), true) => format!("not done: {why}"),
            (Some(why), false) => format!("would be refused: {why}"),
        };
        text.push_str(&format!("    {outcome}\n"));
    }
    if !report.applied {
        text.push_str("nothing was changed; --apply does it\n");
    }
    text
}

fn violations(report: &CheckReport) -> String {
    let local = found(report);
    match &report.global {
        None => local,
        Some(GlobalCheck::Checked(global)) => {
            format!("local store: {local}\nglobal store: {}", found(global))
        }
        Some(GlobalCheck::NotChecked(why)) => {
            format!("local store: {local}\nglobal store: not looked at: {why}")
        }
    }
}

fn found(report: &CheckReport) -> String {
    if report.violations.is_empty() {
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
