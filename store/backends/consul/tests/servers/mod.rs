//! Consul servers, and roots of their own on them.

// Each test binary uses a part of it.
#![allow(dead_code)]

use std::sync::Arc;
use std::time::Duration;

use netkeep_store::remote::{RemoteConfig, RemoteStore, Server};
use netkeep_store::{LeasedDirectories, Prefix, Store, StoreUrl};
use netkeep_store_consul::{ConsulConfig, ConsulServer};
use netkeep_testcontainers::{Consul, Options};

/// A root of its own on servers, gone with this value.
pub(crate) struct Root {
    /// The servers, if they are not those that all tests of the process share.
    own: Option<Arc<Consul>>,
    endpoints: Vec<String>,
    root: Prefix,
}

pub(crate) fn prefix(text: &str) -> Prefix {
    Prefix::parse(text).expect("the prefixes of these tests are well-formed")
}

impl Root {
    /// On the server that all tests of the process share.
    pub(crate) async fn shared() -> Self {
        let servers = Consul::shared().await.expect("a Consul server can be had");
        Self::at(None, servers.endpoints().to_vec())
    }

    /// On servers of its own, which may be killed.
    pub(crate) async fn of(options: Options) -> Self {
        let servers = Consul::start(options).await.expect("Consul servers can be started");
        let endpoints = servers.endpoints().to_vec();
        Self::at(Some(Arc::new(servers)), endpoints)
    }

    fn at(own: Option<Arc<Consul>>, endpoints: Vec<String>) -> Self {
        let root = prefix(&format!("netkeep-test/{:016x}", rand::random::<u64>()));
        Self { own, endpoints, root }
    }

    /// One that another process has made and removes.
    pub(crate) fn given(endpoint: &str, root: Prefix) -> Self {
        Self { own: None, endpoints: vec![endpoint.to_owned()], root }
    }

    /// The servers, which are this root's own.
    pub(crate) fn servers(&self) -> &Arc<Consul> {
        self.own.as_ref().expect("this test began with servers of its own")
    }

    /// The same root, spoken to by another way.
    pub(crate) fn behind(&self, endpoint: &str) -> Self {
        Self { own: self.own.clone(), endpoints: vec![endpoint.to_owned()], root: self.root.clone() }
    }

    /// Where the first server listens.
    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoints[0]
    }

    /// Below which path everything lies.
    pub(crate) fn path(&self) -> &Prefix {
        &self.root
    }

    /// How the store at this root is opened.
    pub(crate) fn config(&self, leased: LeasedDirectories) -> ConsulConfig {
        let hosts = self.endpoints.join(",");
        let url = format!("consul://{hosts}/{}?session-ttl-min=2s", self.root.as_str().replace('%', "%25"));
        let url = StoreUrl::parse(&url).expect("the URLs of these tests are well-formed");
        ConsulConfig::from_url(&url, leased).expect("the options of these tests make sense")
    }

    /// A connection of its own.
    pub(crate) fn connect(&self, leased: LeasedDirectories) -> Arc<dyn Store> {
        self.open(self.config(leased))
    }

    /// A connection of its own that waits long for each answer.
    pub(crate) fn connect_patiently(&self) -> Arc<dyn Store> {
        let mut config = self.config(LeasedDirectories::default());
        config.timeout = Duration::from_secs(20);
        self.open(config)
    }

    /// The servers as they are, without the shared half of remote stores.
    pub(crate) fn server(&self, leased: LeasedDirectories) -> Arc<dyn Server> {
        Arc::new(ConsulServer::new(self.config(leased)).expect("the configuration makes sense"))
    }

    fn open(&self, config: ConsulConfig) -> Arc<dyn Store> {
        let server = ConsulServer::new(config).expect("the configuration makes sense");
        Arc::new(RemoteStore::open(Arc::new(server), RemoteConfig::default()))
    }

    /// All that the servers hold, this root and others.
    pub(crate) async fn snapshot(&self) -> Vec<u8> {
        let answer = plain().get(format!("http://{}/v1/snapshot", self.endpoint())).send().await;
        let answer = answer.and_then(reqwest::Response::error_for_status).expect("a snapshot can be made");
        answer.bytes().await.expect("a snapshot is sent to its end").to_vec()
    }

    /// Gives the servers what they held when the snapshot was made.
    pub(crate) async fn restore(&self, snapshot: Vec<u8>) {
        let url = format!("http://{}/v1/snapshot", self.endpoint());
        let answer = plain().put(url).body(snapshot).send().await;
        answer.and_then(reqwest::Response::error_for_status).expect("a snapshot can be restored");
    }

    /// Every path below the root.
    pub(crate) async fn keys(&self) -> Vec<String> {
        let url = format!("http://{}/v1/kv/{}/?keys", self.endpoint(), self.root);
        let answer = plain().get(url).send().await.expect("the server is well");
        match answer.status().as_u16() {
            404 => Vec::new(),
            _ => {
                let body = answer.bytes().await.expect("the answer is sent to its end");
                serde_json::from_slice(&body).expect("the paths are a list of texts")
            }
        }
    }

    /// Removes everything below the root.
    pub(crate) async fn remove(&self) {
        let url = format!("http://{}/v1/kv/{}/?recurse", self.endpoint(), self.root);
        plain().delete(url).send().await.expect("the server is well after the test");
    }

    /// What the server answers when it is asked what is below the root: 404 if nothing is.
    pub(crate) async fn left(&self) -> u16 {
        let url = format!("http://{}/v1/kv/{}/?keys", self.endpoint(), self.root);
        plain().get(url).send().await.expect("the server is well after the test").status().as_u16()
    }
}

fn plain() -> reqwest::Client {
    reqwest::Client::builder().tls_certs_only([]).build().expect("a plain client can be made")
}
