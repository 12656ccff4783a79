//! All layers together, in their order.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::super::fault::{Fault, FaultStore};
use super::super::{Deadlines, LayerConfig, Operation, RetryPolicy, stack};
use super::{key, prefix};
use crate::{Kind, Store, StoreExt, Txn};

#[tokio::test(start_paused = true)]
async fn a_deadline_is_of_one_attempt_and_an_operation_is_counted_once() {
    let never = Arc::new(Semaphore::new(0));
    let below = FaultStore::new([Fault::Gate(never), Fault::Refused(Kind::Unavailable)]);
    let config = LayerConfig { namespace: prefix("ns"), ..LayerConfig::default() };
    let (store, metrics) = stack(Arc::<FaultStore>::clone(&below), &config);

    store.get(&key("a")).await.unwrap();
    assert_eq!(below.calls(), 3, "a read is tried again after its deadline");
    let get = &metrics.snapshot().operations[0];
    assert_eq!((get.calls, get.succeeded, get.retries), (1, 1, 2));
    assert_eq!(metrics.attempts(Operation::Get), 3);
    assert!(get.latency.sum >= Deadlines::default().read, "what the caller waited");

    store.create(key("a"), "1").await.unwrap();
    assert!(below.get(&key("ns/a")).await.unwrap().is_some());
    assert_eq!((metrics.commits(), metrics.commit_attempts()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_commit_that_timed_out_is_not_tried_again() {
    let never = Arc::new(Semaphore::new(0));
    let below = FaultStore::new([Fault::Gate(never)]);
    let config = LayerConfig {
        deadlines: Deadlines { commit: Duration::from_secs(1), ..Deadlines::default() },
        retry: RetryPolicy { attempts: 9, ..RetryPolicy::default() },
        ..LayerConfig::default()
    };
    let (store, metrics) = stack(Arc::<FaultStore>::clone(&below), &config);
    let error = store.commit(&Txn::new().put(key("a"), "")).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unavailable);
    assert_eq!((below.calls(), metrics.commit_attempts(), metrics.commits()), (1, 1, 0));
}

#[tokio::test]
async fn the_whole_store_needs_no_namespace() {
    let below = FaultStore::new([]);
    let (store, _) = stack(Arc::<FaultStore>::clone(&below), &LayerConfig::default());
    store.create(key("a"), "1").await.unwrap();
    assert!(below.get(&key("a")).await.unwrap().is_some());
    assert_eq!(store.info(), below.info());
}
