//! What drivers publish to the other hosts.

use netkeep_store::Segment;
use netkeep_store::datastore::{Global, Record, RecordId};
use serde::{Deserialize, Serialize};

use crate::{HostRef, NetworkId, Owner, TableKey, TableName, TableValue};

/// An entry of a driver's table, at `tables/<network>/<table>/<key>`.
///
/// It is not leased: an outage of the store must not tear down living peers. The commit of a join writes it, that
/// of the leave or of an eviction deletes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishedEntry {
    /// The join, as long as which it lives.
    pub owner: Owner,
    /// The run of the daemon that published it.
    pub by: HostRef,
    /// What only the driver understands.
    pub value: TableValue,
}

impl Record for PublishedEntry {
    type Home = Global;
    type Id = PublishedEntryKey;
    const KIND: &'static str = "table-entry";
    const VERSION: u32 = 1;
    const ROOT: &'static str = "tables";
}

/// The place of a [`PublishedEntry`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublishedEntryKey {
    /// The network.
    pub network: NetworkId,
    /// The table.
    pub table: TableName,
    /// The key within the table.
    pub key: TableKey,
}

impl RecordId for PublishedEntryKey {
    fn segments(&self) -> Vec<Segment> {
        vec![self.network.segment(), self.table.segment(), self.key.segment()]
    }

    fn from_segments(segments: &[Segment]) -> Option<Self> {
        let [network, table, key] = segments else { return None };
        Some(Self {
            network: NetworkId::from_segment(network)?,
            table: TableName::from_segment(table)?,
            key: TableKey::from_segment(key)?,
        })
    }
}
