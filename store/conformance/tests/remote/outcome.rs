//! What became of a commit whose answer was lost.

use std::sync::Arc;
use std::time::Duration;

use netkeep_store::remote::{RemoteConfig, RemoteStore};
use netkeep_store::{Applied, Key, Kind, Store, Txn};
use tokio::time::Instant;

use crate::servers::Servers;

fn key(text: &str) -> Key {
    Key::parse(text).unwrap()
}

fn config() -> RemoteConfig {
    RemoteConfig { settle: Duration::from_millis(400), ..RemoteConfig::default() }
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_told_as_it_is() {
    let servers = Servers::new();
    let store = RemoteStore::open(servers.server(), config());
    store.commit(&Txn::new().put(key("warm"), "")).await.unwrap();
    for round in 0..20 {
        servers.lose_answers(1 + round % 3);
        let name = key(&format!("k/{round}"));
        let revision = store.commit(&Txn::new().absent(name.clone()).put(name.clone(), "v")).await.unwrap();
        assert_eq!(store.get(&name).await.unwrap().unwrap().revision, revision);
        servers.lose_answers(1);
        store.commit(&Txn::new().unchanged(name.clone(), revision).delete(name.clone())).await.unwrap();
        assert!(store.get(&name).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn what_was_refused_and_lost_is_a_failure_that_may_be_repeated() {
    let servers = Servers::new();
    let store = RemoteStore::open(servers.server(), config());
    store.commit(&Txn::new().put(key("k"), "first")).await.unwrap();
    servers.lose_answers(1);
    let error = store.commit(&Txn::new().absent(key("k")).put(key("k"), "second")).await.unwrap_err();
    assert_eq!((error.kind(), error.applied()), (Kind::Unavailable, Applied::No));
    assert!(error.is_retryable());
    assert_eq!(&*store.get(&key("k")).await.unwrap().unwrap().value, b"first");
}

#[tokio::test]
async fn what_a_frozen_server_executes_late_was_overtaken() {
    let servers = Servers::new();
    let store = Arc::new(RemoteStore::open(servers.server(), config()));
    store.commit(&Txn::new().put(key("k"), "0")).await.unwrap();

    // Thawed after the caller was told: honestly unknown, and found out afterwards.
    servers.freeze();
    let error = store.commit(&Txn::new().put(key("k"), "1")).await.unwrap_err();
    assert_eq!((error.kind(), error.applied()), (Kind::Unavailable, Applied::Unknown));
    assert_eq!(servers.thaw(), 1);
    assert_eq!(&*store.get(&key("k")).await.unwrap().unwrap().value, b"1");
    store.commit(&Txn::new().put(key("k"), "2")).await.unwrap();
    assert_eq!(&*store.get(&key("k")).await.unwrap().unwrap().value, b"2");

    // The attempt is taken in and its slot overwritten before it is executed: it never is.
    servers.freeze();
    let late = {
        let store = Arc::clone(&store);
        tokio::spawn(async move { store.commit(&Txn::new().put(key("k"), "3")).await })
    };
    servers.frozen(1).await;
    let kept = servers.keep_frozen();
    let told = late.await.unwrap().unwrap_err();
    assert_eq!((told.kind(), told.applied()), (Kind::Unavailable, Applied::No));
    assert_eq!(servers.execute(&kept), 0, "a commit that was said not to have happened has happened");
    assert_eq!(&*store.get(&key("k")).await.unwrap().unwrap().value, b"2");
}

/// Whoever waits for what cannot be had is told so, and decides by itself how long it goes on trying; also while
/// another commit seeks its outcome, and a slot would have to be made.
#[tokio::test(start_paused = true)]
async fn a_commit_that_was_not_sent_is_refused_at_once() {
    let servers = Servers::new();
    let store = Arc::new(RemoteStore::open(servers.server(), RemoteConfig::default()));
    store.commit(&Txn::new().put(key("k"), "0")).await.unwrap();
    servers.freeze();
    let lost = {
        let store = Arc::clone(&store);
        tokio::spawn(async move { store.commit(&Txn::new().put(key("k"), "1")).await })
    };
    servers.frozen(1).await;
    servers.go_away(true);
    let begun = Instant::now();
    let error = store.commit(&Txn::new().put(key("other"), "2")).await.unwrap_err();
    assert_eq!((error.kind(), error.applied()), (Kind::Unavailable, Applied::No), "{error:?}");
    assert_eq!(begun.elapsed(), Duration::ZERO, "it waited though nothing was on its way");
    assert_eq!(lost.await.unwrap().unwrap_err().applied(), Applied::Unknown);
}

#[tokio::test(start_paused = true)]
async fn no_increment_is_lost_or_doubled_while_answers_are() {
    const TASKS: u64 = 8;
    const EACH: u64 = 50;
    let servers = Servers::new();
    servers.lose_each(3);
    let tasks = (0..TASKS).map(|_| {
        let store = RemoteStore::open(servers.server(), RemoteConfig::default());
        tokio::spawn(async move {
            let mut done = 0;
            while done < EACH {
                let found = store.get(&key("n")).await.unwrap();
                let (txn, n) = match &found {
                    None => (Txn::new().absent(key("n")), 0),
                    Some(entry) => (
                        Txn::new().unchanged(key("n"), entry.revision),
                        std::str::from_utf8(&entry.value).unwrap().parse::<u64>().unwrap(),
                    ),
                };
                match store.commit(&txn.put(key("n"), (n + 1).to_string())).await {
                    Ok(_) => done += 1,
                    Err(error) => assert_eq!(error.applied(), Applied::No, "{error:?}"),
                }
            }
            store.close().await.unwrap();
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    servers.lose_each(0);
    let store = RemoteStore::open(servers.server(), RemoteConfig::default());
    let entry = store.get(&key("n")).await.unwrap().unwrap();
    assert_eq!(std::str::from_utf8(&entry.value).unwrap(), (TASKS * EACH).to_string());
    store.close().await.unwrap();
    assert_eq!(servers.own_keys(), ["meta/store"], "a client that is gone has left slots");
}
