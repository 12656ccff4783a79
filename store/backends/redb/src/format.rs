//! How the file is laid out, and whether a file is one of ours.

use netkeep_store::{Error, Identity, Kind, Result, Revision};
use redb::{
    Database, ReadOnlyTable, ReadTransaction, ReadableDatabase, StorageBackend, TableDefinition, TableError,
    WriteTransaction,
};

use crate::error;

/// The version of the layout that this code writes, and the only one that it reads.
pub(crate) const VERSION: u32 = 1;
/// The version of redb that this was built with; a test holds it against the lock file.
pub(crate) const REDB: &str = "4.5.0";

/// Entries: key → [`Row`].
pub(crate) const ENTRIES: TableDefinition<'static, &'static str, &'static [u8]> = TableDefinition::new("kv");
/// Facts about the store, by the names below.
pub(crate) const META: TableDefinition<'static, &'static str, &'static [u8]> = TableDefinition::new("meta");
/// Leases: number → time to live in nanoseconds.
pub(crate) const LEASES: TableDefinition<'static, u64, u64> = TableDefinition::new("leases");
/// Which keys go with which lease.
pub(crate) const LEASED: TableDefinition<'static, (u64, &'static str), ()> = TableDefinition::new("leased");

/// The layout's version, in decimal.
const META_FORMAT: &str = "format";
/// The [`Identity`], as JSON.
const META_IDENTITY: &str = "identity";
/// The last revision, 8 bytes, least first.
const META_REVISION: &str = "revision";
/// How many leases were ever granted, 8 bytes, least first.
const META_GRANTED: &str = "granted";

/// What every redb file begins with.
const MAGIC: [u8; 9] = *b"redb\x1A\x0A\xA9\x0D\x0A";

/// The numbers that every commit moves on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counters {
    /// The last commit.
    pub(crate) revision: Revision,
    /// How many leases were ever granted; no number is given twice.
    pub(crate) granted: u64,
}

impl Counters {
    /// Those of a store that is new.
    pub(crate) const NEW: Self = Self { revision: Revision::ZERO, granted: 0 };

    /// Writes them as part of `txn`.
    pub(crate) fn write(self, txn: &WriteTransaction) -> Result<(), redb::Error> {
        let mut meta = txn.open_table(META)?;
        meta.insert(META_REVISION, self.revision.get().to_le_bytes().as_slice())?;
        meta.insert(META_GRANTED, self.granted.to_le_bytes().as_slice())?;
        Ok(())
    }
}

/// The value of an entry as it is stored: a byte that says whether there is a lease, the revision, the number of
/// the lease if there is one, and what the entry holds. Numbers have 8 bytes, least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Row<'a> {
    pub(crate) revision: Revision,
    pub(crate) lease: Option<u64>,
    pub(crate) value: &'a [u8],
}

impl<'a> Row<'a> {
    /// Writes the row into `buffer`, in place of what that held.
    pub(crate) fn encode(&self, buffer: &mut Vec<u8>) {
        buffer.clear();
        buffer.push(u8::from(self.lease.is_some()));
        buffer.extend(self.revision.get().to_le_bytes());
        if let Some(lease) = self.lease {
            buffer.extend(lease.to_le_bytes());
        }
        buffer.extend(self.value);
    }

    /// Reads a row; `None` if it is none.
    pub(crate) fn decode(bytes: &'a [u8]) -> Option<Self> {
        let (flag, bytes) = bytes.split_first()?;
        let (revision, bytes) = bytes.split_first_chunk()?;
        let revision = Revision::new(u64::from_le_bytes(*revision));
        let (lease, value) = match flag {
            0 => (None, bytes),
            1 => {
                let (lease, value) = bytes.split_first_chunk()?;
                (Some(u64::from_le_bytes(*lease)), value)
            }
            _ => return None,
        };
        Some(Self { revision, lease, value })
    }
}

/// Makes the tables of a store that is new.
pub(crate) fn create(txn: &WriteTransaction, identity: &Identity) -> Result<(), redb::Error> {
    txn.open_table(ENTRIES)?;
    txn.open_table(LEASES)?;
    txn.open_table(LEASED)?;
    Counters::NEW.write(txn)?;
    let identity = serde_json::to_vec(identity).expect("an identity is three plain fields");
    let mut meta = txn.open_table(META)?;
    meta.insert(META_FORMAT, VERSION.to_string().as_bytes())?;
    meta.insert(META_IDENTITY, identity.as_slice())?;
    Ok(())
}

