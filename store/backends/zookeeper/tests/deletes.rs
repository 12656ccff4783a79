//! Many who delete at once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use netkeep_store::remote::{RemoteConfig, RemoteStore};
use netkeep_store::{HostPort, Key, LeasedDirectories, Prefix, Segment, Store, Txn};
use netkeep_store_zookeeper::{ZooKeeperConfig, ZooKeeperServer};
use netkeep_testcontainers::ZooKeeper;
use zookeeper_client::{Client, Error as Zk};

const TASKS: usize = 64;
const ROUNDS: usize = 10;

/// Each delete moves a generation that other commits may ask for; none of them fails for that.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs ZooKeeper: cargo xtask conformance zookeeper"]
async fn deletes_of_different_keys_do_not_fail_each_other() {
    let server = ZooKeeper::shared().await.unwrap();
    let (host, port) = server.endpoints()[0].rsplit_once(':').unwrap();
    let endpoint = HostPort { host: host.to_owned(), port: Some(port.parse().unwrap()) };
    let mut config = ZooKeeperConfig::new(vec![endpoint], LeasedDirectories::default());
    let name = Segment::escape(&format!("test-{:032x}", rand::random::<u128>()));
    config.root = Prefix::of([&name]).unwrap();
    let open = || {
        let server = ZooKeeperServer::new(&config).unwrap();
        Arc::new(RemoteStore::open(Arc::new(server), RemoteConfig::default()))
    };
    let clients: Vec<Arc<RemoteStore>> = (0..4).map(|_| open()).collect();
    let began = Instant::now();
    let tasks = (0..TASKS).map(|task| {
        let store = Arc::clone(&clients[task % clients.len()]);
        tokio::spawn(async move {
            for round in 0..ROUNDS {
                let key = Key::parse(&format!("d{}/{task}-{round}", task % 8)).unwrap();
                let made = store.commit(&Txn::new().absent(key.clone()).put(key.clone(), "x")).await.unwrap();
                store.commit(&Txn::new().unchanged(key.clone(), made).delete(key)).await.unwrap();
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.expect("every create and delete succeeds");
    }
    let rate = (2 * TASKS * ROUNDS) as f64 / began.elapsed().max(Duration::from_millis(1)).as_secs_f64();
    println!("{rate:.0} creates and deletes a second by {TASKS} tasks of 4 clients");
    assert!(clients[0].list(&Prefix::root()).await.unwrap().entries.is_empty());
    for client in &clients {
        client.close().await.unwrap();
    }
    clean(&server.endpoints()[0], &format!("/{}", config.root)).await;
}

async fn clean(endpoint: &str, root: &str) {
    let client = Client::connect(endpoint).await.unwrap();
    let mut left = vec![root.to_owned()];
    while let Some(node) = left.pop() {
        let children = client.list_children(&node).await.unwrap_or_default();
        if !children.is_empty() {
            left.push(node.clone());
            left.extend(children.iter().map(|child| format!("{node}/{child}")));
        } else if let Err(error) = client.delete(&node, None).await {
            assert_eq!(error, Zk::NoNode, "{node} cannot be deleted");
        }
    }
}
