//! Retries: only what is sound, only so often, and never together.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::Instant;

use super::super::fault::{Fault, FaultStore};
use super::super::{Operation, Retry, RetryObserver, RetryPolicy};
use super::key;
use crate::{Applied, Error, Kind, Store, StoreExt};

/// The longest pause, so that the test knows it.
fn longest(ceiling: Duration) -> Duration {
    ceiling
}

fn refused(n: usize) -> impl Iterator<Item = Fault> {
    (0..n).map(|_| Fault::Refused(Kind::Unavailable))
}

#[derive(Debug, Default)]
struct Seen(Mutex<Vec<(Operation, Duration)>>);

impl RetryObserver for Seen {
    fn retrying(&self, operation: Operation, error: &Error, pause: Duration) {
        assert!(error.is_retryable());
        self.0.lock().unwrap().push((operation, pause));
    }
}

#[tokio::test(start_paused = true)]
async fn what_certainly_did_not_happen_is_tried_again_with_growing_pauses() {
    let below = FaultStore::new(refused(3));
    let policy = RetryPolicy { cap: Duration::from_millis(150), ..RetryPolicy::default() };
    let seen = Arc::new(Seen::default());
    let store =
        Retry::new(Arc::<FaultStore>::clone(&below), policy)
            .with_jitter(longest)
            .observed_by(Arc::<Seen>::clone(&seen));
    let begun = Instant::now();
    store.create(key("a"), "1").await.unwrap();
    assert_eq!(below.calls(), 4);
    let pauses = [50, 100, 150].map(Duration::from_millis);
    assert_eq!(*seen.0.lock().unwrap(), pauses.map(|pause| (Operation::Commit, pause)));
    let waited = begun.elapsed();
    let sum: Duration = pauses.iter().sum();
    assert!(waited >= sum && waited < sum + Duration::from_millis(10), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn attempts_are_bounded_and_the_error_says_so() {
    let below = FaultStore::new(refused(9));
    let store = Retry::new(Arc::<FaultStore>::clone(&below), RetryPolicy::default());
    let error = store.get(&key("a")).await.unwrap_err();
    assert_eq!((error.kind(), below.calls()), (Kind::Unavailable, 4));
    assert!(error.to_string().contains("attempts: 4, gave up: no attempts left"), "{error}");

    let never = RetryPolicy { attempts: 0, ..RetryPolicy::default() };
    let store = Retry::new(Arc::<FaultStore>::clone(&below), never);
    assert!(store.status().await.is_err());
    assert_eq!(below.calls(), 5);
}

#[tokio::test(start_paused = true)]
async fn nothing_else_is_tried_again() {
    for kind in [
        Kind::Conflict,
        Kind::LeaseLost,
        Kind::Invalid,
        Kind::TooLarge,
        Kind::Denied,
        Kind::Corrupt,
        Kind::Closed,
        Kind::Replaced,
        Kind::Unexpected,
    ] {
        let below = FaultStore::new([Fault::Refused(kind)]);
        let store = Retry::new(Arc::<FaultStore>::clone(&below), RetryPolicy::default());
        assert_eq!(store.create(key("a"), "").await.unwrap_err().kind(), kind);
        assert_eq!(below.calls(), 1);
    }
    let below = FaultStore::new([Fault::Lost(Kind::Unavailable)]);
    let store = Retry::new(Arc::<FaultStore>::clone(&below), RetryPolicy::default());
    assert_eq!(store.create(key("a"), "").await.unwrap_err().applied(), Applied::Unknown);
    assert_eq!(below.calls(), 1, "a write of unknown outcome");

    let below = FaultStore::new(refused(1));
    let store = Retry::new(Arc::<FaultStore>::clone(&below), RetryPolicy::default());
    assert!(store.close().await.is_err());
    assert_eq!(below.calls(), 1, "close");
}

#[tokio::test(start_paused = true)]
async fn the_time_and_the_budget_end_it_too() {
    let below = FaultStore::new(refused(2));
    let hasty = RetryPolicy { within: Duration::from_millis(40), ..RetryPolicy::default() };
    let store = Retry::new(Arc::<FaultStore>::clone(&below), hasty).with_jitter(longest);
    let error = store.get(&key("a")).await.unwrap_err();
    assert!(error.to_string().contains("attempts: 1, gave up: no time left"), "{error}");

    let below = FaultStore::new(refused(7));
    let poor = RetryPolicy { budget: 2, per: Duration::from_secs(10), ..RetryPolicy::default() };
    let store = Retry::new(Arc::<FaultStore>::clone(&below), poor);
    let error = store.get(&key("a")).await.unwrap_err();
    assert!(error.to_string().contains("attempts: 3, gave up: the retry budget"), "{error}");
    store.get(&key("a")).await.unwrap_err();
    assert_eq!(below.calls(), 4, "the budget is of all operations together");
    tokio::time::advance(Duration::from_secs(6)).await;
    store.get(&key("a")).await.unwrap_err();
    assert_eq!(below.calls(), 6, "half of it has grown back");
}

#[tokio::test(start_paused = true)]
async fn pauses_are_spread_from_zero_to_the_ceiling() {
    let many = RetryPolicy {
        attempts: 101,
        base: Duration::from_millis(100),
        cap: Duration::from_millis(100),
        ..RetryPolicy::default()
    };
    let seen = Arc::new(Seen::default());
    let store = Retry::new(FaultStore::new(refused(100)), many).observed_by(Arc::<Seen>::clone(&seen));
    store.get(&key("a")).await.unwrap();
    let pauses = seen.0.lock().unwrap();
    // Each of these fails once in 4^100 runs or less.
    assert!(pauses.iter().all(|(_, pause)| *pause <= Duration::from_millis(100)));
    assert!(pauses.iter().any(|(_, pause)| *pause < Duration::from_millis(75)));
    assert!(pauses.iter().any(|(_, pause)| *pause > Duration::from_millis(25)));
}
