//! The store keeps the contract on a real etcd, bare and behind all layers.

mod given;

use std::sync::Arc;

use async_trait::async_trait;
use etcd_client::GetOptions;
use netkeep_store::{LeasedDirectories, Store};
use netkeep_store_conformance::{Case, Layers, OnServers, Part};
use netkeep_testcontainers::{Etcd, Options};

/// A part of a server that a case has for itself.
struct Judged {
    /// The server, if it is not the one that all cases share.
    own: Option<Arc<Etcd>>,
    part: given::Part,
}

#[async_trait]
impl Part for Judged {
    async fn fresh(own: bool) -> Self {
        if own {
            let etcd = Etcd::start(Options::single()).await.expect("an etcd can be started");
            return Self { part: given::Part::of(&etcd), own: Some(Arc::new(etcd)) };
        }
        let etcd = Etcd::shared().await.expect("an etcd can be started");
        Self { part: given::Part::of(etcd), own: None }
    }

    async fn another(&self) -> Self {
        Self { part: self.part.beside(), own: self.own.clone() }
    }

    fn connect(&self, leased: LeasedDirectories) -> Arc<dyn Store> {
        self.part.store_with(leased)
    }

    async fn restart(&self) {
        let own = self.own.as_ref();
        let etcd = own.unwrap_or_else(|| panic!("{:?} restarts the server of others", Case::current()));
        etcd.restart(0).await.expect("an etcd of our own can be restarted");
    }

    async fn clean(&self) {
        self.part.clean().await;
        let all = GetOptions::new().with_prefix().with_keys_only();
        let left = self.part.raw().await.get(self.part.range(), Some(all)).await.unwrap();
        assert!(left.kvs().is_empty(), "something is left: {:?}", left.kvs());
    }
}

mod bare {
    use super::{Judged, Layers, OnServers};

    netkeep_store_conformance::conformance!(
        || OnServers::<Judged>::fresh(Layers::none()),
        #[ignore = "needs servers: cargo xtask conformance etcd"]
    );
}

mod all_layers {
    use super::{Judged, Layers, OnServers};

    netkeep_store_conformance::conformance!(
        || OnServers::<Judged>::fresh(Layers::all()),
        #[ignore = "needs servers: cargo xtask conformance etcd"]
    );
}
