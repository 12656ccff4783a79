//! A process that holds a lock, stands still for longer than its lease, and wakes.

use std::process::{Child, Command};
use std::sync::Arc;
use std::time::Duration;

use netkeep_store::{Key, Kind, Store, Txn};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::time::{Instant, sleep};

use crate::given::{commit, grant, key, long_ttl, read};
use crate::wait::until;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(120);
/// So many refusals are waited for after the holder has woken.
const REFUSALS: usize = 50;
/// What the holder writes under its lock.
const WORK: &str = "holder/work";

/// What became of a lock whose holder stood still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fenced {
    /// How long the lock has outlived the last moment at which its holder ran.
    pub outlived: Duration,
    /// How many writes of the holder were refused once it ran again. None was accepted.
    pub refused: usize,
}

/// A process that is gone when this is.
struct Process(Child);

impl Process {
    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.0.id()).expect("a process id fits");
        kill(Pid::from_raw(pid), signal).expect("the holder runs");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts `holder`, a process that calls [`hold`] with the same lock and `ttl`; freezes it (SIGSTOP) for three times
/// `ttl`, meanwhile waits for the end of its lock and takes the lock; wakes it (SIGCONT), and sees that none of its
/// writes is accepted any more.
///
/// Cancellation: the process is ended; what was written stays.
///
/// # Panics
///
/// If one is, or if the lock outlives its renewals by more than
/// [`Limits::lease_slack`](netkeep_store::Limits::lease_slack).
pub async fn fence(store: &Arc<dyn Store>, lock: &Key, ttl: Duration, mut holder: Command) -> Fenced {
    let holder = Process(holder.spawn().expect("the holder can be started"));
    until("the holder works", PATIENCE, || async { read(store, &key(WORK)).await.is_some() }).await;
    holder.signal(Signal::SIGSTOP);
    let stopped = Instant::now();
    until("the lock ends", PATIENCE, || async { read(store, lock).await.is_none() }).await;
    let outlived = stopped.elapsed();
    let slack = store.info().limits.lease_slack;
    assert!(
        outlived <= ttl + slack,
        "the lock has outlived its renewals by {outlived:?}, not {ttl:?} and {slack:?}"
    );

    let lease = grant(store, long_ttl(store)).await;
    let take = Txn::new().absent(lock.clone()).put_leased(lock.clone(), "next", &lease.id);
    let token = commit(store, &take).await;
    let ours = commit(store, &Txn::new().unchanged(lock.clone(), token).put(key(WORK), "next")).await;
    sleep((ttl * 3).saturating_sub(stopped.elapsed())).await;

    holder.signal(Signal::SIGCONT);
    let last = refusal(REFUSALS);
    until("the old holder tries", PATIENCE, || async { read(store, &last).await.is_some() }).await;
    let work = read(store, &key(WORK)).await.expect("it was written");
    assert_eq!((work.revision, &*work.value), (ours, &b"next"[..]), "a stale write was accepted");
    // It may be over by now, on a machine that is slow.
    let _ = store.revoke(&lease.id).await;
    Fenced { outlived, refused: REFUSALS }
}

/// Takes the lock, renews its lease, and writes under its token, whatever the answers are, until it was refused often
/// enough or for two minutes. Run it in a process of its own.
///
/// Cancellation: the lease is renewed until the runtime ends; run it to its end.
///
/// # Panics
///
/// If the lock cannot be had, or a write fails otherwise than by being refused or by servers that are away.
pub async fn hold(store: &Arc<dyn Store>, lock: &Key, ttl: Duration) {
    let lease = grant(store, ttl).await;
    let take = Txn::new().absent(lock.clone()).put_leased(lock.clone(), "old", &lease.id);
    let token = commit(store, &take).await;
    let (renewing, id) = (Arc::clone(store), lease.id.clone());
    let renewing = tokio::spawn(async move {
        loop {
            // That it has ended is seen by the writes.
            let _ = renewing.keep_alive(&id).await;
            sleep(ttl / 6).await;
        }
    });
    let (mut refused, end) = (0, Instant::now() + PATIENCE);
    while refused < REFUSALS && Instant::now() < end {
        match store.commit(&Txn::new().unchanged(lock.clone(), token).put(key(WORK), "old")).await {
            Ok(_) => {}
            Err(error) if error.kind() == Kind::Conflict => {
                refused += 1;
                commit(store, &Txn::new().put(refusal(refused), "")).await;
            }
            Err(error) => assert_eq!(error.kind(), Kind::Unavailable, "{error:?}"),
        }
    }
    renewing.abort();
}

fn refusal(number: usize) -> Key {
    key(&format!("holder/refused-{number}"))
}
