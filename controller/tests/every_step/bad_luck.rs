//! A store that loses commits, is away, and is written by somebody else.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use netkeep_store::{
    Entry, Error, Guard, Key, Kind, Lease, LeaseId, Prefix, Result, Revision, Snapshot, Status, Store,
    StoreInfo, Txn, Watch, WatchFrom,
};

/// What happens to one commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bad {
    /// It fails, and says so.
    Fail,
    /// It happens, and the store says that it does not know.
    Applied,
    /// It never happens, and the store says that it does not know.
    Lost,
    /// The store says that it does not know; it happens after this many further calls.
    Late(u8),
    /// As `Applied`, and then the store is away.
    AppliedAndAway,
    /// As `Lost`, and then the store is away.
    LostAndAway,
    /// As `Late`, and the store is away before it happens.
    LateAndAway(u8),
    /// Somebody else writes what this one of its guards is about, just before it.
    Met(usize),
    /// Somebody else does so before it and before every later commit, until the store is back.
    Besieged,
}

/// A store with bad luck.
#[derive(Clone, Debug)]
pub(crate) struct Unlucky {
    inner: Arc<dyn Store>,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    /// How many commits come before the next bad one, and what that one is.
    next: Option<(usize, Bad)>,
    /// How many guards each commit had that somebody else can break.
    guards: Vec<usize>,
    besieged: bool,
    late: Option<(u8, Txn)>,
    away: bool,
}

impl Unlucky {
    pub(crate) fn new(inner: Arc<dyn Store>) -> Self {
        Self { inner, state: Arc::default() }
    }

    /// What happens to the commit number `at`, from 0, of those from now on.
    pub(crate) fn strike(&self, at: usize, bad: Bad) {
        *self.state() = State { next: Some((at, bad)), ..State::default() };
    }

    /// True if it has happened.
    pub(crate) fn has_struck(&self) -> bool {
        self.state().next.is_none()
    }

    /// The store is back. Answers how many commits came in since it was set up.
    pub(crate) fn back(&self) -> usize {
        let mut state = self.state();
        state.away = false;
        state.besieged = false;
        state.guards.len()
    }

    /// How many guards each commit had, since it was set up, that somebody else can break.
    pub(crate) fn guards(&self) -> Vec<usize> {
        self.state().guards.clone()
    }

    /// Somebody else writes the same once more.
    async fn meet(&self, txn: &Txn, guard: usize) {
        let key = breakable(txn).nth(guard).expect("it has so many guards");
        let found = self.inner.get(key).await.unwrap();
        // A commit that is to fail anyway may guard what is gone.
        if let Some(found) = found {
            self.inner.commit(&Txn::new().put(key.clone(), found.value)).await.unwrap();
        }
    }

    async fn begin(&self) -> Result<()> {
        let due = {
            let mut state = self.state();
            if state.away {
                return Err(Error::new(Kind::Unavailable, "the store is away"));
            }
            match &mut state.late {
                Some((0, _)) => state.late.take().map(|(_, txn)| txn),
                Some((calls, _)) => {
                    *calls -= 1;
                    None
                }
                None => None,
            }
        };
        if let Some(txn) = due {
            // It comes too late for an answer.
            let _ = self.inner.commit(&txn).await;
        }
        Ok(())
    }

    fn luck(&self, txn: &Txn) -> Option<Bad> {
        let mut state = self.state();
        state.guards.push(breakable(txn).count());
        if state.besieged {
            return Some(Bad::Besieged);
        }
        match &mut state.next {
            Some((0, bad)) => {
                let bad = *bad;
                state.next = None;
                state.away = matches!(bad, Bad::AppliedAndAway | Bad::LostAndAway | Bad::LateAndAway(_));
                state.besieged = bad == Bad::Besieged;
                if let Bad::Late(calls) | Bad::LateAndAway(calls) = bad {
                    state.late = Some((calls, txn.clone()));
                }
                Some(bad)
            }
            Some((left, _)) => {
                *left -= 1;
                None
            }
            None => None,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What somebody else can write so that a guard is broken.
fn breakable(txn: &Txn) -> impl Iterator<Item = &Key> {
    txn.guards().iter().filter(|guard| matches!(guard, Guard::Unchanged(..))).map(Guard::key)
}

#[async_trait]
impl Store for Unlucky {
    fn info(&self) -> &StoreInfo {
        self.inner.info()
    }

    async fn get(&self, key: &Key) -> Result<Option<Entry>> {
        self.begin().await?;
        self.inner.get(key).await
    }

    async fn list(&self, prefix: &Prefix) -> Result<Snapshot> {
        self.begin().await?;
        self.inner.list(prefix).await
    }

    async fn commit(&self, txn: &Txn) -> Result<Revision> {
        self.begin().await?;
        match self.luck(txn) {
            None => return self.inner.commit(txn).await,
            Some(Bad::Met(guard)) => {
                self.meet(txn, guard).await;
                return self.inner.commit(txn).await;
            }
            Some(Bad::Besieged) => {
                // Not the record of the host, which only its run writes.
                if let Some(last) = breakable(txn).count().checked_sub(1).filter(|last| *last > 0) {
                    self.meet(txn, last).await;
                }
                return self.inner.commit(txn).await;
            }
            Some(Bad::Fail) => return Err(Error::new(Kind::Unexpected, "it failed")),
            Some(Bad::Applied | Bad::AppliedAndAway) => drop(self.inner.commit(txn).await?),
            Some(Bad::Lost | Bad::Late(_) | Bad::LostAndAway | Bad::LateAndAway(_)) => {}
        }
        Err(Error::new(Kind::Unavailable, "no answer").with_unknown_outcome())
    }

    async fn watch(&self, prefix: &Prefix, from: WatchFrom) -> Result<Watch> {
        self.inner.watch(prefix, from).await
    }

    async fn grant(&self, ttl: Duration) -> Result<Lease> {
        self.inner.grant(ttl).await
    }

    async fn keep_alive(&self, id: &LeaseId) -> Result<()> {
        self.inner.keep_alive(id).await
    }

    async fn revoke(&self, id: &LeaseId) -> Result<()> {
        self.inner.revoke(id).await
    }

    async fn status(&self) -> Result<Status> {
        self.inner.status().await
    }

    async fn close(&self) -> Result<()> {
        self.inner.close().await
    }
}