/// Refuses what is no redb file, before redb sees it.
///
/// # Errors
///
/// [`Kind::Corrupt`] if it is none.
pub(crate) fn check_magic(storage: &dyn StorageBackend) -> Result<()> {
    let length = storage.len().map_err(error::io("reading the file"))?;
    if length == 0 {
        return Err(Error::new(
            Kind::Corrupt,
            "the file is empty: a store never is, so something emptied it; restore a backup, or remove the file",
        ));
    }
    let mut magic = [0; MAGIC.len()];
    if length >= MAGIC.len() as u64 {
        storage.read(0, &mut magic).map_err(error::io("reading the file"))?;
    }
    if magic != MAGIC {
        return Err(Error::new(Kind::Corrupt, "the file is no redb file; it was left as it is"));
    }
    Ok(())
}

/// What a file says of itself, once it is known to be ours.
#[derive(Debug)]
pub(crate) struct Described {
    pub(crate) identity: Identity,
    pub(crate) counters: Counters,
    /// Number and time to live in nanoseconds of every lease.
    pub(crate) leases: Vec<(u64, u64)>,
}

/// Reads what `database` says of itself.
///
/// # Errors
///
/// [`Kind::Corrupt`] if it is not ours, [`Kind::Invalid`] if its layout is of another version.
pub(crate) fn describe(database: &Database) -> Result<Described> {
    let txn = database.begin_read().map_err(error::opening)?;
    let meta = match txn.open_table(META) {
        Ok(meta) => meta,
        Err(TableError::Storage(error)) => return Err(error::opening(error)),
        Err(_) => return Err(foreign("it has no table \"meta\" of ours")),
    };
    let format = fact(&meta, META_FORMAT)?.ok_or_else(|| foreign("it states no format"))?;
    let format: u32 = std::str::from_utf8(&format)
        .ok()
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| foreign("its format is no number"))?;
    if format != VERSION {
        let age = if format > VERSION { "newer" } else { "older" };
        return Err(Error::invalid(format!(
            "the file has format {format}, {age} than this program knows; known: {VERSION}; it was left as it is"
        )));
    }
    let identity = fact(&meta, META_IDENTITY)?.ok_or_else(|| damaged("no identity"))?;
    let identity = serde_json::from_slice(&identity).map_err(|_| damaged("an identity that is none"))?;
    let counters = counters(&meta)?;
    let leases = leases(&txn)?;
    txn.open_table(ENTRIES).map_err(error::opening)?;
    txn.open_table(LEASED).map_err(error::opening)?;
    Ok(Described { identity, counters, leases })
}

fn leases(txn: &ReadTransaction) -> Result<Vec<(u64, u64)>> {
    use redb::ReadableTable;

    let table = txn.open_table(LEASES).map_err(error::opening)?;
    let rows = table.iter().map_err(error::opening)?;
    rows.map(|row| row.map(|(id, ttl)| (id.value(), ttl.value())).map_err(error::opening)).collect()
}

fn counters(meta: &ReadOnlyTable<&'static str, &'static [u8]>) -> Result<Counters> {
    let number = |name: &'static str| {
        let bytes = fact(meta, name)?.and_then(|bytes| bytes.try_into().ok());
        bytes.map(u64::from_le_bytes).ok_or_else(|| damaged(&format!("no number under {name:?}")))
    };
    Ok(Counters { revision: Revision::new(number(META_REVISION)?), granted: number(META_GRANTED)? })
}

fn fact(meta: &ReadOnlyTable<&'static str, &'static [u8]>, name: &str) -> Result<Option<Vec<u8>>> {
    Ok(meta.get_owned(name).map_err(error::opening)?.map(|value| value.value().to_vec()))
}

fn foreign(why: &str) -> Error {
    Error::new(Kind::Corrupt, format!("the file is a redb file, but no store: {why}; it was left as it is"))
}

fn damaged(what: &str) -> Error {
    Error::new(Kind::Corrupt, format!("the file is a damaged store: it has {what}; it was left as it is"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_read_as_it_was_written() {
        let mut buffer = vec![9; 3];
        for lease in [None, Some(0), Some(u64::MAX)] {
            for value in [&b""[..], b"x", &[0; 300]] {
                let row = Row { revision: Revision::new(0x0102_0304_0506_0708), lease, value };
                row.encode(&mut buffer);
                assert_eq!(Row::decode(&buffer), Some(row));
            }
        }
    }

    #[test]
    fn what_is_no_row_is_refused() {
        for bytes in [&[][..], &[0; 8], &[1; 16], &[2; 40]] {
            assert_eq!(Row::decode(bytes), None, "{bytes:?}");
        }
    }

    #[test]
    fn the_version_of_redb_is_the_one_that_is_built() {
        let lock = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../Cargo.lock");
        let lock = std::fs::read_to_string(lock).unwrap();
        assert!(
            lock.contains(&format!("name = \"redb\"\nversion = \"{REDB}\"\n")),
            "{REDB} is not in Cargo.lock"
        );
    }
}
