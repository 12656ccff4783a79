//! Getting to know a store, and being known to it.

use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::time::{Instant, sleep};

use super::engine::Engine;
use super::own::{IdentityRecord, SlotRecord, identity_key, run_key, slots_prefix};
use super::slots::Slots;
use super::{Attempt, Backoff, KnownStore, Outcome, Room};
use crate::{Applied, Entry, Error, Identity, Key, Kind, Prefix, Result, Revision, Txn, Write};

/// How many keys one transaction deletes.
const DELETED_AT_ONCE: usize = 32;
/// How many slots of an earlier run are settled at once.
const SETTLING: usize = 8;

/// A store that was recognised, and this client's place in it.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) identity: Identity,
    /// The commit that wrote the identity.
    pub(super) identity_at: Revision,
    /// The commit that wrote this client's run; `None` if nobody else can have the client's id.
    pub(super) run_at: Option<Revision>,
    pub(super) slots: Arc<Slots>,
}

impl Session {
    /// What every transaction of this client requires: that the store is the one that it was.
    pub(super) fn fence(&self) -> Txn {
        Txn::new().unchanged(identity_key(), self.identity_at)
    }
}

impl Engine {
    /// Recognises the store, or makes it if it is new; settles what an earlier run of this client has left in
    /// flight. Repeating it does no harm.
    pub(super) async fn establish(&self) -> Result<Session> {
        let client = self.config.client_state.client();
        let known = self.config.client_state.known().await?;
        let (record, identity_at) = self.recognise(known.as_ref()).await?;
        if !self.config.client_state.is_kept() {
            // A client that has just been named has left nothing anywhere, and one that only reads never does.
            let slots = Slots::new(client, self.config.slots, &[]);
            return Ok(Session { identity: record.identity, identity_at, run_at: None, slots });
        }
        let before = self.server.get(Room::Own, &run_key(client)).await?;
        let run_at = self.announce_run(before.clone(), identity_at).await?;
        // From here on no earlier run makes another slot: making one requires its run to be the present one.
        let made = self.server.list(Room::Own, &slots_prefix(client)).await?.entries;
        let made: Vec<_> = made.into_iter().filter(|entry| entry.key != run_key(client)).collect();
        if let Some(known) = known.filter(|known| known.identity == record.identity) {
            let newest = made.iter().chain(&before).map(|entry| entry.revision).max();
            if newest.is_none_or(|newest| newest < known.newest) {
                return Err(self.suspect(&record, identity_at, "it has lost a commit of this client").await);
            }
        }
        let settled: Vec<Entry> = stream::iter(made)
            .map(|slot| self.settle_left(slot, identity_at))
            .buffer_unordered(SETTLING)
            .try_collect()
            .await?;
        let slots = Slots::new(client, self.config.slots, &settled);
        slots.note(run_at);
        let known = KnownStore { identity: record.identity.clone(), newest: slots.newest() };
        self.config.client_state.remember(&known).await?;
        Ok(Session { identity: record.identity, identity_at, run_at: Some(run_at), slots })
    }

    /// Reads the identity, writes one into a store that is new, and compares it with what is known.
    async fn recognise(&self, known: Option<&KnownStore>) -> Result<(IdentityRecord, Revision)> {
        let (record, at) = match self.server.get(Room::Own, &identity_key()).await? {
            Some(entry) => (IdentityRecord::read(&entry)?, entry.revision),
            None => match known {
                Some(known) => return Err(wiped(&known.identity)),
                None => self.initialise().await?,
            },
        };
        if let Some(known) = known {
            if known.identity.id != record.identity.id {
                return Err(replaced(format!(
                    "this is store {}, and this client knows store {}; name the store that was meant, or let the \
                     client forget the one it knew",
                    record.identity.id, known.identity.id
                )));
            }
            if record.identity.epoch < known.identity.epoch {
                let newer = IdentityRecord { identity: known.identity.clone(), suspect: true };
                return Err(self.suspect(&newer, at, "its epoch has gone back").await);
            }
        }
        if record.suspect {
            return Err(suspected(&record.identity));
        }
        Ok((record, at))
    }

    async fn initialise(&self) -> Result<(IdentityRecord, Revision)> {
        let held = self.server.list(Room::Entries, &Prefix::root()).await?;
        if let Some(entry) = held.entries.first() {
            return Err(replaced(format!(
                "the store has no identity but holds entries ({} of them, the first is {}); accept it with \
                 `netkeep store accept` if they are what you expect",
                held.entries.len(),
                entry.key
            )));
        }
        let record = IdentityRecord { identity: Identity::fresh(), suspect: false };
        let make = Txn::new().absent(identity_key()).put(identity_key(), record.to_bytes());
        let (entry, _) = self.write_own(identity_key(), make).await?;
        Ok((IdentityRecord::read(&entry)?, entry.revision))
    }

    /// Says that this run is the client's present one.
    async fn announce_run(&self, found: Option<Entry>, identity_at: Revision) -> Result<Revision> {
        let key = run_key(self.config.client_state.client());
        let ours = SlotRecord { run: self.run, operation: self.next_operation() };
        let mut found = found;
        let deadline = Instant::now() + self.config.settle;
        loop {
            let guarded = guarded_put(&key, found.as_ref().map(|entry| entry.revision), &ours);
            let (entry, wrote) =
                self.write_own(key.clone(), guarded.unchanged(identity_key(), identity_at)).await?;
            if wrote || SlotRecord::read(&entry)? == ours {
                return Ok(entry.revision);
            }
            if Instant::now() >= deadline || found.as_ref() == Some(&entry) {
                return Err(unavailable("the store's own records keep changing"));
            }
            found = Some(entry);
        }
    }

