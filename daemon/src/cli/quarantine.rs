//! `netkeep quarantine`.

use std::path::PathBuf;

use clap::Subcommand;
use netkeep_controller::QuarantinedRecord;
use netkeep_model::Scope;
use netkeep_store::Key;
use serde::Serialize;

use super::Failure;
use super::fresh_file;
use super::output::{Output, columns, lines};
use crate::api::UnreadableRecord;
use crate::client::Client;
use crate::exit::Exit;

#[derive(Debug, Subcommand)]
pub(super) enum QuarantineCommand {
    /// List the records that cannot be read.
    Ls,
    /// Write a record that cannot be read into a file, then take it out of its store.
    Take {
        /// Its key.
        key: String,
        /// The file; it must not exist. It holds key, reason and value, the latter in hexadecimal digits.
        file: PathBuf,
        /// The store in which it is, if it is in both: `local` or `global`.
        #[arg(long)]
        scope: Option<String>,
    },
}

/// A record in the list.
#[derive(Debug, Serialize)]
struct Listed<'a> {
    scope: Scope,
    key: &'a Key,
    revision: u64,
    reason: &'a str,
    bytes: usize,
}

impl QuarantineCommand {
    pub(super) async fn run(self, client: &Client, output: &Output) -> Result<Exit, Failure> {
        let records = client.quarantine().await?;
        match self {
            Self::Ls => {
                let listed: Vec<_> = records.iter().map(listed).collect();
                output.print(&listed, |listed| shown(listed))?;
            }
            Self::Take { key, file, scope } => {
                let scope: Option<Scope> = super::failure::optional("--scope", scope.as_deref())?;
                let record = chosen(&records, &key, scope)?;
                let text = serde_json::to_vec_pretty(record)
                    .map_err(|error| Failure::new(Exit::Failure, error.to_string()))?;
                // It is in the file before it leaves the store.
                fresh_file::write(&file, &text)?;
                let gone = UnreadableRecord {
                    scope: record.scope,
                    key: record.key.clone(),
                    revision: record.revision,
                };
                client.take_out(&gone).await?;
                output.print(&listed(record), |record| {
                    format!("{} was taken out of the {} store", record.key, record.scope)
                })?;
            }
        }
        Ok(Exit::Done)
    }
}

fn chosen<'a>(
    records: &'a [QuarantinedRecord],
    key: &str,
    scope: Option<Scope>,
) -> Result<&'a QuarantinedRecord, Failure> {
    let fits =
        |record: &&QuarantinedRecord| record.key.as_str() == key && scope.is_none_or(|of| of == record.scope);
    let mut found = records.iter().filter(fits);
    match (found.next(), found.next()) {
        (Some(record), None) => Ok(record),
        (None, _) => Err(Failure::new(Exit::NotFound, format!("no unreadable record stands at {key}"))),
        (Some(_), Some(_)) => {
            Err(Failure::new(Exit::Conflict, format!("{key} is in both stores; say --scope local or global")))
        }
    }
}

fn listed(record: &QuarantinedRecord) -> Listed<'_> {
    let QuarantinedRecord { scope, key, revision, reason, bytes, .. } = record;
    Listed { scope: *scope, key, revision: *revision, reason, bytes: *bytes }
}

fn shown(records: &[Listed<'_>]) -> String {
    let mut table = columns(&["STORE", "KEY", "BYTES", "REASON"]);
    for record in records {
        table.add_row([
            record.scope.to_string(),
            record.key.to_string(),
            record.bytes.to_string(),
            record.reason.to_owned(),
        ]);
    }
    lines(&table)
}
