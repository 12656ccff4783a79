//! The memory store keeps the contract, bare and behind each layer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use netkeep_store::layers::{
    Deadlines, Metrics, Namespace, Retry, RetryPolicy, StoreMetrics, Timeout, Trace,
};
use netkeep_store::{MemoryServer, Prefix, Store};
use netkeep_store_conformance::{Case, Harness, Layers};

/// A server whose handles come within layers.
struct Memory {
    server: MemoryServer,
    layers: Layers,
    restarted: AtomicBool,
}

impl Memory {
    async fn fresh(layers: Layers) -> Self {
        Self { server: MemoryServer::new(layers.leased()), layers, restarted: AtomicBool::new(false) }
    }
}

#[async_trait]
impl Harness for Memory {
    async fn connect(&self) -> Arc<dyn Store> {
        self.layers.around(Arc::new(self.server.connect()))
    }

    async fn restart(&self) {
        self.restarted.store(true, Ordering::SeqCst);
        self.server.restart();
    }

    async fn other_store(&self) -> Arc<dyn Store> {
        Self::fresh(self.layers).await.connect().await
    }

    async fn finish(&self) {
        // Here and not in a test of its own, since every case comes by.
        let case = Case::current();
        assert_eq!(self.restarted.load(Ordering::SeqCst), case.restarts(), "{case:?}");
    }
}

mod bare {
    use super::{Layers, Memory};

    netkeep_store_conformance::conformance!(|| Memory::fresh(Layers::none()));
}

mod namespace {
    use super::{Arc, Layers, Memory, Namespace, Prefix};

    netkeep_store_conformance::conformance!(|| Memory::fresh(Layers::below(|store| {
        Arc::new(Namespace::new(store, Prefix::parse(Layers::NAMESPACE).unwrap()))
    })));
}

mod metrics {
    use super::{Arc, Layers, Memory, Metrics, StoreMetrics};

    netkeep_store_conformance::conformance!(|| Memory::fresh(Layers::of(|store| {
        Arc::new(Metrics::new(store, Arc::new(StoreMetrics::new())))
    })));
}

mod trace {
    use super::{Arc, Layers, Memory, Trace};

    netkeep_store_conformance::conformance!(|| Memory::fresh(Layers::of(|store| Arc::new(Trace::new(
        store
    )))));
}

mod retry {
    use super::{Arc, Layers, Memory, Retry, RetryPolicy};

    netkeep_store_conformance::conformance!(|| Memory::fresh(Layers::of(|store| {
        Arc::new(Retry::new(store, RetryPolicy::default()))
    })));
}

mod timeout {
    use super::{Arc, Deadlines, Layers, Memory, Timeout};

    netkeep_store_conformance::conformance!(|| Memory::fresh(Layers::of(|store| {
        Arc::new(Timeout::new(store, Deadlines::default()))
    })));
}

mod all_layers {
    use super::{Layers, Memory};

    netkeep_store_conformance::conformance!(|| Memory::fresh(Layers::all()));
}
