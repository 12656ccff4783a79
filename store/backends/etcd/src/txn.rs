//! One transaction, sent once.

use std::collections::HashMap;

use etcd_client::{
    Compare, CompareOp, GetOptions, KeyValue, PutOptions, Txn, TxnOp, TxnOpResponse, TxnResponse,
};
use netkeep_store::remote::{Attempt, Outcome, Room};
use netkeep_store::{Error, Guard, Key, Kind, Result, Revision, Write};

use crate::error::Fault;
use crate::keys::Keys;
use crate::pool::Pool;
use crate::{lease, list};

/// What etcd takes in one request, by default.
const LARGEST_REQUEST: usize = 1536 * 1024;
/// How often a commit may find that a leased key has come or gone between two tries.
const TRIES: usize = 16;

/// What a leased key is taken to be, in lieu of an "or" that etcd's comparisons do not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holding {
    /// Nothing is there.
    Nothing,
    /// An entry with our lease.
    Ours,
}

/// Makes an [`Attempt`] into requests of etcd.
struct Request<'a> {
    keys: &'a Keys,
    attempt: &'a Attempt,
    lease: Option<i64>,
    /// The keys that are put with the lease, unless a guard says that nothing is there.
    leased: Vec<(&'a Key, Holding)>,
}

/// What an answer means.
enum Answer {
    Outcome(Outcome),
    /// A leased key is not what it was taken to be, and nothing was done.
    OtherHolding,
}

pub(crate) async fn attempt(pool: &Pool, keys: &Keys, attempt: &Attempt) -> Result<Outcome> {
    let lease = attempt.lease().map(lease::number).transpose()?;
    let mut request = Request { keys, attempt, lease, leased: leased(attempt) };
    request.check_size()?;
    for _ in 0..TRIES {
        let txn = request.build();
        let answer = pool.ask(async move |mut at| at.kv.txn(txn).await).await.map_err(Fault::of_write)?;
        match request.judge(&answer)? {
            Answer::Outcome(outcome) => return Ok(outcome),
            Answer::OtherHolding => {}
        }
    }
    Err(Error::new(
        Kind::Unavailable,
        format!("a leased key came and went {TRIES} times while it was put; guard it with Absent"),
    ))
}

/// The keys whose present lease matters, with the likeliest guess.
fn leased(attempt: &Attempt) -> Vec<(&Key, Holding)> {
    let guard_of = |key: &Key| attempt.entries.guards().iter().find(|guard| guard.key() == key);
    let writes = attempt.entries.writes().iter();
    writes
        .filter_map(|write| match write {
            Write::Put { key, lease: Some(_), .. } => match guard_of(key) {
                Some(Guard::Absent(_)) => None,
                Some(Guard::Unchanged(..)) => Some((key, Holding::Ours)),
                None => Some((key, Holding::Nothing)),
            },
            _ => None,
        })
        .collect()
}

