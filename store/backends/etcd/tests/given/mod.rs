//! What the tests on real servers begin with.

// Each test binary uses a part of it.
#![allow(dead_code)]

use std::sync::Arc;

use etcd_client::{Client, DeleteOptions};
use netkeep_store::remote::{RemoteConfig, RemoteStore, Server};
use netkeep_store::{HostPort, Key, LeasedDirectories, Prefix, Segment, Store};
use netkeep_store_etcd::{EtcdConfig, EtcdServer};
use netkeep_testcontainers::Cluster;

/// The directory that holds leased keys only.
pub(crate) const LEASED: &str = "leased";

pub(crate) fn key(text: &str) -> Key {
    Key::parse(text).expect("the keys of this test are well-formed")
}

pub(crate) fn prefix(text: &str) -> Prefix {
    Prefix::parse(text).expect("the prefixes of this test are well-formed")
}

/// A root that no other test has.
pub(crate) fn any_root() -> Prefix {
    let name = Segment::escape(&format!("test-{:032x}", rand::random::<u128>()));
    Prefix::of([&name]).expect("a short segment is a prefix")
}

pub(crate) fn hosts(endpoints: &[String]) -> Vec<HostPort> {
    endpoints
        .iter()
        .map(|text| {
            let (host, port) = text.rsplit_once(':').expect("an endpoint is host:port");
            HostPort { host: host.to_owned(), port: Some(port.parse().expect("a port is a number")) }
        })
        .collect()
}

/// A part of a cluster that is a test's own.
pub(crate) struct Part {
    pub(crate) endpoints: Vec<String>,
    pub(crate) root: Prefix,
}

impl Part {
    pub(crate) fn of(cluster: &Cluster) -> Self {
        Self { endpoints: cluster.endpoints().to_vec(), root: any_root() }
    }

    /// Another one on the same cluster.
    pub(crate) fn beside(&self) -> Self {
        Self { endpoints: self.endpoints.clone(), root: any_root() }
    }

    pub(crate) fn config(&self) -> EtcdConfig {
        self.config_with(LeasedDirectories::new([prefix(LEASED)]))
    }

    fn config_with(&self, leased: LeasedDirectories) -> EtcdConfig {
        EtcdConfig::new(hosts(&self.endpoints), self.root.clone(), leased)
    }

    /// The servers as they are, without the shared half of remote stores.
    pub(crate) fn server(&self) -> Arc<dyn Server> {
        Arc::new(EtcdServer::new(&self.config()).expect("the configuration is sound"))
    }

    /// A client of its own.
    pub(crate) fn store(&self) -> Arc<dyn Store> {
        Arc::new(RemoteStore::open(self.server(), RemoteConfig::default()))
    }

    /// A client of its own, with these directories for leased keys.
    pub(crate) fn store_with(&self, leased: LeasedDirectories) -> Arc<dyn Store> {
        let server = EtcdServer::new(&self.config_with(leased)).expect("the configuration is sound");
        Arc::new(RemoteStore::open(Arc::new(server), RemoteConfig::default()))
    }

    /// etcd itself.
    pub(crate) async fn raw(&self) -> Client {
        Client::connect(&self.endpoints, None).await.expect("the server is there")
    }

    /// Deletes everything below the root.
    pub(crate) async fn clean(&self) {
        let all = DeleteOptions::new().with_prefix();
        self.raw().await.delete(self.range(), Some(all)).await.expect("the server is there");
    }

    /// What all its keys begin with.
    pub(crate) fn range(&self) -> String {
        format!("/{}/", self.root)
    }
}
