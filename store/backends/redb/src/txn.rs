//! Logical transactions, applied one after the other to one transaction of redb.

use std::collections::BTreeSet;

use netkeep_store::{Change, Entry, Error, Key, Kind, LeaseId, Result, Revision, Txn, Write};
use redb::{ReadableTable, Table, WriteTransaction};

use crate::format::{Counters, ENTRIES, LEASED, LEASES, Row};
use crate::lease::{self, LeaseNames, Owner};
use crate::op::{Done, Op};
use crate::volume::Room;

/// By how much a replacement may be larger than what it replaces when the disk is full.
const REPLACEMENT_GROWTH: usize = 1024;

/// Finds the number of a lease, or refuses it because it has ended or is another handle's.
pub(crate) type CheckLease<'a> = dyn Fn(&LeaseId, Owner) -> Result<u64> + 'a;

/// What became of several, in their order.
#[derive(Debug)]
pub(crate) struct Applied {
    pub(crate) outcomes: Vec<Result<Done>>,
    pub(crate) commits: Vec<(Revision, Vec<Change>)>,
    pub(crate) counters: Counters,
    /// False if nothing was written, so that there is nothing to make durable.
    pub(crate) written: bool,
}

/// Applies `ops` in their order, each to what the ones before it left; one that is refused changes nothing.
pub(crate) fn apply<'o>(
    txn: &WriteTransaction,
    ops: impl ExactSizeIterator<Item = &'o Op>,
    counters: Counters,
    leases: &CheckLease<'_>,
    names: &LeaseNames,
    room: Room,
) -> Result<Applied, redb::Error> {
    let mut batch = Batch {
        entries: txn.open_table(ENTRIES)?,
        leases: txn.open_table(LEASES)?,
        leased: txn.open_table(LEASED)?,
        counters,
        check: leases,
        ended: BTreeSet::new(),
        names,
        room,
        buffer: Vec::new(),
        commits: Vec::new(),
    };
    let mut outcomes = Vec::with_capacity(ops.len());
    for op in ops {
        outcomes.push(batch.apply(op)?);
    }
    let Batch { counters, commits, .. } = batch;
    let written = outcomes.iter().any(Result::is_ok);
    if written {
        counters.write(txn)?;
    }
    Ok(Applied { outcomes, commits, counters, written })
}

struct Batch<'t> {
    entries: Table<'t, &'static str, &'static [u8]>,
    leases: Table<'t, u64, u64>,
    leased: Table<'t, (u64, &'static str), ()>,
    counters: Counters,
    check: &'t CheckLease<'t>,
    /// The leases that ended earlier in this batch.
    ended: BTreeSet<u64>,
    names: &'t LeaseNames,
    room: Room,
    buffer: Vec<u8>,
    commits: Vec<(Revision, Vec<Change>)>,
}

/// What is known of an entry without its value.
#[derive(Clone, Copy)]
struct Present {
    revision: Revision,
    lease: Option<u64>,
    bytes: usize,
}

/// What was found under the keys of a transaction; few, so a list is faster than a map.
type Found<'t> = Vec<(&'t Key, Option<Present>)>;

