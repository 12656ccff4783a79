//! The memory store keeps the contract, bare and behind each layer.

use std::sync::Arc;

use async_trait::async_trait;
use netkeep_store::layers::{
    Deadlines, LayerConfig, Metrics, Namespace, Retry, RetryPolicy, StoreMetrics, Timeout, Trace, stack,
};
use netkeep_store::{LeasedDirectories, MemoryServer, Prefix, Store};
use netkeep_store_conformance::{Harness, LEASED};

/// A server whose handles come within layers.
struct Memory {
    server: MemoryServer,
    layers: Layers,
}

/// Which layers, and below which prefix they use the store.
#[derive(Clone, Copy)]
struct Layers {
    namespace: &'static str,
    around: fn(Arc<dyn Store>) -> Arc<dyn Store>,
}

fn prefix(text: &str) -> Prefix {
    Prefix::parse(text).expect("the prefixes of this test are well-formed")
}

impl Memory {
    async fn fresh(namespace: &'static str, around: fn(Arc<dyn Store>) -> Arc<dyn Store>) -> Self {
        let leased = LeasedDirectories::new([prefix(LEASED)]).below(&prefix(namespace));
        let server = MemoryServer::new(leased.expect("a short prefix has room below it"));
        Self { server, layers: Layers { namespace, around } }
    }
}

#[async_trait]
impl Harness for Memory {
    async fn connect(&self) -> Arc<dyn Store> {
        (self.layers.around)(Arc::new(self.server.connect()))
    }

    async fn restart(&self) {
        self.server.restart();
    }

    async fn other_store(&self) -> Arc<dyn Store> {
        Self::fresh(self.layers.namespace, self.layers.around).await.connect().await
    }
}

const NAMESPACE: &str = "one/two%2Fthree";

fn within_all(store: Arc<dyn Store>) -> Arc<dyn Store> {
    let config = LayerConfig { namespace: prefix(NAMESPACE), ..LayerConfig::default() };
    stack(store, &config).0
}

mod bare {
    netkeep_store_conformance::conformance!(|| super::Memory::fresh("", |store| store));
}

mod namespace {
    use super::{Arc, Memory, NAMESPACE, Namespace, prefix};

    netkeep_store_conformance::conformance!(|| Memory::fresh(NAMESPACE, |store| {
        Arc::new(Namespace::new(store, prefix(NAMESPACE)))
    }));
}

mod metrics {
    use super::{Arc, Memory, Metrics, StoreMetrics};

    netkeep_store_conformance::conformance!(|| Memory::fresh("", |store| {
        Arc::new(Metrics::new(store, Arc::new(StoreMetrics::new())))
    }));
}

mod trace {
    use super::{Arc, Memory, Trace};

    netkeep_store_conformance::conformance!(|| Memory::fresh("", |store| Arc::new(Trace::new(store))));
}

mod retry {
    use super::{Arc, Memory, Retry, RetryPolicy};

    netkeep_store_conformance::conformance!(|| Memory::fresh("", |store| {
        Arc::new(Retry::new(store, RetryPolicy::default()))
    }));
}

mod timeout {
    use super::{Arc, Deadlines, Memory, Timeout};

    netkeep_store_conformance::conformance!(|| Memory::fresh("", |store| {
        Arc::new(Timeout::new(store, Deadlines::default()))
    }));
}

mod stack {
    use super::{Memory, NAMESPACE, within_all};

    netkeep_store_conformance::conformance!(|| Memory::fresh(NAMESPACE, within_all));
}