impl Request<'_> {
    fn check_size(&self) -> Result<()> {
        // Keys come up to three times: compared, written, and asked for if the comparison fails.
        let root = self.keys.key(Room::Entries, &Key::parse("x").expect("a letter is a key")).len();
        let Attempt { entries, own } = self.attempt;
        let guards = entries.guards().iter().chain(own.guards());
        let compared: usize = guards.map(|guard| 2 * (root + guard.key().as_str().len() + 16)).sum();
        let written = entries.writes().len() + own.writes().len();
        let bytes = compared
            + entries.bytes()
            + own.bytes()
            + written * (root + 32)
            + self.leased.len() * 2 * (root + 528);
        if bytes > LARGEST_REQUEST {
            return Err(Error::too_large(format!(
                "the request has about {bytes} bytes; etcd takes {LARGEST_REQUEST}: shorten the root or split the \
                 transaction"
            )));
        }
        Ok(())
    }

    fn build(&self) -> Txn {
        let guards = self.attempt.guards().map(|(room, guard)| {
            let key = self.keys.key(room, guard.key());
            match guard {
                Guard::Absent(_) => Compare::create_revision(key, CompareOp::Equal, 0),
                Guard::Unchanged(_, revision) => {
                    // A revision that etcd cannot have given equals none.
                    let revision = i64::try_from(revision.get()).ok().filter(|revision| *revision > 0);
                    Compare::mod_revision(key, CompareOp::Equal, revision.unwrap_or(-1))
                }
            }
        });
        let leased = self.leased.iter().map(|(key, holding)| {
            let key = self.keys.key(Room::Entries, key);
            match holding {
                Holding::Nothing => Compare::create_revision(key, CompareOp::Equal, 0),
                Holding::Ours => Compare::lease(key, CompareOp::Equal, self.lease.unwrap_or_default()),
            }
        });
        let compares: Vec<Compare> = guards.chain(leased).collect();
        let asked: Vec<TxnOp> = self.asked().map(|(room, key)| self.ask(room, key)).collect();
        Txn::new().when(compares).and_then(self.writes()).or_else(asked)
    }

    fn writes(&self) -> Vec<TxnOp> {
        let own = self.attempt.own.writes().iter().map(|write| (Room::Own, write));
        let entries = self.attempt.entries.writes().iter().map(|write| (Room::Entries, write));
        own.chain(entries)
            .map(|(room, write)| {
                let name = self.keys.key(room, write.key());
                match write {
                    Write::Put { value, lease, .. } => {
                        let options =
                            lease.as_ref().and(self.lease).map(|id| PutOptions::new().with_lease(id));
                        TxnOp::put(name, value.to_vec(), options)
                    }
                    Write::Delete(_) => TxnOp::delete(name, None),
                }
            })
            .collect()
    }

    /// The keys that a refusal is explained with, each once.
    fn asked(&self) -> impl Iterator<Item = (Room, &Key)> {
        let guarded = self.attempt.guards().map(|(room, guard)| (room, guard.key()));
        let guards = self.attempt.entries.guards();
        let leased = self.leased.iter().filter(|(key, _)| !guards.iter().any(|guard| guard.key() == *key));
        guarded.chain(leased.map(|(key, _)| (Room::Entries, *key)))
    }

    /// Keys only: sixty values of 256 KiB would be too large an answer.
    fn ask(&self, room: Room, key: &Key) -> TxnOp {
        TxnOp::get(self.keys.key(room, key), Some(GetOptions::new().with_keys_only()))
    }

    fn judge(&mut self, answer: &TxnResponse) -> Result<Answer> {
        if answer.succeeded() {
            let header = answer.header().ok_or_else(|| strange("an answer has no header"))?;
            let revision = list::revision_number(header.revision());
            return Ok(Answer::Outcome(Outcome::Committed(revision)));
        }
        let mut found: HashMap<(Room, Key), KeyValue> = HashMap::new();
        let responses = answer.op_responses();
        let asked: Vec<(Room, Key)> = self.asked().map(|(room, key)| (room, key.clone())).collect();
        if responses.len() != asked.len() {
            return Err(strange("a refusal does not say what is there"));
        }
        for (name, response) in asked.into_iter().zip(responses) {
            let TxnOpResponse::Get(mut response) = response else {
                return Err(strange("a refusal does not say what is there"));
            };
            if let Some(entry) = response.take_kvs().pop() {
                found.insert(name, entry);
            }
        }
        let revision_of = |room, key: &Key| -> Option<Revision> {
            found.get(&(room, key.clone())).map(|entry| list::revision_number(entry.mod_revision()))
        };
        let failed =
            self.attempt.guards().find(|(room, guard)| !guard.holds(revision_of(*room, guard.key())));
        if let Some((room, guard)) = failed {
            return Ok(Answer::Outcome(Outcome::Refused(room, guard.clone())));
        }
        self.learn(&found)
    }

    /// All guards hold, so a leased key is not what it was taken to be.
    fn learn(&mut self, found: &HashMap<(Room, Key), KeyValue>) -> Result<Answer> {
        let lease = self.lease;
        let mut other = false;
        for (key, taken) in &mut self.leased {
            let holding = match found.get(&(Room::Entries, (*key).clone())) {
                None => Holding::Nothing,
                Some(entry) if Some(entry.lease()) == lease => Holding::Ours,
                Some(_) => {
                    return Err(Error::invalid(format!(
                        "{key} is held with another lease, and the lease of an entry never changes; delete it, then \
                         put it again"
                    )));
                }
            };
            other |= *taken != holding;
            *taken = holding;
        }
        if other {
            Ok(Answer::OtherHolding)
        } else {
            Err(strange("a transaction was refused though all its guards hold"))
        }
    }
}

fn strange(message: &'static str) -> Error {
    Error::new(Kind::Unexpected, message)
}
