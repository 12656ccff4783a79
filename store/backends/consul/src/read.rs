//! Reads: transactions that change nothing.

use netkeep_store::remote::{Facts, Room};
use netkeep_store::{Entry, Error, Key, Kind, LeaseId, Prefix, Result, Snapshot};

use crate::client::{Call, TxnOutcome};
use crate::error::{Effect, meaning};
use crate::layout::Part;
use crate::store::Shared;
use crate::wire::{self, Agent, Op, Row, TxnAnswer};

/// How many operations a transaction has at most.
pub(crate) const OPS: usize = 64;

/// How many times as long as other requests the reading of trees may take until its answer begins: they may be large.
pub(crate) const TREES: u32 = 4;

impl Shared {
    pub(crate) async fn get(&self, room: Room, key: &Key) -> Result<Option<Entry>> {
        let path = self.layout.path(room, key);
        let body = match self.read(vec![Op::get(path.clone())], 1).await? {
            TxnOutcome::Done(body) => body,
            TxnOutcome::Refused(errors) => {
                return match errors.iter().find(|error| !(error.op_index == 1 && says_absent(&error.what))) {
                    None => Ok(None),
                    Some(error) => Err(not_read(&error.what)),
                };
            }
        };
        let rows = TxnAnswer::parse(&body)?.rows();
        match rows.iter().find(|row| row.key == path) {
            Some(row) => entry(row, key.clone()).map(Some),
            // Not absent, which would have been said: withheld.
            None => Err(Error::new(Kind::Denied, "the token may not read what the store holds")),
        }
    }

    pub(crate) async fn list(&self, room: Room, prefix: &Prefix) -> Result<Snapshot> {
        let layout = &self.layout;
        let before = self.seen.before();
        let mut trees = vec![layout.revision()];
        match room {
            Room::Own => trees.push(layout.own_below(prefix)),
            Room::Entries => {
                trees.push(layout.below(Part::Leased, prefix));
                trees.push(if prefix.is_root() { layout.buckets() } else { layout.stamps() });
            }
        }
        let patience = if room == Room::Own { 1 } else { TREES };
        let body = self.read_trees(trees, patience).await?;
        let rows = TxnAnswer::parse(&body)?.rows();
        let mut snapshot =
            Snapshot { entries: Vec::new(), revision: self.seen.answer(before, self.revision_in(&rows)) };
        let mut buckets = Vec::new();
        for row in &rows {
            if let Some(part) = layout.stamp_at(&row.key) {
                buckets.push(part);
            } else if room == Room::Own {
                if let Some(key) = layout.own_at(&row.key) {
                    snapshot.entries.push(entry(row, key)?);
                }
            } else if let Some((_, entry)) = self.entry(row)? {
                snapshot.entries.push(entry);
            }
        }
        buckets.retain(|part| *part != Part::Leased);
        for some in buckets.chunks(OPS - 1) {
            let body =
                self.read_trees(some.iter().map(|part| layout.below(*part, prefix)).collect(), TREES).await?;
            for row in TxnAnswer::parse(&body)?.rows() {
                snapshot.entries.extend(self.entry(&row)?.map(|(_, entry)| entry));
            }
        }
        snapshot.entries.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        Ok(snapshot)
    }

    pub(crate) async fn facts(&self) -> Result<Facts> {
        let before = self.seen.before();
        let body = self.read_trees(vec![self.layout.revision()], 1).await?;
        let revision = self.revision_in(&TxnAnswer::parse(&body)?.rows());
        let revision = self.seen.answer(before, revision);
        let leader = self.client.call(&Call::get("/v1/status/leader".to_owned())).await;
        let leader = leader.ok().and_then(|answer| wire::parse::<String>(&answer.body).ok());
        let agent = self.client.call(&Call::get("/v1/agent/self".to_owned())).await;
        let agent = agent.ok().and_then(|answer| wire::parse::<Agent>(&answer.body).ok());
        Ok(Facts {
            revision,
            leader: leader.filter(|leader| !leader.is_empty()),
            server_version: agent.map_or_else(
                || "unknown (the token may not read agents)".to_owned(),
                |agent| agent.config.version,
            ),
        })
    }

    /// Reads whole trees, all at one instant.
    pub(crate) async fn read_trees(&self, trees: Vec<String>, patience: u32) -> Result<Vec<u8>> {
        match self.read(trees.into_iter().map(Op::get_tree).collect(), patience).await? {
            TxnOutcome::Done(body) => Ok(body),
            TxnOutcome::Refused(errors) => {
                Err(not_read(errors.first().map_or("no reason", |error| error.what.as_str())))
            }
        }
    }

    /// Reads, all at one instant. What the token may not read would silently be left out, so what the token needs is
    /// checked beside.
    pub(crate) async fn read(&self, mut ops: Vec<Op>, patience: u32) -> Result<TxnOutcome> {
        ops.insert(0, Op::check_absent(self.layout.nothing()));
        let outcome = self.client.txn(&ops, Effect::Reads, patience).await?;
        if let TxnOutcome::Refused(errors) = &outcome {
            for error in errors {
                if let Some((kind, _)) = meaning(&error.what) {
                    return Err(Error::new(kind, format!("the server refuses to read: {}", error.what)));
                }
            }
        }
        Ok(outcome)
    }

    /// The store's revision; zero before the first commit.
    pub(crate) fn revision_in(&self, rows: &[Row<'_>]) -> u64 {
        let path = self.layout.revision();
        rows.iter().find(|row| row.key == path).map_or(0, |row| row.modify_index)
    }

    /// The entry in this row, and where it lies; `None` if it is none of ours.
    pub(crate) fn entry(&self, row: &Row<'_>) -> Result<Option<(Part, Entry)>> {
        match self.layout.entry_at(&row.key) {
            Some((part, key)) if part == self.layout.part(&key) => Ok(Some((part, entry(row, key)?))),
            _ => Ok(None),
        }
    }
}

fn entry(row: &Row<'_>, key: Key) -> Result<Entry> {
    Ok(Entry {
        key,
        value: row.value()?.into(),
        revision: netkeep_store::Revision::new(row.modify_index),
        lease: row.session.as_deref().filter(|session| !session.is_empty()).map(LeaseId::new),
    })
}

fn says_absent(what: &str) -> bool {
    what.starts_with("key ") && what.ends_with(" doesn't exist")
}

fn not_read(what: &str) -> Error {
    Error::new(Kind::Unexpected, format!("the server did not read: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absence_is_what_the_server_says_and_nothing_else() {
        assert!(says_absent("key \"netkeep/k/00/a\" doesn't exist"));
        for other in ["Permission denied", "key \"x\" exists", "it doesn't exist", ""] {
            assert!(!says_absent(other), "{other}");
        }
    }
}
