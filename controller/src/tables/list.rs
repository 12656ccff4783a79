//! The entries of tables, to be shown.

use std::collections::BTreeMap;

use netkeep_model::{HostRef, NetworkId, Object, Owner, TableEntry, TableKey, TableName, TableValue};
use serde::{Deserialize, Serialize};

use crate::sides::For;
use crate::{Controller, Result, lookup};

/// An entry that a driver publishes on a network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TableEntryInfo {
    /// The network.
    pub network: NetworkId,
    /// The table.
    pub table: TableName,
    /// The key within the table.
    pub key: TableKey,
    /// The join, as long as which it lives.
    pub owner: Owner,
    /// The run of the daemon that published it.
    pub by: HostRef,
    /// What only the driver understands.
    pub value: TableValue,
    /// What it is about, by the driver; `None` if the driver does not say, or is not loaded here.
    pub about: Option<Object>,
    /// What it says, by the driver.
    pub says: BTreeMap<String, String>,
    /// The commit that wrote its record.
    pub revision: u64,
}

impl Controller {
    /// The entries that drivers publish on a network, by table and key.
    ///
    /// # Errors
    ///
    /// As [`Controller::network`].
    pub fn table_entries(&self, network: &str) -> Result<Vec<TableEntryInfo>> {
        let side = self.sides().of_network(network, For::Reading)?;
        let state = side.site.replica.read();
        let network = lookup::network(&state, network)?;
        let driver = side.registry.network(&network.record.driver).ok();
        let entries = state.tables.published_of(network.id).map(|read| {
            let entry = TableEntry {
                table: read.id.table.clone(),
                key: read.id.key.clone(),
                value: read.record.value.clone(),
            };
            let tables = driver.as_deref().and_then(|driver| driver.tables());
            let shown = tables.and_then(|tables| tables.decode(&network.id, &entry));
            let (about, says) = shown.map_or((None, BTreeMap::new()), |(about, says)| (Some(about), says));
            TableEntryInfo {
                network: network.id,
                table: entry.table,
                key: entry.key,
                owner: read.record.owner.clone(),
                by: read.record.by,
                value: entry.value,
                about,
                says,
                revision: read.revision().get(),
            }
        });
        Ok(entries.collect())
    }
}
