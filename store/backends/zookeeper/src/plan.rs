//! What a transaction becomes at the servers.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use netkeep_store::remote::{Attempt, Room};
use netkeep_store::{Error, Guard, Key, Result, Txn, Write};

use crate::layout::{Bucket, Layout, bucket_of};
use crate::read::revision;
use crate::versions::Seen;

/// What the servers take in one request (`jute.maxbuffer`); at more they hang up, which looks like an outage.
const REQUEST_BYTES: usize = 0xf_ffff;
/// What an operation takes beside its path and its value.
const OPERATION_BYTES: usize = 64;

/// One key of a transaction, with what is asked of it.
#[derive(Debug)]
pub(crate) struct Piece<'a> {
    pub(crate) room: Room,
    pub(crate) path: String,
    pub(crate) bucket: Bucket,
    pub(crate) guard: Option<&'a Guard>,
    pub(crate) write: Option<&'a Write>,
}

/// What is known of the node of a piece.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Known {
    Nothing,
    Absent,
    /// Under this version of the generation.
    Present(Seen, i32),
}

/// One operation of a `multi`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Op<'a> {
    Check { path: &'a str, version: i32 },
    Create { path: &'a str, value: &'a [u8], leased: bool },
    Set { path: &'a str, value: &'a [u8], version: Option<i32> },
    Delete { path: &'a str, version: Option<i32> },
}

/// What a plan does with the generation of a bucket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Step {
    /// At which version it must be.
    pub(crate) at: Option<i32>,
    pub(crate) moves: bool,
}

/// A `multi`: first the generations, in their order, then the pieces, in theirs.
#[derive(Debug, Default)]
pub(crate) struct Plan<'a> {
    pub(crate) generations: BTreeMap<Bucket, Step>,
    pub(crate) ops: Vec<Op<'a>>,
}

impl Op<'_> {
    fn bytes(&self) -> usize {
        let (path, value) = match self {
            Self::Check { path, .. } | Self::Delete { path, .. } => (path, 0),
            Self::Create { path, value, .. } | Self::Set { path, value, .. } => (path, value.len()),
        };
        path.len() + value + OPERATION_BYTES
    }
}

impl Piece<'_> {
    /// Every key of a transaction, those of [`Room::Own`] first.
    pub(crate) fn of<'a>(layout: &Layout, attempt: &'a Attempt) -> Vec<Piece<'a>> {
        let rooms = [(Room::Own, &attempt.own), (Room::Entries, &attempt.entries)];
        rooms.into_iter().flat_map(|(room, txn)| pieces(layout, room, txn)).collect()
    }

    /// Where the node lies.
    pub(crate) fn directory(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(directory, _)| directory)
    }

    /// The lease of what is put; `None` if nothing is.
    fn put(&self) -> Option<(&Bytes, bool)> {
        match self.write {
            Some(Write::Put { value, lease, .. }) => Some((value, lease.is_some())),
            _ => None,
        }
    }

    /// True if the guard holds for what is known.
    pub(crate) fn holds(&self, known: &Known) -> bool {
        let found = match known {
            Known::Present(seen, _) => Some(revision(seen.mzxid)),
            Known::Absent | Known::Nothing => None,
        };
        self.guard.is_none_or(|guard| guard.holds(found))
    }

    /// Refuses a put with another lease than that of the entry. `owner` is the session of the transaction's lease.
    pub(crate) fn check_lease(&self, known: &Known, owner: i64) -> Result<()> {
        match (self.put(), known) {
            (Some((_, leased)), Known::Present(seen, _)) if seen.owner != if leased { owner } else { 0 } => {
                let key = self.write.map(Write::key).expect("what is put has a key");
                Err(Error::invalid(format!(
                    "key {key} is held with another lease; delete it, and put it in a later transaction"
                )))
            }
            _ => Ok(()),
        }
    }
}

