//! The store keeps the contract on real servers, bare and behind all layers.

mod servers;

use std::sync::Arc;

use async_trait::async_trait;
use netkeep_store::{LeasedDirectories, Store};
use netkeep_store_conformance::{Layers, OnServers, Part};
use netkeep_testcontainers::Options;
use servers::Root;

#[async_trait]
impl Part for Root {
    async fn fresh(own: bool) -> Self {
        if own { Self::of(Options::single()).await } else { Self::shared().await }
    }

    async fn another(&self) -> Self {
        Self::shared().await
    }

    fn connect(&self, leased: LeasedDirectories) -> Arc<dyn Store> {
        Self::connect(self, leased)
    }

    async fn restart(&self) {
        self.servers().restart(0).await.expect("the server comes back");
    }

    async fn clean(&self) {
        self.remove().await;
        assert_eq!(self.left().await, 404, "something is left below the root");
    }
}

mod bare {
    use super::{Layers, OnServers, Root};

    netkeep_store_conformance::conformance!(
        || OnServers::<Root>::fresh(Layers::none()),
        #[ignore = "needs servers: cargo xtask conformance consul"]
    );
}

mod all_layers {
    use super::{Layers, OnServers, Root};

    netkeep_store_conformance::conformance!(
        || OnServers::<Root>::fresh(Layers::all()),
        #[ignore = "needs servers: cargo xtask conformance consul"]
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: cargo xtask conformance consul"]
async fn random_walks_agree_with_the_model() {
    for seed in 100..104 {
        let judged = OnServers::of(Root::of(Options::single()).await, Layers::none());
        netkeep_store_conformance::walk(&judged, seed, 150).await;
    }
}
