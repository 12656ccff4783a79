//! Servers that have forgotten or are others, and clients that are not alone.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use netkeep_store::remote::{ClientState, RemoteConfig, RemoteStore, Server};
use netkeep_store::{Prefix, Store};
use netkeep_store_conformance::estranged::{self, Estranged};
use netkeep_testcontainers::{Options, ZooKeeper};
use tempfile::TempDir;

use crate::given::{any_root, clean, nodes, server};

/// Servers to which things happen that no client has done.
struct Fate<'a> {
    servers: &'a ZooKeeper,
    root: Prefix,
    saved: TempDir,
}

impl<'a> Fate<'a> {
    fn of(servers: &'a ZooKeeper) -> Self {
        Self { servers, root: any_root(), saved: TempDir::new().unwrap() }
    }
}

#[async_trait]
impl Estranged for Fate<'_> {
    fn open(&self, client_state: Arc<dyn ClientState>) -> Arc<dyn Store> {
        let config =
            RemoteConfig { client_state, refresh: Duration::from_millis(500), ..RemoteConfig::default() };
        Arc::new(RemoteStore::open(self.server(), config))
    }

    fn server(&self) -> Arc<dyn Server> {
        server(self.servers.endpoints(), &self.root)
    }

    async fn save(&self) {
        self.servers.stop(0).await.unwrap();
        self.servers.copy_data(0, self.saved.path().join("data")).await.unwrap();
        self.servers.restart(0).await.unwrap();
    }

    async fn restore(&self) {
        self.servers.kill(0).await.unwrap();
        self.servers.replace_data(0, self.saved.path().join("data")).await.unwrap();
        self.servers.restart(0).await.unwrap();
    }

    async fn wipe(&self) {
        self.servers.kill(0).await.unwrap();
        self.servers.wipe(0).await.unwrap();
        self.servers.restart(0).await.unwrap();
    }

    async fn left(&self) -> usize {
        let leaves = nodes(self.servers, &self.root).await;
        leaves.iter().filter(|node| node.contains("/entries/") || node.contains("/own/")).count()
    }
}

/// A restored store goes on from where it was saved, and gives the same revisions again to other commits.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs ZooKeeper: cargo xtask conformance zookeeper"]
async fn pain_51_a_store_that_was_restored_from_an_older_state_is_not_written() {
    let servers = ZooKeeper::start(Options::single()).await.unwrap();
    estranged::restored(&Fate::of(&servers)).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs ZooKeeper: cargo xtask conformance zookeeper"]
async fn pain_26_a_wiped_store_is_recognised_and_stays_empty() {
    let servers = ZooKeeper::start(Options::single()).await.unwrap();
    estranged::wiped(&Fate::of(&servers)).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs ZooKeeper: cargo xtask conformance zookeeper"]
async fn a_foreign_store_is_left_alone() {
    let servers = ZooKeeper::shared().await.unwrap();
    let (here, elsewhere) = (Fate::of(servers), Fate::of(servers));
    estranged::foreign(&here, &elsewhere).await;
    for fate in [here, elsewhere] {
        clean(servers, &fate.root, &[]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs ZooKeeper: cargo xtask conformance zookeeper"]
async fn a_copied_client_stops_and_nobody_else() {
    let servers = ZooKeeper::shared().await.unwrap();
    let fate = Fate::of(servers);
    estranged::copied(&fate).await;
    clean(servers, &fate.root, &[]).await;
}
