//! Servers, stores on them, and the words of the tests.

use std::sync::Arc;
use std::time::Duration;

use netkeep_store::remote::{RemoteConfig, RemoteStore, Server};
use netkeep_store::{HostPort, Key, LeasedDirectories, Prefix, Segment, Store};
use netkeep_store_conformance::Trial;
use netkeep_store_zookeeper::{ZooKeeperConfig, ZooKeeperServer};
use netkeep_testcontainers::ZooKeeper;
use zookeeper_client::{Client, Error as Zk};

/// Nothing that the tests wait for may take longer.
pub(crate) const DEADLINE: Duration = Duration::from_secs(120);

pub(crate) fn key(text: &str) -> Key {
    Key::parse(text).unwrap()
}

/// A root that no other test has.
pub(crate) fn any_root() -> Prefix {
    let name = Segment::escape(&format!("test-{:032x}", rand::random::<u128>()));
    Prefix::of([&name]).unwrap()
}

/// A client of its own that knows these servers, with the directory `locks` leased.
pub(crate) fn open(endpoints: &[String], root: &Prefix) -> Arc<dyn Store> {
    Arc::new(RemoteStore::open(server(endpoints, root), RemoteConfig::default()))
}

/// The servers as they are, without the shared half of remote stores.
pub(crate) fn server(endpoints: &[String], root: &Prefix) -> Arc<dyn Server> {
    let endpoints = endpoints.iter().map(|text| {
        let (host, port) = text.rsplit_once(':').unwrap();
        HostPort { host: host.to_owned(), port: Some(port.parse().unwrap()) }
    });
    let leased = LeasedDirectories::new([Prefix::parse("locks").unwrap()]);
    let mut config = ZooKeeperConfig::new(endpoints.collect(), leased);
    config.root = root.clone();
    Arc::new(ZooKeeperServer::new(&config).unwrap())
}

pub(crate) fn open_all(servers: &ZooKeeper, root: &Prefix) -> Arc<dyn Store> {
    open(servers.endpoints(), root)
}

/// Deletes everything below the root of a server that others use too.
pub(crate) async fn clean(servers: &ZooKeeper, root: &Prefix, stores: &[Arc<dyn Store>]) {
    for store in stores {
        let _ = store.close().await;
    }
    let client = Client::connect(&servers.endpoints().join(",")).await.unwrap();
    let mut left = vec![format!("/{root}")];
    while let Some(node) = left.pop() {
        let children = match client.list_children(&node).await {
            Err(Zk::NoNode) => continue,
            children => children.unwrap(),
        };
        if !children.is_empty() {
            left.push(node.clone());
            left.extend(children.iter().map(|child| format!("{node}/{child}")));
        } else if let Err(error) = client.delete(&node, None).await {
            assert_eq!(error, Zk::NoNode, "{node} cannot be deleted");
        }
    }
}

/// Every node below the root.
pub(crate) async fn nodes(servers: &ZooKeeper, root: &Prefix) -> Vec<String> {
    let client = Client::connect(&servers.endpoints().join(",")).await.unwrap();
    let (mut found, mut next) = (Vec::new(), vec![format!("/{root}")]);
    while let Some(node) = next.pop() {
        match client.list_children(&node).await {
            Err(Zk::NoNode) => continue,
            children => next.extend(children.unwrap().iter().map(|child| format!("{node}/{child}"))),
        }
        found.push(node);
    }
    found
}

/// A trial of this sort; the outcome of a lost answer is sought for 8 s, by requests of 5 s that may have to connect
/// first.
pub(crate) fn trial(outages: usize, lasting: Duration) -> Trial {
    Trial::new(outages, lasting, Duration::from_secs(30))
}

/// How long after an outage there may be no service: a silent server is left after 3 s, the others elect a leader in as
/// many, a server starts in as many again; the rest is for a machine that does other work too.
pub(crate) const BEYOND: Duration = Duration::from_secs(40);
