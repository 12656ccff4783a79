//! A store that was restored while the outcome of a commit was sought: nothing that comes meanwhile hides it.

use std::sync::Arc;
use std::time::Duration;

use netkeep_store::remote::{RemoteConfig, RemoteStore};
use netkeep_store::{Key, Kind, Result, Revision, Store, Txn};
use netkeep_store_conformance::estranged::Kept;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::servers::Servers;

/// A client that never commits by itself while a test runs.
fn open(servers: &Servers) -> Arc<RemoteStore> {
    let config = RemoteConfig {
        client_state: Kept::new(),
        refresh: Duration::from_secs(3600),
        ..RemoteConfig::default()
    };
    Arc::new(RemoteStore::open(servers.server(), config))
}

fn put(value: &str) -> Txn {
    Txn::new().put(Key::parse("k").unwrap(), value.to_owned())
}

/// A commit that the frozen servers have taken in.
async fn lost(servers: &Servers, store: &Arc<RemoteStore>) -> JoinHandle<Result<Revision>> {
    servers.freeze();
    let store = Arc::clone(store);
    let lost = tokio::spawn(async move { store.commit(&put("lost")).await });
    servers.frozen(1).await;
    lost
}

fn assert_replaced(result: &Result<Revision>) {
    let error = result.as_ref().expect_err("a commit was made in a store that was restored");
    assert_eq!(error.kind(), Kind::Replaced, "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn a_commit_looks_at_the_slot_that_is_in_doubt() {
    let servers = Servers::new();
    let store = open(&servers);
    store.commit(&put("1")).await.unwrap();
    let older = servers.data();
    store.commit(&put("2")).await.unwrap();
    let lost = lost(&servers, &store).await;
    servers.keep_frozen();
    servers.restore(older);
    // Its slot is a new one, of which the restored store knows nothing.
    assert_replaced(&store.commit(&put("next")).await);
    assert_replaced(&lost.await.unwrap());
    let found = store.get(&Key::parse("k").unwrap()).await.unwrap_err();
    assert_eq!(found.kind(), Kind::Replaced);
}

#[tokio::test(start_paused = true)]
async fn an_outcome_found_in_a_restored_store_is_none() {
    let servers = Servers::new();
    let (store, stranger) = (open(&servers), open(&servers));
    store.commit(&put("1")).await.unwrap();
    stranger.commit(&put("2")).await.unwrap();
    let older = servers.data();
    let lost = lost(&servers, &store).await;
    servers.keep_frozen();
    // By another slot, which the restored store does not have. No time passes, so the outcome is not sought yet.
    store.commit(&put("acknowledged")).await.unwrap();
    servers.restore(older);
    // Past all that was lost, so that revisions tell nothing.
    for _ in 0..20 {
        stranger.commit(&put("3")).await.unwrap();
    }
    assert_replaced(&lost.await.unwrap());
    sleep(Duration::from_secs(1)).await;
    assert_replaced(&store.commit(&put("next")).await);
    assert_replaced(&stranger.commit(&put("4")).await);
}

#[tokio::test(start_paused = true)]
async fn a_restored_store_is_seen_when_an_outcome_was_sought_too_long() {
    let servers = Servers::new();
    let (store, stranger) = (open(&servers), open(&servers));
    store.commit(&put("1")).await.unwrap();
    stranger.commit(&put("2")).await.unwrap();
    let older = servers.data();
    store.commit(&put("2")).await.unwrap();
    let told = lost(&servers, &store).await.await.unwrap().unwrap_err();
    assert_eq!(told.kind(), Kind::Unavailable, "{told:?}");
    servers.keep_frozen();
    servers.restore(older);
    // Nobody asks; it is seen by who still seeks.
    sleep(Duration::from_secs(10)).await;
    assert_replaced(&stranger.commit(&put("3")).await);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_was_only_away_is_used_on() {
    let servers = Servers::new();
    let store = open(&servers);
    for round in 0..20 {
        store.commit(&put("1")).await.unwrap();
        let lost = lost(&servers, &store).await;
        if round % 2 == 0 {
            servers.thaw();
        } else {
            servers.keep_frozen();
        }
        store.commit(&put("next")).await.unwrap();
        assert_eq!(lost.await.unwrap().is_ok(), round % 2 == 0);
    }
}
