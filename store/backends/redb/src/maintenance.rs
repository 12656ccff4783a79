//! Compaction and copies.

use std::path::PathBuf;
use std::sync::Arc;

use netkeep_store::{Compaction, Error, Kind, Result};
use redb::{Key, ReadTransaction, ReadableTable, TableDefinition, Value, WriteTransaction};

use crate::create::whole_file;
use crate::disk::beside;
use crate::folder::RealFolder;
use crate::format::{ENTRIES, LEASED, LEASES, META};
use crate::request::Request;
use crate::shared::Shared;

/// Gives unused space back, once no copy is being made.
pub(crate) async fn compact(shared: Arc<Shared>) -> Result<Compaction> {
    // In a task of its own, so that it goes on if the caller does not.
    let task = tokio::spawn(async move {
        let _alone = shared.maintenance.lock().await;
        shared.ask(|reply| Request::Compact { reply }).await
    });
    task.await.unwrap_or_else(|_| Err(Error::new(Kind::Unexpected, "the compaction ended without an answer")))
}

/// Writes the present state to a new file, while commits go on.
pub(crate) async fn backup(shared: Arc<Shared>, to: PathBuf) -> Result<()> {
    let task = tokio::spawn(async move {
        // While the copy reads, the file cannot be compacted.
        let alone = Arc::clone(&shared.maintenance).lock_owned().await;
        let from = shared.ask(|reply| Request::Read { reply }).await?;
        let copied = tokio::task::spawn_blocking(move || {
            let copied = whole_file(&RealFolder, &to, &beside(&to, "new"), |txn| copy(&from, txn));
            drop((from, alone));
            copied
        });
        copied.await.unwrap_or_else(|_| Err(ended()))
    });
    task.await.unwrap_or_else(|_| Err(ended()))
}

fn ended() -> Error {
    Error::new(Kind::Unexpected, "the copy ended without an answer")
}

/// Copies every table.
pub(crate) fn copy(from: &ReadTransaction, to: &WriteTransaction) -> Result<(), redb::Error> {
    copy_table(from, to, ENTRIES)?;
    copy_table(from, to, META)?;
    copy_table(from, to, LEASES)?;
    copy_table(from, to, LEASED)
}

fn copy_table<K: Key, V: Value>(
    from: &ReadTransaction,
    to: &WriteTransaction,
    table: TableDefinition<'static, K, V>,
) -> Result<(), redb::Error> {
    let from = from.open_table(table)?;
    let mut to = to.open_table(table)?;
    for row in from.iter()? {
        let (key, value) = row?;
        to.insert(key.value(), value.value())?;
    }
    Ok(())
}
