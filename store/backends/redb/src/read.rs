//! What readers see.

use bytes::Bytes;
use netkeep_store::{Entry, Key, Prefix, Revision, Snapshot};
use redb::{Database, ReadOnlyTable, ReadableDatabase, ReadableTable};

use crate::error::{Fault, contained};
use crate::format::{ENTRIES, Row};
use crate::lease::LeaseNames;

/// The entries as one commit left them. Reading waits for nobody.
pub(crate) struct View {
    revision: Revision,
    entries: ReadOnlyTable<&'static str, &'static [u8]>,
    names: LeaseNames,
}

impl View {
    /// The present state, whose last commit is `revision`.
    pub(crate) fn new(database: &Database, revision: Revision, names: LeaseNames) -> Result<Self, Fault> {
        let txn = database.begin_read().map_err(Fault::of)?;
        let entries = txn.open_table(ENTRIES).map_err(Fault::of)?;
        Ok(Self { revision, entries, names })
    }

    pub(crate) fn revision(&self) -> Revision {
        self.revision
    }

    pub(crate) fn get(&self, key: &Key) -> Result<Option<Entry>, Fault> {
        contained(
            || match self.entries.get(key.as_str())? {
                Some(row) => self.entry(key.clone(), row.value()).map(Some),
                None => Ok(None),
            },
            Fault::Damage,
        )
    }

    pub(crate) fn list(&self, prefix: &Prefix) -> Result<Snapshot, Fault> {
        contained(
            || {
                let rows = match prefix.bounds() {
                    Some((from, to)) => self.entries.range(from.as_str()..to.as_str())?,
                    None => self.entries.iter()?,
                };
                let entries = rows.map(|row| {
                    let (key, value) = row?;
                    let key = Key::parse(key.value()).map_err(|error| Fault::Damage(error.to_string()))?;
                    self.entry(key, value.value())
                });
                Ok(Snapshot { entries: entries.collect::<Result<_, Fault>>()?, revision: self.revision })
            },
            Fault::Damage,
        )
    }

    fn entry(&self, key: Key, row: &[u8]) -> Result<Entry, Fault> {
        let row =
            Row::decode(row).ok_or_else(|| Fault::Damage(format!("the entry under {key} cannot be read")))?;
        Ok(Entry {
            key,
            value: Bytes::copy_from_slice(row.value),
            revision: row.revision,
            lease: row.lease.map(|number| self.names.name(number)),
        })
    }
}
