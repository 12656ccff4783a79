//! Commits.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use netkeep_store::remote::{Attempt, Backoff, Outcome, Room};
use netkeep_store::{Error, Guard, Key, Kind, LeaseId, Result, Revision, Txn, Write};

use crate::client::TxnOutcome;
use crate::error::{Effect, meaning};
use crate::layout::{Layout, Part};
use crate::read::OPS;
use crate::store::Shared;
use crate::wire::{Op, TxnAnswer, TxnError};

/// How often a commit is tried that requires that nobody else writes beside it.
const TIGHT_TRIES: usize = 32;

/// The operations of one transaction, and what the failure of each means.
#[derive(Debug, Default)]
struct Plan {
    ops: Vec<Op>,
    roles: Vec<Role>,
}

#[derive(Clone, Debug)]
enum Role {
    Guard(Room, Guard),
    /// A put with a lease.
    Leased(Key),
    /// A stamp that must not have changed.
    Stamp,
    /// What cannot fail.
    Plain,
}

/// How a transaction is fitted into as many operations as the server takes.
///
/// Deleting a key at a revision takes two operations, since Consul's own `delete-cas` also passes if the key is
/// absent. If there are too many of these, the keys are read first; then `delete-cas` does, provided that nobody has
/// written into their parts since, which the stamps tell.
#[derive(Debug, Default)]
struct Tight {
    stamps: BTreeMap<Part, u64>,
    /// Keys that are deleted by one operation.
    single: BTreeSet<Key>,
}

impl Plan {
    fn add(&mut self, op: Op, role: Role) {
        self.ops.push(op);
        self.roles.push(role);
    }

    fn of(layout: &Layout, attempt: &Attempt, tight: Option<&Tight>) -> Self {
        let mut plan = Self::default();
        let mut written = BTreeSet::new();
        for (room, txn) in [(Room::Own, &attempt.own), (Room::Entries, &attempt.entries)] {
            plan.add_room(layout, room, txn, tight);
            if room == Room::Entries {
                written.extend(txn.writes().iter().map(|write| layout.part(write.key())));
            }
        }
        for part in written {
            let path = layout.stamp(part);
            match tight {
                None => plan.add(Op::set(path, b""), Role::Plain),
                Some(tight) => {
                    let index = tight.stamps.get(&part).copied().unwrap_or(0);
                    plan.add(Op::cas(path, b"", index), Role::Stamp);
                }
            }
        }
        plan.add(Op::set(layout.revision(), b""), Role::Plain);
        plan
    }

    fn add_room(&mut self, layout: &Layout, room: Room, txn: &Txn, tight: Option<&Tight>) {
        let mut writes: HashMap<&Key, &Write> =
            txn.writes().iter().map(|write| (write.key(), write)).collect();
        let mut later = Vec::new();
        for guard in txn.guards() {
            let key = guard.key();
            let path = layout.path(room, key);
            let role = Role::Guard(room, guard.clone());
            let check = match guard {
                Guard::Absent(_) => Op::check_absent(path.clone()),
                Guard::Unchanged(_, revision) => Op::check_index(path.clone(), revision.get()),
            };
            let op = match (guard, writes.remove(key)) {
                (_, None) | (Guard::Absent(_), Some(Write::Delete(_))) => check,
                // Fails, since no commit has this number; as an index it would mean absence.
                (Guard::Unchanged(_, Revision::ZERO), Some(_)) => check,
                (Guard::Absent(_), Some(Write::Put { value, lease: None, .. })) => Op::cas(path, value, 0),
                (Guard::Unchanged(_, revision), Some(Write::Put { value, lease: None, .. })) => {
                    Op::cas(path, value, revision.get())
                }
                (Guard::Unchanged(_, revision), Some(Write::Delete(_)))
                    if tight.is_some_and(|tight| tight.single.contains(key)) =>
                {
                    Op::delete_cas(path, revision.get())
                }
                (_, Some(write)) => {
                    later.push(write);
                    check
                }
            };
            self.add(op, role);
        }
        later.extend(txn.writes().iter().filter(|write| writes.contains_key(write.key())));
        for write in later {
            let path = layout.path(room, write.key());
            match write {
                Write::Put { value, lease: None, .. } => self.add(Op::set(path, value), Role::Plain),
                Write::Put { key, value, lease: Some(lease) } => {
                    self.add(Op::lock(path, value, lease.as_str()), Role::Leased(key.clone()));
                }
                Write::Delete(_) => self.add(Op::delete(path), Role::Plain),
            }
        }
    }

