//! Stores that are not what they were, and clients that are not alone.

use std::sync::Arc;
use std::time::Duration;

use netkeep_store::remote::{Accepted, ClientState, RemoteConfig, RemoteStore, accept};
use netkeep_store::{Key, Kind, Prefix, Store, Txn, WatchFrom, WatchItem};
use netkeep_store_conformance::estranged::Kept;

use crate::servers::{Data, Servers};

fn open(servers: &Servers, state: &Arc<Kept>) -> RemoteStore {
    let config = RemoteConfig {
        client_state: Arc::clone(state) as Arc<dyn ClientState>,
        settle: Duration::from_millis(400),
        refresh: Duration::from_millis(40),
        ..RemoteConfig::default()
    };
    RemoteStore::open(servers.server(), config)
}

fn put(value: &str) -> Txn {
    Txn::new().put(Key::parse("k").unwrap(), value.to_owned())
}

async fn refused(store: &RemoteStore, kind: Kind, says: &str) {
    for _ in 0..500 {
        if let Err(error) = store.commit(&put("late")).await {
            assert_eq!(error.kind(), kind, "{error:?}");
            assert!(error.to_string().contains(says), "{error}");
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the store was never refused");
}

async fn taken(store: &RemoteStore) {
    for _ in 0..500 {
        if store.commit(&put("again")).await.is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the store was never taken again");
}

async fn older_and_newer() -> (Servers, Data, RemoteStore, Arc<Kept>) {
    let servers = Servers::new();
    let state = Kept::new();
    let store = open(&servers, &state);
    store.commit(&put("1")).await.unwrap();
    let older = servers.data();
    store.commit(&put("2")).await.unwrap();
    (servers, older, store, state)
}

#[tokio::test]
async fn a_restored_store_is_marked_and_every_client_stops_until_it_is_accepted() {
    let (servers, older, store, _state) = older_and_newer().await;
    let other = open(&servers, &Kept::new());
    other.commit(&put("3")).await.unwrap();
    let mut watch = store.watch(&Prefix::root(), WatchFrom::Snapshot).await.unwrap();
    assert!(matches!(watch.next().await.unwrap(), WatchItem::Reset(_)));

    servers.restore(older);
    refused(&store, Kind::Replaced, "netkeep store accept").await;
    refused(&other, Kind::Replaced, "netkeep store accept").await;
    assert_eq!(store.get(&Key::parse("k").unwrap()).await.unwrap_err().kind(), Kind::Replaced);
    loop {
        match watch.next().await {
            Ok(_) => {}
            Err(error) => break assert_eq!(error.kind(), Kind::Replaced),
        }
    }
    let newcomer = RemoteStore::open(servers.server(), RemoteConfig::default());
    assert_eq!(newcomer.commit(&put("new")).await.unwrap_err().kind(), Kind::Replaced);

    let server = servers.server();
    let accepted = accept(&*server, None).await.unwrap();
    assert!(matches!(accepted, Accepted::Again(_)), "{accepted:?}");
    assert!(matches!(accept(&*server, None).await.unwrap(), Accepted::Already(_)));
    taken(&store).await;
    taken(&other).await;
    assert_eq!(store.status().await.unwrap().identity, *accepted.identity());
}

#[tokio::test]
async fn a_store_restored_while_the_client_was_down_is_found_at_its_start() {
    let (servers, older, store, state) = older_and_newer().await;
    store.commit(&put("3")).await.unwrap();
    // Until what is kept is as new as the store.
    let newest = store.status().await.unwrap().revision;
    while state.known().await.unwrap().unwrap().newest < newest {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    store.close().await.unwrap();
    servers.restore(older);
    refused(&open(&servers, &state), Kind::Replaced, "went back").await;
}

#[tokio::test]
async fn a_wiped_store_gets_nothing_written_until_it_is_accepted() {
    let (servers, _, store, state) = older_and_newer().await;
    let identity = store.status().await.unwrap().identity;
    servers.restore(Data::default());
    refused(&store, Kind::Replaced, "empty").await;
    refused(&open(&servers, &state), Kind::Replaced, &identity.id.to_string()).await;
    assert!(servers.own_keys().is_empty(), "something was written to a wiped store");

    let accepted = accept(&*servers.server(), Some(&identity)).await.unwrap();
    assert!(matches!(accepted, Accepted::Anew(_)), "{accepted:?}");
    assert_eq!(accepted.identity().id, identity.id);
    taken(&store).await;
}

#[tokio::test]
async fn a_wiped_store_is_said_to_be_empty_to_who_has_committed_nothing() {
    let servers = Servers::new();
    let state = Kept::new();
    let store = open(&servers, &state);
    assert!(store.get(&Key::parse("k").unwrap()).await.unwrap().is_none());
    servers.restore(Data::default());
    refused(&store, Kind::Replaced, "the store is empty").await;
}

#[tokio::test]
async fn a_foreign_store_is_refused_and_left_alone() {
    let (_, _, store, state) = older_and_newer().await;
    store.close().await.unwrap();
    let (elsewhere, _, _, _) = older_and_newer().await;
    let before = elsewhere.own_keys();
    refused(&open(&elsewhere, &state), Kind::Replaced, "knows store").await;
    assert_eq!(elsewhere.own_keys(), before);
}

#[tokio::test]
async fn of_two_processes_with_one_id_the_earlier_stops_and_nobody_else() {
    let servers = Servers::new();
    let state = Kept::new();
    let (earlier, other) = (open(&servers, &state), open(&servers, &Kept::new()));
    earlier.commit(&put("1")).await.unwrap();
    other.commit(&put("2")).await.unwrap();
    let later = open(&servers, &state);
    later.commit(&put("3")).await.unwrap();
    refused(&earlier, Kind::Closed, "id of this client").await;
    other.commit(&put("4")).await.unwrap();
    later.commit(&put("5")).await.unwrap();
    // Nor does the one that has stopped take the other's place again.
    tokio::time::sleep(Duration::from_millis(120)).await;
    later.commit(&put("6")).await.unwrap();
}

#[tokio::test]
async fn a_store_with_entries_and_no_identity_is_not_taken() {
    let (servers, _, store, _) = older_and_newer().await;
    store.close().await.unwrap();
    servers.restore(servers.data().without_own());
    let stranger = RemoteStore::open(servers.server(), RemoteConfig::default());
    refused(&stranger, Kind::Replaced, "holds entries").await;
}

#[tokio::test]
async fn a_client_begins_while_the_servers_are_away() {
    let servers = Servers::new();
    servers.go_away(true);
    let store = RemoteStore::open(servers.server(), RemoteConfig::default());
    assert_eq!(store.get(&Key::parse("k").unwrap()).await.unwrap_err().kind(), Kind::Unavailable);
    servers.go_away(false);
    store.commit(&put("1")).await.unwrap();
}
