//! Every clause, over model servers.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use netkeep_store::Store;
use netkeep_store::layers::{LayerConfig, stack};
use netkeep_store::remote::{RemoteConfig, RemoteStore};
use netkeep_store_conformance::{Harness, Layers};

use crate::servers::Servers;

struct Model {
    servers: Servers,
    others: Mutex<Vec<Servers>>,
    layers: Layers,
}

impl Model {
    fn fresh(layers: Layers) -> Self {
        Self { servers: Servers::new(), others: Mutex::default(), layers }
    }
}

#[async_trait]
impl Harness for Model {
    async fn connect(&self) -> Arc<dyn Store> {
        self.layers.around(Arc::new(RemoteStore::open(self.servers.server(), RemoteConfig::default())))
    }

    async fn restart(&self) {
        self.servers.cut();
    }

    async fn other_store(&self) -> Arc<dyn Store> {
        let servers = Servers::new();
        let store = RemoteStore::open(servers.server(), RemoteConfig::default());
        self.others.lock().unwrap().push(servers);
        self.layers.around(Arc::new(store))
    }
}

mod bare {
    use super::{Layers, Model};

    netkeep_store_conformance::conformance!(|| async { Model::fresh(Layers::none()) });
}

mod all_layers {
    use super::{LayerConfig, Layers, Model, stack};

    netkeep_store_conformance::conformance!(|| async {
        Model::fresh(Layers::of(|store| stack(store, &LayerConfig::default()).0))
    });
}

#[tokio::test]
async fn random_walks_agree_with_the_model() {
    for seed in 300..316 {
        netkeep_store_conformance::walk(&Model::fresh(Layers::none()), seed, 200).await;
    }
}