    /// What the first failure that matters means: a guard of ours, a guard of the caller's, a lease, a stamp.
    fn judge(&self, errors: &[TxnError], lease: Option<&LeaseId>) -> Result<Option<Outcome>> {
        let said = |kind| errors.iter().find(|error| meaning(&error.what).is_some_and(|(is, _)| is == kind));
        if let Some(error) = said(Kind::Denied) {
            return Err(Error::new(Kind::Denied, format!("the server refuses to write: {}", error.what)));
        }
        let roles = || errors.iter().filter_map(|error| Some((self.roles.get(error.op_index)?, error)));
        for room in [Room::Own, Room::Entries] {
            for (role, _) in roles() {
                if let Role::Guard(of, guard) = role
                    && *of == room
                {
                    return Ok(Some(Outcome::Refused(room, guard.clone())));
                }
            }
        }
        for (role, error) in roles() {
            let Role::Leased(key) = role else { continue };
            return Err(match (meaning(&error.what).map(|(kind, _)| kind), lease) {
                (Some(Kind::LeaseLost), Some(lease)) => crate::lease::lost(lease),
                (Some(Kind::Invalid), _) => Error::invalid(format!(
                    "key {key} is held with another lease; a key's lease never changes: delete it first"
                )),
                _ => unexpected(&error.what),
            });
        }
        if roles().any(|(role, _)| matches!(role, Role::Stamp)) {
            return Ok(None);
        }
        Err(unexpected(errors.first().map_or("no reason", |error| error.what.as_str())))
    }
}

impl Shared {
    pub(crate) async fn attempt(&self, attempt: &Attempt) -> Result<Outcome> {
        let plan = Plan::of(&self.layout, attempt, None);
        if plan.ops.len() <= OPS {
            let settled = self.send(&plan, attempt).await?;
            return settled.ok_or_else(|| unexpected("a stamp that nobody guards"));
        }
        let mut backoff = Backoff::new(Duration::from_millis(2), Duration::from_millis(50));
        for _ in 0..TIGHT_TRIES {
            let tight = match self.look_closely(attempt).await? {
                Ok(tight) => tight,
                Err(refused) => return Ok(refused),
            };
            let plan = Plan::of(&self.layout, attempt, Some(&tight));
            if plan.ops.len() > OPS {
                return Err(Error::too_large(format!(
                    "the transaction takes {} operations, and Consul takes {OPS}: it deletes keys of too many \
                     different leases at once, each at a revision",
                    plan.ops.len()
                )));
            }
            if let Some(settled) = self.send(&plan, attempt).await? {
                return Ok(settled);
            }
            tokio::time::sleep(backoff.pause()).await;
        }
        Err(Error::new(
            Kind::Unavailable,
            "others kept writing beside a transaction that deletes many keys at their revisions; try again",
        ))
    }

    /// Sends a transaction once. `None` if stamps have changed, and nothing else was in the way.
    async fn send(&self, plan: &Plan, attempt: &Attempt) -> Result<Option<Outcome>> {
        let body = match self.client.txn(&plan.ops, Effect::Changes, 1).await? {
            TxnOutcome::Done(body) => body,
            TxnOutcome::Refused(errors) => return plan.judge(&errors, attempt.lease()),
        };
        let path = self.layout.revision();
        let answer = TxnAnswer::parse(&body).map_err(Error::with_unknown_outcome)?;
        match answer.rows().iter().find(|row| row.key == path) {
            Some(row) => Ok(Some(Outcome::Committed(Revision::new(row.modify_index)))),
            None => Err(unexpected("the answer to a commit has no revision").with_unknown_outcome()),
        }
    }