fn pieces<'a>(layout: &Layout, room: Room, txn: &'a Txn) -> Vec<Piece<'a>> {
    let writes: BTreeMap<&Key, &Write> = txn.writes().iter().map(|write| (write.key(), write)).collect();
    let guarded: BTreeSet<&Key> = txn.guards().iter().map(Guard::key).collect();
    let piece = |key: &Key, guard, write| Piece {
        room,
        path: layout.node(room, key),
        bucket: bucket_of(room, key),
        guard,
        write,
    };
    let guards =
        txn.guards().iter().map(|guard| piece(guard.key(), Some(guard), writes.get(guard.key()).copied()));
    let others = txn.writes().iter().filter(|write| !guarded.contains(write.key()));
    guards.chain(others.map(|write| piece(write.key(), None, Some(write)))).collect()
}

impl<'a> Plan<'a> {
    /// The plan for these pieces with what is known of each; `None` if more must be known. `owner` is the session of
    /// the transaction's lease, or zero.
    pub(crate) fn make(pieces: &'a [Piece<'_>], known: &[Known], owner: i64) -> Option<Self> {
        let mut plan = Self { ops: Vec::with_capacity(pieces.len()), ..Self::default() };
        for (piece, known) in pieces.iter().zip(known) {
            plan.add(piece, known, owner)?;
        }
        Some(plan)
    }

    fn add(&mut self, piece: &'a Piece<'_>, known: &Known, owner: i64) -> Option<()> {
        let path = piece.path.as_str();
        piece.check_lease(known, owner).ok()?;
        match (piece.guard, piece.write, known) {
            (Some(Guard::Unchanged(..)), write, &Known::Present(seen, generation)) if piece.holds(known) => {
                let version = Some(seen.version);
                self.at(piece.bucket, generation);
                if matches!(write, Some(Write::Delete(_))) {
                    self.moves(piece.bucket);
                }
                self.ops.push(match write {
                    Some(Write::Put { value, .. }) => Op::Set { path, value, version },
                    Some(Write::Delete(_)) => Op::Delete { path, version },
                    None => Op::Check { path, version: seen.version },
                });
            }
            (Some(Guard::Unchanged(..)), ..) => return None,
            (None, Some(Write::Put { value, lease, .. }), &Known::Present(seen, generation)) => {
                // Whose it is was seen of this node, and says nothing of one that is made in its place.
                let version = lease.is_some().then_some(seen.version);
                if lease.is_some() {
                    self.at(piece.bucket, generation);
                }
                self.ops.push(Op::Set { path, value, version });
            }
            (_, Some(Write::Put { value, lease, .. }), _) => {
                if lease.is_some() {
                    self.moves(piece.bucket);
                }
                self.ops.push(Op::Create { path, value, leased: lease.is_some() });
            }
            (None, Some(Write::Delete(_)), Known::Present(..)) => {
                self.moves(piece.bucket);
                self.ops.push(Op::Delete { path, version: None });
            }
            (None, Some(Write::Delete(_)), Known::Nothing) => return None,
            // There is no operation that asks for absence; making and removing does.
            (Some(Guard::Absent(_)), ..) | (None, Some(Write::Delete(_)), Known::Absent) => {
                self.ops.push(Op::Create { path, value: b"", leased: false });
                self.ops.push(Op::Delete { path, version: None });
            }
            (None, None, _) => {}
        }
        Some(())
    }

    /// Of two versions the earlier one: it was known to hold for both nodes.
    fn at(&mut self, bucket: Bucket, version: i32) {
        let step = self.generations.entry(bucket).or_default();
        step.at = Some(step.at.map_or(version, |at| at.min(version)));
    }

    fn moves(&mut self, bucket: Bucket) {
        self.generations.entry(bucket).or_default().moves = true;
    }

    /// Refuses what the servers would answer by hanging up.
    pub(crate) fn check_size(&self) -> Result<()> {
        let generations = self.generations.len() * (OPERATION_BYTES + 600);
        let bytes = self.ops.iter().map(Op::bytes).sum::<usize>() + generations;
        if bytes > REQUEST_BYTES {
            return Err(Error::too_large(format!(
                "the transaction makes a request of {bytes} bytes; the servers take {REQUEST_BYTES}"
            )));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use netkeep_store::{Kind, LeaseId, Prefix, Revision};

    use super::*;

    fn key(text: &str) -> Key {
        Key::parse(text).unwrap()
    }

    fn plan<T>(entries: Txn, known: Known, owner: i64, look: impl FnOnce(&Plan<'_>) -> T) -> Option<T> {
        let layout = Layout::new(&Prefix::root());
        let attempt = Attempt { entries, own: Txn::new() };
        let pieces = Piece::of(&layout, &attempt);
        Plan::make(&pieces, &vec![known; pieces.len()], owner).as_ref().map(look)
    }

    fn present(owner: i64) -> Known {
        Known::Present(Seen { mzxid: 9, version: 3, owner }, 5)
    }

    fn names(plan: &Plan<'_>) -> String {
        let generations = plan.generations.values().map(|step| match (step.at, step.moves) {
            (Some(at), true) => format!("generation {at} moves"),
            (Some(at), false) => format!("generation {at}"),
            (None, _) => "moves".to_owned(),
        });
        let ops = plan.ops.iter().map(|op| match op {
            Op::Check { version, .. } => format!("check {version}"),
            Op::Create { leased, .. } => format!("create{}", if *leased { " leased" } else { "" }),
            Op::Set { version, .. } => format!("set {version:?}"),
            Op::Delete { version, .. } => format!("delete {version:?}"),
        });
        generations.chain(ops).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn each_wish_has_its_operations() {
        let lease = LeaseId::new("l");
        let at = Revision::new(9);
        for (txn, known, wanted) in [
            (Txn::new().absent(key("a")).put(key("a"), ""), Known::Nothing, Some("create")),
            (Txn::new().absent(key("a")), Known::Nothing, Some("create, delete None")),
            (Txn::new().absent(key("a")).delete(key("a")), Known::Absent, Some("create, delete None")),
            (
                Txn::new().absent(key("a")).put_leased(key("a"), "", &lease),
                Known::Nothing,
                Some("moves, create leased"),
            ),
            (Txn::new().unchanged(key("a"), at), Known::Nothing, None),
            (Txn::new().unchanged(key("a"), Revision::new(8)), present(0), None),
            (Txn::new().unchanged(key("a"), at), present(0), Some("generation 5, check 3")),
            (Txn::new().unchanged(key("a"), at), present(7), Some("generation 5, check 3")),
            (
                Txn::new().unchanged(key("a"), at).put(key("a"), ""),
                present(0),
                Some("generation 5, set Some(3)"),
            ),
            (
                Txn::new().unchanged(key("a"), at).delete(key("a")),
                present(0),
                Some("generation 5 moves, delete Some(3)"),
            ),
            (Txn::new().put(key("a"), ""), Known::Nothing, Some("create")),
            (Txn::new().put(key("a"), ""), present(0), Some("set None")),
            (Txn::new().put(key("a"), ""), present(7), None),
            (Txn::new().put_leased(key("a"), "", &lease), present(7), Some("generation 5, set Some(3)")),
            (Txn::new().put_leased(key("a"), "", &lease), present(8), None),
            (Txn::new().put_leased(key("a"), "", &lease), Known::Absent, Some("moves, create leased")),
            (Txn::new().delete(key("a")), Known::Nothing, None),
            (Txn::new().delete(key("a")), Known::Absent, Some("create, delete None")),
            (Txn::new().delete(key("a")), present(7), Some("moves, delete None")),
        ] {
            let made = plan(txn.clone(), known, 7, names);
            assert_eq!(made.as_deref(), wanted, "{txn:?} {known:?}");
        }
    }

    #[test]
    fn a_bucket_is_asked_for_once_and_for_the_earlier_version() {
        let mut plan = Plan::default();
        let bucket = Bucket::all().next().unwrap();
        plan.at(bucket, 5);
        plan.moves(bucket);
        plan.at(bucket, 4);
        assert_eq!(plan.generations[&bucket], Step { at: Some(4), moves: true });
    }

    #[test]
    fn a_request_that_the_servers_do_not_take_is_refused() {
        let checked = |bytes| {
            let txn = Txn::new().put(key("a"), vec![0; bytes]);
            plan(txn, Known::Nothing, 0, |plan| plan.check_size()).unwrap()
        };
        assert!(checked(320 * 1024).is_ok());
        assert_eq!(checked(1024 * 1024).unwrap_err().kind(), Kind::TooLarge);
    }
}
