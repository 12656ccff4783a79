//! The store keeps the contract on a real ZooKeeper, bare and behind all layers.

use std::sync::Arc;

use async_trait::async_trait;
use netkeep_store::remote::{RemoteConfig, RemoteStore};
use netkeep_store::{HostPort, LeasedDirectories, Prefix, Segment, Store};
use netkeep_store_conformance::{Case, Layers, OnServers, Part};
use netkeep_store_zookeeper::{ZooKeeperConfig, ZooKeeperServer};
use netkeep_testcontainers::{Options, ZooKeeper};
use tokio::sync::OnceCell;
use zookeeper_client::{Acls, Client, CreateMode, Error as Zk};

/// The server of all cases that leave it alone.
static SHARED: OnceCell<ZooKeeper> = OnceCell::const_new();

/// A part of a server that a case has for itself.
struct Judged {
    server: Served,
    root: Prefix,
}

#[derive(Clone)]
enum Served {
    Shared(&'static ZooKeeper),
    Own(Arc<ZooKeeper>),
}

/// A root that no other test has.
fn any_root() -> Prefix {
    let name = Segment::escape(&format!("test-{:032x}", rand::random::<u128>()));
    Prefix::of([&name]).expect("a short segment is a prefix")
}

async fn start() -> ZooKeeper {
    let server = ZooKeeper::start(Options::single()).await.expect("a ZooKeeper can be started");
    warm(&server).await;
    server
}

/// Lets a server that has just started compile what it needs: on a busy machine its first sessions take longer than the
/// layers wait.
async fn warm(server: &ZooKeeper) {
    let path = format!("/test-{:032x}", rand::random::<u128>());
    for _ in 0..10 {
        let client = Client::connect(&server.endpoints().join(",")).await.expect("the server is ready");
        let making = CreateMode::Ephemeral.with_acls(Acls::anyone_all());
        for _ in 0..20 {
            let mut writer = client.new_multi_writer();
            writer.add_create(&path, b"", &making).unwrap();
            writer.add_set_data(&path, b"x", None).unwrap();
            writer.add_delete(&path, None).unwrap();
            writer.commit().await.expect("nobody else uses this path");
        }
    }
}

impl Served {
    fn endpoints(&self) -> &[String] {
        match self {
            Self::Shared(server) => server.endpoints(),
            Self::Own(server) => server.endpoints(),
        }
    }
}

#[async_trait]
impl Part for Judged {
    async fn fresh(own: bool) -> Self {
        let server = if own {
            Served::Own(Arc::new(start().await))
        } else {
            Served::Shared(SHARED.get_or_init(start).await)
        };
        Self { server, root: any_root() }
    }

    async fn another(&self) -> Self {
        Self { server: self.server.clone(), root: any_root() }
    }

    fn connect(&self, leased: LeasedDirectories) -> Arc<dyn Store> {
        let endpoints = self.server.endpoints().iter().map(|text| endpoint(text)).collect();
        let mut config = ZooKeeperConfig::new(endpoints, leased);
        config.root = self.root.clone();
        let server = ZooKeeperServer::new(&config).expect("the configuration is sound");
        Arc::new(RemoteStore::open(Arc::new(server), RemoteConfig::default()))
    }

    async fn restart(&self) {
        let Served::Own(server) = &self.server else {
            panic!("{:?} restarts a server that others use too", Case::current());
        };
        server.restart(0).await.expect("a ZooKeeper of our own can be restarted");
    }

    async fn clean(&self) {
        let raw = Client::connect(&self.server.endpoints().join(",")).await.unwrap();
        let root = format!("/{}", self.root);
        delete_tree(&raw, &root).await;
        assert_eq!(raw.check_stat(&root).await.unwrap(), None, "something is left of {root}");
    }
}

/// Deletes a node and all below it, whatever others delete meanwhile.
async fn delete_tree(client: &Client, path: &str) {
    let mut left = vec![path.to_owned()];
    while let Some(node) = left.pop() {
        let children = match client.list_children(&node).await {
            Err(Zk::NoNode) => continue,
            children => children.unwrap(),
        };
        if children.is_empty() {
            match client.delete(&node, None).await {
                Ok(()) | Err(Zk::NoNode) => {}
                Err(error) => panic!("{node} cannot be deleted: {error}"),
            }
        } else {
            left.push(node.clone());
            left.extend(children.iter().map(|child| format!("{node}/{child}")));
        }
    }
}

fn endpoint(text: &str) -> HostPort {
    let (host, port) = text.rsplit_once(':').expect("an endpoint is host:port");
    HostPort { host: host.to_owned(), port: Some(port.parse().expect("a port is a number")) }
}

mod bare {
    use super::{Judged, Layers, OnServers};

    netkeep_store_conformance::conformance!(
        || OnServers::<Judged>::fresh(Layers::none()),
        #[ignore = "needs ZooKeeper: cargo xtask conformance zookeeper"]
    );
}

mod all_layers {
    use super::{Judged, Layers, OnServers};

    netkeep_store_conformance::conformance!(
        || OnServers::<Judged>::fresh(Layers::all()),
        #[ignore = "needs ZooKeeper: cargo xtask conformance zookeeper"]
    );
}