impl Batch<'_> {
    fn apply(&mut self, op: &Op) -> Result<Result<Done>, redb::Error> {
        match op {
            Op::Commit { txn, owner } => {
                let lease = match txn.lease().map(|id| self.check_lease(id, *owner)).transpose() {
                    Ok(lease) => lease,
                    Err(error) => return Ok(Err(error)),
                };
                if let Err(error) = self.judge(txn, lease)? {
                    return Ok(Err(error));
                }
                let revision = self.counters.revision.next();
                let mut changes = Vec::with_capacity(txn.writes().len());
                for write in txn.writes() {
                    changes.extend(self.write(write, lease, revision)?);
                }
                self.finish(revision, changes);
                Ok(Ok(Done::Committed(revision)))
            }
            Op::Grant { ttl, owner } => {
                if self.room < Room::Everything {
                    return Ok(Err(full()));
                }
                self.counters.granted += 1;
                let number = self.counters.granted;
                let nanos = u64::try_from(ttl.as_nanos()).expect("a time to live is bounded to an hour");
                self.leases.insert(number, nanos)?;
                Ok(Ok(Done::Granted { number, owner: *owner, ttl: *ttl }))
            }
            Op::Revoke { id, owner } => match self.check_lease(id, *owner) {
                Ok(number) => self.end(number).map(Ok),
                Err(error) => Ok(Err(error)),
            },
            Op::Expire(number) => self.end(*number).map(Ok),
        }
    }

    fn check_lease(&self, id: &LeaseId, owner: Owner) -> Result<u64> {
        let number = (self.check)(id, owner)?;
        if self.ended.contains(&number) { Err(lease::ended(id)) } else { Ok(number) }
    }

    /// Looks at everything that a commit rests on: the guards first, then, on the state that they accepted,
    /// whether a put would change the lease of its key, and whether there is room.
    fn judge(&self, txn: &Txn, lease: Option<u64>) -> Result<Result<()>, redb::Error> {
        let mut found = Found::with_capacity(txn.guards().len());
        for guard in txn.guards() {
            let present = self.present(guard.key())?;
            if !guard.holds(present.map(|present| present.revision)) {
                return Ok(Err(Error::conflict(guard.clone())));
            }
            found.push((guard.key(), present));
        }
        for write in txn.writes() {
            let Write::Put { key, value, lease: wanted } = write else { continue };
            let present = match found.iter().find(|(guarded, _)| *guarded == key) {
                Some((_, present)) => *present,
                None => self.present(key)?,
            };
            // All leased puts of a transaction name the same lease.
            let lease = wanted.as_ref().and(lease);
            if let Some(present) = present.filter(|present| present.lease != lease) {
                return Ok(Err(self.lease_would_change(key, present.lease, lease)));
            }
            let room = match present {
                Some(present) if value.len() <= present.bytes + REPLACEMENT_GROWTH => Room::Replacements,
                _ => Room::Everything,
            };
            if room > self.room {
                return Ok(Err(full()));
            }
        }
        Ok(Ok(()))
    }

    fn present(&self, key: &Key) -> Result<Option<Present>, redb::Error> {
        let Some(row) = self.entries.get(key.as_str())? else { return Ok(None) };
        let row = Row::decode(row.value())
            .ok_or_else(|| redb::Error::Corrupted(format!("the entry under {key} cannot be read")))?;
        Ok(Some(Present { revision: row.revision, lease: row.lease, bytes: row.value.len() }))
    }

    fn write(
        &mut self,
        write: &Write,
        lease: Option<u64>,
        revision: Revision,
    ) -> Result<Option<Change>, redb::Error> {
        match write {
            Write::Put { key, value, lease: id } => {
                let lease = id.as_ref().and(lease);
                if let Some(lease) = lease {
                    self.leased.insert((lease, key.as_str()), ())?;
                }
                Row { revision, lease, value }.encode(&mut self.buffer);
                self.entries.insert(key.as_str(), self.buffer.as_slice())?;
                let entry = Entry { key: key.clone(), value: value.clone(), revision, lease: id.clone() };
                Ok(Some(Change::Put(entry)))
            }
            Write::Delete(key) => {
                let removed = self.entries.remove(key.as_str())?;
                let lease = removed.as_ref().map(|row| Row::decode(row.value()).and_then(|row| row.lease));
                drop(removed);
                let Some(lease) = lease else { return Ok(None) };
                if let Some(lease) = lease {
                    self.leased.remove((lease, key.as_str()))?;
                }
                Ok(Some(Change::Delete { key: key.clone(), revision }))
            }
        }
    }

    /// Ends a lease and removes its entries in one commit; no commit if it has none.
    fn end(&mut self, number: u64) -> Result<Done, redb::Error> {
        let mut keys = Vec::new();
        for row in self.leased.range((number, "")..)? {
            let (row, _) = row?;
            let (lease, key) = row.value();
            if lease != number {
                break;
            }
            keys.push(Key::parse(key).map_err(|error| redb::Error::Corrupted(error.to_string()))?);
        }
        if !keys.is_empty() {
            let revision = self.counters.revision.next();
            let mut changes = Vec::with_capacity(keys.len());
            for key in keys {
                changes.extend(self.write(&Write::Delete(key), None, revision)?);
            }
            self.finish(revision, changes);
        }
        self.leases.remove(number)?;
        self.ended.insert(number);
        Ok(Done::Ended(number))
    }

    fn finish(&mut self, revision: Revision, changes: Vec<Change>) {
        self.counters.revision = revision;
        self.commits.push((revision, changes));
    }

    fn lease_would_change(&self, key: &Key, present: Option<u64>, wanted: Option<u64>) -> Error {
        let describe = |lease: Option<u64>| match lease {
            Some(number) => format!("lease {}", self.names.name(number)),
            None => "no lease".to_owned(),
        };
        Error::invalid(format!(
            "key {key} is held with {} and is put with {}; a key's lease never changes: delete it in one commit, \
             create it in a later one",
            describe(present),
            describe(wanted),
        ))
    }
}

/// What is answered when the disk is full.
pub(crate) fn full() -> Error {
    Error::new(
        Kind::Unavailable,
        "the disk is full: until there is space, entries can at most be deleted, and replaced by ones of their size",
    )
}