    /// Reads the keys that are to be deleted at a revision, and the stamps of all parts that are written; a guard
    /// that does not hold is the inner error.
    async fn look_closely(&self, attempt: &Attempt) -> Result<Result<Tight, Outcome>> {
        let layout = &self.layout;
        let mut plan = Plan::default();
        for guard in attempt.own.guards() {
            let path = layout.path(Room::Own, guard.key());
            let op = match guard {
                Guard::Absent(_) => Op::check_absent(path),
                Guard::Unchanged(_, revision) => Op::check_index(path, revision.get()),
            };
            plan.add(op, Role::Guard(Room::Own, guard.clone()));
        }
        let deleted: BTreeSet<&Key> = attempt
            .entries
            .writes()
            .iter()
            .filter_map(|write| match write {
                Write::Delete(key) => Some(key),
                Write::Put { .. } => None,
            })
            .collect();
        let mut wanted = BTreeMap::new();
        for guard in attempt.entries.guards() {
            if let Guard::Unchanged(key, revision) = guard
                && deleted.contains(key)
            {
                plan.add(Op::get(layout.path(Room::Entries, key)), Role::Guard(Room::Entries, guard.clone()));
                wanted.insert(key, *revision);
            }
        }
        let parts: BTreeSet<Part> =
            attempt.entries.writes().iter().map(|write| layout.part(write.key())).collect();
        for part in parts {
            plan.add(Op::get_tree(layout.stamp(part)), Role::Plain);
        }
        let body = match self.read(plan.ops.clone(), 1).await? {
            TxnOutcome::Done(body) => body,
            TxnOutcome::Refused(mut errors) => {
                // The read begins with an operation of its own.
                for error in &mut errors {
                    error.op_index = error.op_index.wrapping_sub(1);
                }
                let refused = plan.judge(&errors, None)?;
                return refused.map(Err).ok_or_else(|| unexpected("a read that was refused for a stamp"));
            }
        };
        let mut tight = Tight::default();
        let mut sessions = BTreeSet::new();
        for row in TxnAnswer::parse(&body)?.rows() {
            if let Some(part) = layout.stamp_at(&row.key) {
                tight.stamps.insert(part, row.modify_index);
                continue;
            }
            let Some((part, key)) = layout.entry_at(&row.key) else { continue };
            let revision = wanted.get(&key).copied().unwrap_or_default();
            if revision.get() != row.modify_index {
                return Ok(Err(Outcome::Refused(Room::Entries, Guard::Unchanged(key, revision))));
            }
            // A leased key may go without a commit. Where one key of a lease is known to be there, so are all.
            let session = row.session.as_deref().unwrap_or_default().to_owned();
            if part != Part::Leased || !sessions.insert(session) {
                tight.single.insert(key);
            }
        }
        Ok(Ok(tight))
    }
}

fn unexpected(what: &str) -> Error {
    Error::new(Kind::Unexpected, format!("the server's answer to a transaction makes no sense: {what}"))
}

#[cfg(test)]
mod tests {
    use netkeep_store::{Applied, LeasedDirectories, Prefix};

    use super::*;

    fn key(text: &str) -> Key {
        Key::parse(text).unwrap()
    }

    fn layout() -> Layout {
        let leased = LeasedDirectories::new([Prefix::parse("alive").unwrap()]);
        Layout::new(&Prefix::parse("root").unwrap(), &leased)
    }

    fn own() -> Txn {
        let [slot, identity, run] = ["slots/1/0", "meta/store", "slots/1/run"].map(key);
        let txn = Txn::new().unchanged(slot.clone(), Revision::new(7)).put(slot, "own");
        txn.unchanged(identity, Revision::new(3)).unchanged(run, Revision::new(4))
    }

    fn plan(entries: Txn) -> Plan {
        Plan::of(&layout(), &Attempt { entries, own: own() }, None)
    }

    /// The verbs of the operations.
    fn verbs(plan: &Plan) -> Vec<String> {
        let json = serde_json::to_value(&plan.ops).unwrap();
        let verb = |op: &serde_json::Value| op["KV"]["Verb"].as_str().unwrap().to_owned();
        json.as_array().unwrap().iter().map(verb).collect()
    }

    #[test]
    fn a_transaction_at_all_bounds_fits() {
        let directory = |index: usize| key(&format!("d{}/{index}", index % 12));
        let full = (0..48).fold(Txn::new(), |txn, index| {
            let key = directory(index);
            if index % 2 == 0 { txn.absent(key.clone()).put(key, "") } else { txn.put(key, "") }
        });
        assert!(plan(full).ops.len() <= OPS);
        let lease = LeaseId::new("lease");
        let leased = (0..24).fold(Txn::new(), |txn, index| {
            let key = key(&format!("alive/{index}"));
            txn.absent(key.clone()).put_leased(key, "", &lease)
        });
        assert_eq!(plan(leased).ops.len(), 3 + 48 + 2);
    }

