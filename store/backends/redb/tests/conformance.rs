//! The store keeps the contract, bare and behind all layers.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use netkeep_store::Store;
use netkeep_store_conformance::{Harness, Layers};
use netkeep_store_redb::{RedbConfig, RedbStore};
use tempfile::TempDir;

/// A file in a folder of its own, whose handles come within layers.
struct File {
    folder: TempDir,
    layers: Layers,
    open: Mutex<Open>,
    others: Mutex<Vec<File>>,
}

struct Open {
    /// Keeps the file open between two other handles.
    first: Arc<RedbStore>,
    others: Vec<Arc<RedbStore>>,
}

async fn open(folder: &TempDir, layers: Layers) -> Open {
    let config = RedbConfig::new(folder.path().join("store.redb"), layers.leased());
    let first = RedbStore::open(config).await.expect("a file of our own can be opened");
    Open { first: Arc::new(first), others: Vec::new() }
}

impl File {
    async fn fresh(layers: Layers) -> Self {
        let folder = TempDir::new().expect("a temporary folder can be made");
        let open = Mutex::new(open(&folder, layers).await);
        Self { folder, layers, open, others: Mutex::default() }
    }
}

#[async_trait]
impl Harness for File {
    async fn connect(&self) -> Arc<dyn Store> {
        let mut open = self.open.lock().unwrap();
        let handle = Arc::new(open.first.connect());
        open.others.push(Arc::clone(&handle));
        self.layers.around(handle)
    }

    async fn restart(&self) {
        let handles: Vec<_> = {
            let mut open = self.open.lock().unwrap();
            open.others.drain(..).collect::<Vec<_>>().into_iter().chain([Arc::clone(&open.first)]).collect()
        };
        for handle in handles {
            handle.close().await.expect("a handle of a healthy store can be closed");
        }
        let again = open(&self.folder, self.layers).await;
        *self.open.lock().unwrap() = again;
    }

    async fn other_store(&self) -> Arc<dyn Store> {
        let other = Self::fresh(self.layers).await;
        let store = other.connect().await;
        self.others.lock().unwrap().push(other);
        store
    }
}

mod bare {
    use super::{File, Layers};

    netkeep_store_conformance::conformance!(|| File::fresh(Layers::none()));
}

mod all_layers {
    use super::{File, Layers};

    netkeep_store_conformance::conformance!(|| File::fresh(Layers::all()));
}

#[tokio::test]
async fn random_walks_agree_with_the_model() {
    for seed in 100..108 {
        netkeep_store_conformance::walk(&File::fresh(Layers::none()).await, seed, 150).await;
    }
}
