//! Metrics: every call is counted once, with its end.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::super::fault::{Fault, FaultStore};
use super::super::{Metrics, Operation, OperationMetrics, StoreMetrics};
use super::key;
use crate::{Kind, Prefix, Store, StoreExt, Txn, WatchFrom};

fn counted(faults: impl IntoIterator<Item = Fault>) -> (Metrics, Arc<StoreMetrics>) {
    let metrics = Arc::new(StoreMetrics::new());
    (Metrics::new(FaultStore::new(faults), Arc::clone(&metrics)), metrics)
}

fn of(metrics: &StoreMetrics, operation: Operation) -> OperationMetrics {
    metrics.snapshot().operations.into_iter().find(|found| found.operation == operation).unwrap()
}

#[tokio::test]
async fn commits_are_counted_by_their_end() {
    let (store, metrics) = counted([]);
    let first = store.create(key("a"), "1").await.unwrap();
    store.commit(&Txn::new().unchanged(key("a"), first).put(key("b"), "").delete(key("c"))).await.unwrap();
    store.create(key("a"), "1").await.unwrap_err();
    store.commit(&Txn::new()).await.unwrap_err();

    let snapshot = metrics.snapshot();
    assert_eq!((metrics.commits(), snapshot.commits), (2, 2));
    assert_eq!((snapshot.keys_written, snapshot.conflicts, snapshot.in_flight), (3, 1, 0));
    assert_eq!(metrics.commit_attempts(), 4);
    let commit = of(&metrics, Operation::Commit);
    assert_eq!(commit.errors, [(Kind::Conflict, 1), (Kind::Invalid, 1)]);
    assert_eq!((commit.calls, commit.latency.count()), (4, 4));
}

#[tokio::test]
async fn what_runs_is_in_flight_and_what_was_dropped_is_abandoned() {
    let gate = Arc::new(Semaphore::new(0));
    let (store, metrics) = counted([Fault::Gate(gate)]);
    let key = key("a");
    let mut reading = store.get(&key);
    assert!(tokio::time::timeout(Duration::ZERO, &mut reading).await.is_err());
    assert_eq!(metrics.snapshot().in_flight, 1);
    drop(reading);
    let get = of(&metrics, Operation::Get);
    assert_eq!((get.calls, get.in_flight, get.abandoned, get.latency.count()), (1, 0, 1, 0));
}

#[tokio::test]
async fn every_operation_has_its_counter() {
    let (store, metrics) = counted([]);
    let lease = store.grant(Duration::from_secs(10)).await.unwrap().id;
    store.keep_alive(&lease).await.unwrap();
    store.revoke(&lease).await.unwrap();
    store.get(&key("a")).await.unwrap();
    store.list(&Prefix::root()).await.unwrap();
    store.create(key("a"), "").await.unwrap();
    store.status().await.unwrap();
    let mut watch = store.watch(&Prefix::root(), WatchFrom::Snapshot).await.unwrap();
    watch.next().await.unwrap();
    store.create(key("b"), "").await.unwrap();
    watch.next().await.unwrap();
    let snapshot = metrics.snapshot();
    assert_eq!((snapshot.watches, snapshot.watch_items, snapshot.watch_resets), (1, 2, 1));
    drop(watch);
    assert_eq!(metrics.snapshot().watches, 0);
    store.close().await.unwrap();

    for operation in metrics.snapshot().operations {
        let expected = if operation.operation == Operation::Commit { 2 } else { 1 };
        assert_eq!((operation.calls, operation.succeeded), (expected, expected), "{}", operation.operation);
    }
}