    /// Overwrites a slot of an earlier run: what that run had in flight has happened by then, or never will.
    async fn settle_left(&self, slot: Entry, identity_at: Revision) -> Result<Entry> {
        let ours = SlotRecord { run: self.run, operation: self.next_operation() };
        let mut slot = slot;
        let deadline = Instant::now() + self.config.settle;
        loop {
            let guarded = guarded_put(&slot.key, Some(slot.revision), &ours);
            let txn = guarded.unchanged(identity_key(), identity_at);
            let (entry, wrote) = self.write_own(slot.key.clone(), txn).await?;
            if wrote || SlotRecord::read(&entry)? == ours {
                return Ok(entry);
            }
            if Instant::now() >= deadline || slot == entry {
                return Err(unavailable("the store's own records keep changing"));
            }
            slot = entry;
        }
    }

    /// Writes `key` of the store's own by a transaction that guards it, however often the answer is lost, and reads
    /// what is there then. True if this call is known to have written it.
    ///
    /// Repeating is sound, because the guard holds once at most. It ends with the first failure that leaves nothing
    /// to find out: how long servers are tried that are away is for those who ask to decide.
    pub(super) async fn write_own(&self, key: Key, own: Txn) -> Result<(Entry, bool)> {
        let attempt = Attempt { entries: Txn::new(), own };
        let deadline = Instant::now() + self.config.settle;
        let mut backoff = Backoff::default();
        let mut in_doubt = false;
        loop {
            let error = match self.server.attempt(&attempt).await {
                Ok(Outcome::Committed(revision)) => {
                    let value = attempt.own.writes().iter().find_map(|write| match write {
                        Write::Put { value, .. } => Some(value.clone()),
                        Write::Delete(_) => None,
                    });
                    let value = value.unwrap_or_default();
                    return Ok((Entry { key, value, revision, lease: None }, true));
                }
                Ok(Outcome::Refused(..)) => match self.server.get(Room::Own, &key).await? {
                    Some(entry) => return Ok((entry, false)),
                    None => return Err(unavailable("the store's own records have changed meanwhile")),
                },
                Err(error) if error.kind() == Kind::Unavailable => error,
                Err(error) => return Err(error),
            };
            in_doubt |= error.applied() == Applied::Unknown;
            if !in_doubt {
                return Err(error);
            }
            let pause = backoff.pause();
            if Instant::now() + pause >= deadline {
                return Err(error);
            }
            sleep(pause).await;
        }
    }

    /// Deletes every slot of this client, and its run; as far as the store can be had.
    pub(super) async fn delete_slots(&self, session: &Session) {
        let prefix = slots_prefix(self.config.client_state.client());
        let left = match self.server.list(Room::Own, &prefix).await {
            Ok(snapshot) => snapshot.entries,
            Err(error) => return tracing::debug!(%error, "the slots of this client stay"),
        };
        for some in left.chunks(DELETED_AT_ONCE) {
            let own = some.iter().fold(session.fence(), |txn, slot| txn.delete(slot.key.clone()));
            if let Err(error) = self.server.attempt(&Attempt { entries: Txn::new(), own }).await {
                return tracing::debug!(%error, "the slots of this client stay");
            }
        }
    }

    /// Raises the epoch and marks the store as suspect, so that every other client stops too; tells what to do.
    pub(super) async fn suspect(&self, record: &IdentityRecord, at: Revision, why: &'static str) -> Error {
        let mut identity = record.identity.clone();
        identity.epoch += 1;
        let marked = IdentityRecord { identity: identity.clone(), suspect: true };
        let mark = Txn::new().unchanged(identity_key(), at).put(identity_key(), marked.to_bytes());
        match self.write_own(identity_key(), mark).await {
            Ok(_) => {
                tracing::error!(store = %identity.id, why, "the store went back in time; it is marked as suspect");
            }
            Err(error) => {
                tracing::error!(store = %identity.id, why, %error, "the store went back in time; it could not be marked");
            }
        }
        suspected(&identity).with_context("because", why)
    }
}

/// Puts a slot, if it was last written then, or is absent.
pub(super) fn guarded_put(key: &Key, last: Option<Revision>, record: &SlotRecord) -> Txn {
    let txn = match last {
        Some(revision) => Txn::new().unchanged(key.clone(), revision),
        None => Txn::new().absent(key.clone()),
    };
    txn.put(key.clone(), record.to_bytes())
}

pub(super) fn replaced(message: impl Into<String>) -> Error {
    Error::new(Kind::Replaced, message.into())
}

pub(super) fn wiped(known: &Identity) -> Error {
    replaced(format!(
        "the store is empty, and this client knows it as store {} in epoch {}; nothing is written to it. Restore \
         it, or begin anew with `netkeep store accept`",
        known.id, known.epoch
    ))
}

pub(super) fn suspected(identity: &Identity) -> Error {
    replaced(format!(
        "store {} went back in time: it was restored from an older state or written to by a stranger. Nobody writes \
         until somebody has looked and run `netkeep store accept`",
        identity.id
    ))
}

pub(super) fn unavailable(message: &'static str) -> Error {
    debug_assert_eq!(Error::new(Kind::Unavailable, message).applied(), Applied::No);
    Error::new(Kind::Unavailable, message)
}
