//! A client that is closed before it is known to the store.

use std::sync::Arc;
use std::time::Duration;

use netkeep_store::remote::{ClientState, RemoteConfig, RemoteStore};
use netkeep_store::{Key, Kind, Store, Txn};
use netkeep_store_conformance::estranged::Kept;
use tokio::time::{sleep, timeout};

use crate::servers::Servers;

#[tokio::test(start_paused = true)]
async fn who_is_closed_while_it_makes_itself_known_is_in_nobodys_way() {
    let servers = Servers::new();
    let kept: Arc<dyn ClientState> = Kept::new();
    let open = || {
        let config = RemoteConfig { client_state: Arc::clone(&kept), ..RemoteConfig::default() };
        Arc::new(RemoteStore::open(servers.server(), config))
    };
    let put = Txn::new().put(Key::parse("k").unwrap(), "v");
    let before = open();
    before.commit(&put).await.unwrap();
    before.close().await.unwrap();

    // It says which run it is, hears no answer, and would say it again.
    servers.lose_answers(1);
    let closed = open();
    let asked = tokio::spawn({
        let closed = Arc::clone(&closed);
        async move { closed.get(&Key::parse("k").unwrap()).await }
    });
    servers.lost_all().await;
    // Whoever asked is told, and nobody waits for an answer that may never come.
    let ended = timeout(Duration::from_millis(1), closed.close()).await;
    ended.expect("close waits for an answer").unwrap();
    assert_eq!(asked.await.unwrap().unwrap_err().kind(), Kind::Closed);

    let next = open();
    next.commit(&put).await.unwrap();
    sleep(Duration::from_secs(60)).await;
    next.commit(&put).await.unwrap();
}
