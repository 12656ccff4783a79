//! The store keeps the contract.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use netkeep_store::{LeasedDirectories, Prefix, Store};
use netkeep_store_conformance::{Harness, LEASED};
use netkeep_store_redb::{RedbConfig, RedbStore};
use tempfile::TempDir;

/// A file in a folder of its own, with the handles that were given out.
struct File {
    folder: TempDir,
    /// The handle that keeps the file open between two others, and all that came from it.
    open: Mutex<(Arc<RedbStore>, Vec<Arc<RedbStore>>)>,
    others: Mutex<Vec<TempDir>>,
}

async fn open(folder: &TempDir) -> Arc<RedbStore> {
    let leased = Prefix::parse(LEASED).expect("one segment is a prefix");
    let config = RedbConfig::new(folder.path().join("store.redb"), LeasedDirectories::new([leased]));
    Arc::new(RedbStore::open(config).await.expect("a fresh file can be opened"))
}

async fn fresh() -> File {
    let folder = TempDir::new().expect("a temporary folder can be made");
    let first = open(&folder).await;
    File { folder, open: Mutex::new((first, Vec::new())), others: Mutex::default() }
}

#[async_trait]
impl Harness for File {
    async fn connect(&self) -> Arc<dyn Store> {
        let mut open = self.open.lock().unwrap();
        let handle = Arc::new(open.0.connect());
        open.1.push(Arc::clone(&handle));
        handle
    }

    async fn restart(&self) {
        let (first, others) = {
            let mut open = self.open.lock().unwrap();
            (Arc::clone(&open.0), std::mem::take(&mut open.1))
        };
        for handle in others.iter().chain([&first]) {
            handle.close().await.expect("a handle can be closed");
        }
        let again = open(&self.folder).await;
        self.open.lock().unwrap().0 = again;
    }

    async fn other_store(&self) -> Arc<dyn Store> {
        let folder = TempDir::new().expect("a temporary folder can be made");
        let store = open(&folder).await;
        self.others.lock().unwrap().push(folder);
        store
    }
}

mod bare {
    use super::fresh;

    netkeep_store_conformance::conformance!(fresh);
}
