//! Another attempt, where that is sound and may help.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::{Instant, sleep};

use super::Operation;
use crate::{
    Entry, Error, Key, Lease, LeaseId, Prefix, Result, Revision, Snapshot, Status, Store, StoreInfo, Txn,
    Watch, WatchFrom, jitter,
};

/// When an operation is tried again, and when no more.
///
/// Only an error that [is retryable](Error::is_retryable) is followed by another attempt: the store could not be
/// had, and the write, if it was one, certainly did not happen. The pause before attempt *n* + 1 is drawn evenly
/// from zero to `base` × 2ⁿ⁻¹, at most `cap` (full jitter), so that those whom one outage failed do not come back
/// together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Attempts in all, the first one included; 0 counts as 1. Default: 4.
    pub attempts: u32,
    /// The longest pause before the second attempt. Default: 50 ms.
    pub base: Duration,
    /// The longest pause before any attempt. Default: 2 s.
    pub cap: Duration,
    /// No attempt begins later than this after the first one failed. Default: 20 s.
    pub within: Duration,
    /// How many further attempts all operations of this store together may make in each span of
    /// [`per`](RetryPolicy::per). Default: 100.
    pub budget: u32,
    /// The time in which a spent budget is whole again; it grows back evenly. Default: 10 s.
    pub per: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 4,
            base: Duration::from_millis(50),
            cap: Duration::from_secs(2),
            within: Duration::from_secs(20),
            budget: 100,
            per: Duration::from_secs(10),
        }
    }
}

impl RetryPolicy {
    /// The longest pause after `attempts` attempts.
    fn ceiling(&self, attempts: u32) -> Duration {
        jitter::ceiling(self.base, self.cap, attempts.saturating_sub(1))
    }
}

/// Someone who wants to know of further attempts.
pub trait RetryObserver: fmt::Debug + Send + Sync + 'static {
    /// An attempt failed with `error`; another one follows after `pause`.
    fn retrying(&self, operation: Operation, error: &Error, pause: Duration);
}

/// Tries again, as a [`RetryPolicy`] says. [`close`](Store::close) is passed on once.
///
/// A caller that drops the future between two attempts ends the attempts; none was applied then.
#[derive(Debug)]
pub struct Retry {
    inner: Arc<dyn Store>,
    policy: RetryPolicy,
    budget: Mutex<Budget>,
    jitter: fn(Duration) -> Duration,
    observer: Option<Arc<dyn RetryObserver>>,
}

impl Retry {
    /// Tries again on `inner`.
    pub fn new(inner: Arc<dyn Store>, policy: RetryPolicy) -> Self {
        let budget = Mutex::new(Budget { left: f64::from(policy.budget), at: Instant::now() });
        Self { inner, policy, budget, jitter: jitter::full, observer: None }
    }

    /// Draws the pauses with `jitter`, which is given the longest pause; for tests.
    #[must_use]
    pub fn with_jitter(mut self, jitter: fn(Duration) -> Duration) -> Self {
        self.jitter = jitter;
        self
    }

    /// Tells `observer` of every further attempt.
    #[must_use]
    pub fn observed_by(mut self, observer: Arc<dyn RetryObserver>) -> Self {
        self.observer = Some(observer);
        self
    }

    async fn run<T, F>(&self, operation: Operation, attempt: impl Fn() -> F + Send) -> Result<T>
    where
        F: Future<Output = Result<T>> + Send,
    {
        let mut first_failure = None;
        let mut attempts = 1;
        loop {
            let error = match attempt().await {
                Err(error) if error.is_retryable() => error,
                settled => return settled,
            };
            let since = *first_failure.get_or_insert_with(Instant::now);
            let pause = (self.jitter)(self.policy.ceiling(attempts));
            let gave_up = if attempts >= self.policy.attempts {
                Some("no attempts left")
            } else if since.elapsed() + pause > self.policy.within {
                Some("no time left")
            } else if !self.spend() {
                Some("the retry budget of this store is spent")
            } else {
                None
            };
            if let Some(reason) = gave_up {
                return Err(error.with_context("attempts", attempts).with_context("gave up", reason));
            }
            if let Some(observer) = &self.observer {
                observer.retrying(operation, &error, pause);
            }
            tracing::debug!(operation = operation.name(), attempts, ?pause, %error, "trying again");
            sleep(pause).await;
            attempts += 1;
        }
    }

    fn spend(&self) -> bool {
        self.budget.lock().unwrap_or_else(PoisonError::into_inner).spend(&self.policy)
    }
}

/// What is left of the budget.
#[derive(Debug)]
struct Budget {
    left: f64,
    at: Instant,
}

impl Budget {
    fn spend(&mut self, policy: &RetryPolicy) -> bool {
        let full = f64::from(policy.budget);
        let now = Instant::now();
        let passed = now.duration_since(self.at).as_secs_f64();
        let per = policy.per.as_secs_f64();
        let grown = if per > 0.0 { full * passed / per } else { full };
        self.left = (self.left + grown).min(full);
        self.at = now;
        if self.left < 1.0 {
            return false;
        }
        self.left -= 1.0;
        true
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl Store for Retry {
    fn info(&self) -> &StoreInfo {
        self.inner.info()
    }

    async fn get(&self, key: &Key) -> Result<Option<Entry>> {
        self.run(Operation::Get, || self.inner.get(key)).await
    }

    async fn list(&self, prefix: &Prefix) -> Result<Snapshot> {
        self.run(Operation::List, || self.inner.list(prefix)).await
    }

    async fn commit(&self, txn: &Txn) -> Result<Revision> {
        self.run(Operation::Commit, || self.inner.commit(txn)).await
    }

    async fn watch(&self, prefix: &Prefix, from: WatchFrom) -> Result<Watch> {
        self.run(Operation::Watch, || self.inner.watch(prefix, from)).await
    }

    async fn grant(&self, ttl: Duration) -> Result<Lease> {
        self.run(Operation::Grant, || self.inner.grant(ttl)).await
    }

    async fn keep_alive(&self, id: &LeaseId) -> Result<()> {
        self.run(Operation::KeepAlive, || self.inner.keep_alive(id)).await
    }

    async fn revoke(&self, id: &LeaseId) -> Result<()> {
        self.run(Operation::Revoke, || self.inner.revoke(id)).await
    }

    async fn status(&self) -> Result<Status> {
        self.run(Operation::Status, || self.inner.status()).await
    }

    async fn close(&self) -> Result<()> {
        self.inner.close().await
    }
}