    #[test]
    fn each_pair_of_guard_and_write_has_its_operations() {
        let at = Revision::new(5);
        let k = || key("d/k");
        let leased = |txn: Txn| txn.put_leased(key("alive/k"), "", &LeaseId::new("lease"));
        for (entries, expected) in [
            (Txn::new().absent(k()), vec!["check-not-exists"]),
            (Txn::new().unchanged(k(), at), vec!["check-index"]),
            (Txn::new().put(k(), ""), vec!["set", "set"]),
            (Txn::new().absent(k()).put(k(), ""), vec!["cas", "set"]),
            (Txn::new().unchanged(k(), at).put(k(), ""), vec!["cas", "set"]),
            (Txn::new().unchanged(k(), Revision::ZERO).put(k(), ""), vec!["check-index", "set"]),
            (Txn::new().delete(k()), vec!["delete", "set"]),
            (Txn::new().absent(k()).delete(k()), vec!["check-not-exists", "set"]),
            (Txn::new().unchanged(k(), at).delete(k()), vec!["check-index", "delete", "set"]),
            (leased(Txn::new()), vec!["lock", "set"]),
            (leased(Txn::new().absent(key("alive/k"))), vec!["check-not-exists", "lock", "set"]),
        ] {
            let verbs = verbs(&plan(entries.clone()));
            assert_eq!(verbs[..3], ["cas", "check-index", "check-index"], "{entries:?}");
            assert_eq!(verbs[3..verbs.len() - 1], expected, "{entries:?}");
        }
    }

    #[test]
    fn what_a_refusal_says_is_told_in_the_words_of_the_contract() {
        let lease = LeaseId::new("lease");
        let (guarded, held) = (key("d/k"), key("alive/k"));
        let txn = Txn::new().absent(guarded.clone()).put_leased(held, "", &lease);
        let plan = plan(txn);
        let judge = |errors: &[(usize, &str)]| {
            let error =
                |(op_index, what): &(usize, &str)| TxnError { op_index: *op_index, what: (*what).to_owned() };
            plan.judge(&errors.iter().map(error).collect::<Vec<_>>(), Some(&lease))
        };
        let caller = Outcome::Refused(Room::Entries, Guard::Absent(guarded));
        let ours = Outcome::Refused(Room::Own, Guard::Unchanged(key("slots/1/0"), Revision::new(7)));
        let (exists, stale) = ("key \"x\" exists", "failed to set key \"x\", index is stale");
        let (held, ended) = ("failed to lock key \"x\", lock is already held", "invalid session \"x\"");
        assert_eq!(judge(&[(3, exists)]).unwrap(), Some(caller.clone()));
        assert_eq!(judge(&[(3, exists), (0, stale)]).unwrap(), Some(ours), "our own guards come first");
        assert_eq!(judge(&[(4, held), (3, exists)]).unwrap(), Some(caller), "guards come before leases");
        for (errors, kind) in [
            (vec![(4, held)], Kind::Invalid),
            (vec![(4, ended)], Kind::LeaseLost),
            (vec![(3, exists), (5, "Permission denied")], Kind::Denied),
            (vec![(6, "what nobody has heard of")], Kind::Unexpected),
            (vec![(99, exists)], Kind::Unexpected),
            (vec![], Kind::Unexpected),
        ] {
            let error = judge(&errors).unwrap_err();
            assert_eq!((error.kind(), error.applied()), (kind, Applied::No), "{errors:?}");
        }
    }

    #[test]
    fn a_stamp_that_has_changed_is_tried_again() {
        let attempt = Attempt { entries: Txn::new().delete(key("d/k")), own: own() };
        let plan = Plan::of(&layout(), &attempt, Some(&Tight::default()));
        assert_eq!(verbs(&plan)[3..], ["delete", "cas", "set"]);
        let error = TxnError { op_index: 4, what: "failed to set key \"x\", index is stale".to_owned() };
        assert_eq!(plan.judge(&[error], None).unwrap(), None);
    }
}
