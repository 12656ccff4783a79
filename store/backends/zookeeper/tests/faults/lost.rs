//! Answers that are lost after the server has done what was asked.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use netkeep_store::{Prefix, Store};
use netkeep_store_conformance::Outage;
use netkeep_testcontainers::{Proxy, ZooKeeper};

use crate::given::{BEYOND, any_root, clean, open, trial};

struct Deaf {
    proxy: Proxy,
    root: Prefix,
    stores: Mutex<Vec<Arc<dyn Store>>>,
}

impl Deaf {
    async fn before(server: &ZooKeeper) -> Self {
        let proxy = Proxy::before(&server.endpoints()[0]).await.unwrap();
        Self { proxy, root: any_root(), stores: Mutex::default() }
    }

    async fn clean(self, server: &ZooKeeper) {
        let stores = self.stores.into_inner().unwrap();
        clean(server, &self.root, &stores).await;
    }
}

#[async_trait]
impl Outage for Deaf {
    async fn connect(&self) -> Arc<dyn Store> {
        let store = open(&[self.proxy.endpoint().to_owned()], &self.root);
        self.stores.lock().unwrap().push(Arc::clone(&store));
        store
    }

    async fn begin(&self) {
        self.proxy.set_deaf(true);
    }

    async fn end(&self) {
        self.proxy.set_deaf(false);
    }
}

/// Shorter than a request waits: its connection breaks, and its commit has happened.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs ZooKeeper: cargo xtask conformance zookeeper"]
async fn what_became_of_a_commit_is_learnt_when_its_answer_is_lost() {
    let server = ZooKeeper::shared().await.unwrap();
    let deaf = Deaf::before(server).await;
    trial(12, Duration::from_millis(100)).stand("answers lost", &deaf, BEYOND).await;
    deaf.clean(server).await;
}

/// Longer than a request waits.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs ZooKeeper: cargo xtask conformance zookeeper"]
async fn what_became_of_a_commit_is_learnt_though_nothing_answers_for_a_while() {
    let server = ZooKeeper::shared().await.unwrap();
    let deaf = Deaf::before(server).await;
    trial(2, Duration::from_secs(6)).stand("no answers for 6 s", &deaf, BEYOND).await;
    deaf.clean(server).await;
}
