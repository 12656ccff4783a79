//! Leases: sessions that somebody keeps.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use netkeep_store::{Error, Kind, LeaseId, Result};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout_at};
use zookeeper_client::{Client, Error as Zk, SessionState, StateWatcher};

use crate::ZooKeeperConfig;
use crate::error::{no_answer, writing};
use crate::link::Link;
use crate::read::{barrier, lease_of};

/// The leases that were granted.
#[derive(Debug, Default)]
pub(crate) struct Leases(Mutex<HashMap<LeaseId, Arc<Held>>>);

/// One lease: a session of its own, since what goes with a session goes when it ends.
///
/// The client keeps its session alive by itself, whether somebody renews the lease or not; so the session is closed
/// here when the time of the lease is over. That the session lasts a little longer than the lease covers the other
/// end: while the servers cannot be had the entries stay for at least the time of the lease.
pub(crate) struct Held {
    session: i64,
    ttl: Duration,
    /// `None` once the lease has ended.
    client: Mutex<Option<Client>>,
    state: StateWatcher,
    ends: watch::Sender<Instant>,
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held").field("session", &self.session).field("ttl", &self.ttl).finish_non_exhaustive()
    }
}

impl Held {
    pub(crate) fn session(&self) -> i64 {
        self.session
    }

    /// The session of the lease once it is connected: what is sent while it is not would be executed whenever it is
    /// again.
    ///
    /// Cancel safe.
    pub(crate) async fn client(&self, deadline: Instant) -> Result<Client> {
        let client = self.lock().clone().ok_or_else(lost)?;
        let mut states = client.state_watcher();
        let connected = async {
            loop {
                match client.state() {
                    SessionState::SyncConnected => return Ok(client.clone()),
                    state if state.is_terminated() => return Err(lost()),
                    _ => drop(states.changed().await),
                }
            }
        };
        let late = |_| Error::new(Kind::Unavailable, "the session of the lease is not connected");
        timeout_at(deadline, connected).await.map_err(late)?
    }

    /// Ends the lease: the session is closed as soon as the servers can be had.
    fn end(&self) {
        drop(self.lock().take());
    }

    fn has_ended(&self) -> bool {
        self.lock().is_none() || self.state.peek_state().is_terminated()
    }

    fn renew(&self) {
        self.ends.send_replace(Instant::now() + self.ttl);
    }

    fn lock(&self) -> MutexGuard<'_, Option<Client>> {
        self.client.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Leases {
    pub(crate) fn get(&self, id: &LeaseId) -> Result<Arc<Held>> {
        self.lock().get(id).cloned().ok_or_else(lost)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<LeaseId, Arc<Held>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends all of them, and tells how to learn that they have.
    pub(crate) fn end_all(&self) -> Vec<StateWatcher> {
        let all = std::mem::take(&mut *self.lock());
        let ended = all.into_values().map(|held| {
            held.end();
            held.state.clone()
        });
        ended.collect()
    }

    pub(crate) async fn grant(self: &Arc<Self>, link: &Link, ttl: Duration) -> Result<LeaseId> {
        let client = link.door.any(ttl + ZooKeeperConfig::LEASE_MARGIN).await?;
        let given = client.session_timeout();
        if given < ttl {
            return Err(Error::invalid(format!(
                "a lease of {ttl:?} is longer than the servers let a session be ({given:?}); raise maxSessionTimeout \
                 there, or lower lease-max here"
            )));
        }
        let session = client.session_id().0;
        let id =
            lease_of(session).ok_or_else(|| Error::new(Kind::Unexpected, "the session has no number"))?;
        let held = Arc::new(Held {
            session,
            ttl,
            state: client.state_watcher(),
            client: Mutex::new(Some(client)),
            ends: watch::Sender::new(Instant::now() + ttl),
        });
        let mut leases = self.lock();
        if link.is_closed() {
            return Err(crate::error::closed());
        }
        leases.insert(id.clone(), Arc::clone(&held));
        tokio::spawn(end_in_time(Arc::clone(self), id.clone(), held));
        Ok(id)
    }

    pub(crate) async fn keep_alive(&self, link: &Link, id: &LeaseId) -> Result<()> {
        let held = self.get(id)?;
        let within = link.door.request_timeout();
        let deadline = Instant::now() + within;
        let client = held.client(deadline).await?;
        let mark = link.layout.mark();
        // Only what the servers agree on shows that the session is there: one of them may have been left behind.
        let asked = match timeout_at(deadline, barrier(&client, &mark)).await {
            Ok(asked) => asked,
            Err(_) => return Err(no_answer(within)),
        };
        drop(client);
        match asked {
            Ok(()) if held.has_ended() => Err(lost()),
            Ok(()) => {
                held.renew();
                Ok(())
            }
            Err(Zk::SessionExpired | Zk::ClientClosed) => Err(lost()),
            Err(error) => Err(writing(error)),
        }
    }

    pub(crate) async fn revoke(&self, link: &Link, id: &LeaseId) -> Result<()> {
        let held = self.get(id)?;
        if held.state.peek_state() == SessionState::Expired {
            self.forget(id, &held);
            return Err(lost());
        }
        held.end();
        let within = link.door.request_timeout();
        if !ended(held.state.clone(), Instant::now() + within).await {
            return Err(no_answer(within).with_unknown_outcome());
        }
        self.forget(id, &held);
        Ok(())
    }

    fn forget(&self, id: &LeaseId, held: &Held) {
        held.end();
        self.lock().remove(id);
    }
}

/// Ends a lease when nobody has renewed it, or when its session is gone.
async fn end_in_time(leases: Arc<Leases>, id: LeaseId, held: Arc<Held>) {
    let mut renewed = held.ends.subscribe();
    let mut states = held.state.clone();
    loop {
        let ends = *renewed.borrow_and_update();
        if Instant::now() >= ends || held.has_ended() {
            break;
        }
        tokio::select! {
            () = sleep_until(ends) => {}
            changed = renewed.changed() => if changed.is_err() { break },
            _ = states.changed() => {}
        }
    }
    leases.forget(&id, &held);
}

/// Waits until a session that was closed is gone; false if it is not in time.
pub(crate) async fn ended(mut state: StateWatcher, deadline: Instant) -> bool {
    let gone = async {
        while !state.peek_state().is_terminated() {
            state.changed().await;
        }
    };
    timeout_at(deadline, gone).await.is_ok()
}

fn lost() -> Error {
    Error::new(Kind::LeaseLost, "the lease has ended, or was not granted here")
}
