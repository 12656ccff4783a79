//! The memory store keeps the contract.

use std::sync::Arc;

use async_trait::async_trait;
use netkeep_store::{LeasedDirectories, MemoryServer, Prefix, Store};
use netkeep_store_conformance::{Harness, LEASED, conformance};

struct Memory(MemoryServer);

fn server() -> MemoryServer {
    let leased = Prefix::parse(LEASED).expect("one segment is a prefix");
    MemoryServer::new(LeasedDirectories::new([leased]))
}

async fn fresh() -> Memory {
    Memory(server())
}

#[async_trait]
impl Harness for Memory {
    async fn connect(&self) -> Arc<dyn Store> {
        Arc::new(self.0.connect())
    }

    async fn restart(&self) {
        self.0.restart();
    }

    async fn other_store(&self) -> Arc<dyn Store> {
        Arc::new(server().connect())
    }
}

conformance!(fresh);
