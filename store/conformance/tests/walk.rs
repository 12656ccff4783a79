//! Random walks through the memory store.

use std::sync::Arc;

use async_trait::async_trait;
use netkeep_store::{LeasedDirectories, MemoryServer, Store};
use netkeep_store_conformance::{Harness, walk};

struct Memory(MemoryServer);

#[async_trait]
impl Harness for Memory {
    async fn connect(&self) -> Arc<dyn Store> {
        Arc::new(self.0.connect())
    }

    async fn restart(&self) {
        self.0.restart();
    }

    async fn other_store(&self) -> Arc<dyn Store> {
        Arc::new(MemoryServer::new(LeasedDirectories::default()).connect())
    }
}

/// A seed of one's own, or as many as there is time for.
fn seeds() -> Vec<u64> {
    match std::env::var("NETKEEP_SEED") {
        Ok(seed) => vec![seed.parse().expect("NETKEEP_SEED is a number")],
        Err(_) => (0..40).collect(),
    }
}

#[tokio::test]
async fn random_walks_agree_with_the_model() {
    for seed in seeds() {
        walk(&Memory(MemoryServer::new(LeasedDirectories::default())), seed, 400).await;
    }
}
