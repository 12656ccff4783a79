//! Servers that have forgotten or are others, clients that are not alone, and an index that goes back.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use netkeep_store::remote::{ClientState, OneShot, RemoteConfig, RemoteStore, Server};
use netkeep_store::{Key, LeasedDirectories, Prefix, Store, Txn, WatchFrom, WatchItem};
use netkeep_store_conformance::estranged::{self, Estranged};
use netkeep_testcontainers::Options;
use tokio::time::timeout;

use crate::servers::Root;

/// How long servers and clients may take to find back to each other.
const PATIENCE: Duration = Duration::from_secs(120);

/// A root of servers that stay up, and are given another past by Consul's own snapshots.
struct Fate {
    root: Root,
    saved: Mutex<Vec<u8>>,
}

impl Fate {
    fn of(root: Root) -> Self {
        Self { root, saved: Mutex::default() }
    }
}

#[async_trait]
impl Estranged for Fate {
    fn open(&self, client_state: Arc<dyn ClientState>) -> Arc<dyn Store> {
        let config =
            RemoteConfig { client_state, refresh: Duration::from_millis(500), ..RemoteConfig::default() };
        Arc::new(RemoteStore::open(self.server(), config))
    }

    fn server(&self) -> Arc<dyn Server> {
        self.root.server(LeasedDirectories::default())
    }

    async fn save(&self) {
        let saved = self.root.snapshot().await;
        *self.saved.lock().unwrap() = saved;
    }

    async fn restore(&self) {
        let saved = self.saved.lock().unwrap().clone();
        self.root.restore(saved).await;
    }

    async fn wipe(&self) {
        self.root.remove().await;
    }

    async fn left(&self) -> usize {
        self.root.keys().await.len()
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: cargo xtask conformance consul"]
async fn a_store_restored_from_an_older_snapshot_is_not_written() {
    estranged::restored(&Fate::of(Root::of(Options::single()).await)).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: cargo xtask conformance consul"]
async fn pain_26_a_wiped_store_is_recognised_and_stays_empty() {
    let fate = Fate::of(Root::shared().await);
    estranged::wiped(&fate).await;
    fate.root.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: cargo xtask conformance consul"]
async fn a_foreign_store_is_left_alone() {
    let (here, elsewhere) = (Fate::of(Root::shared().await), Fate::of(Root::shared().await));
    estranged::foreign(&here, &elsewhere).await;
    here.root.remove().await;
    elsewhere.root.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: cargo xtask conformance consul"]
async fn a_copied_client_stops_and_nobody_else() {
    let fate = Fate::of(Root::shared().await);
    estranged::copied(&fate).await;
    fate.root.remove().await;
}

/// The writer that has lost something is gone, so nobody knows that the store went back but the watch, which must
/// not go on as if nothing had happened.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: cargo xtask conformance consul"]
async fn pain_51_an_index_that_goes_back_resets_the_watch() {
    let fate = Fate::of(Root::of(Options::single()).await);
    let key = |text: &str| Key::parse(text).unwrap();
    let writer = fate.open(Arc::new(OneShot::new()));
    for name in ["d/kept", "e/changed", "f/deleted"] {
        writer.commit(&Txn::new().put(key(name), "old")).await.unwrap();
    }
    fate.save().await;
    let lost = Txn::new().put(key("e/changed"), "lost").delete(key("f/deleted")).put(key("g/made"), "lost");
    writer.commit(&lost).await.unwrap();
    writer.close().await.unwrap();

    let reader = fate.open(Arc::new(OneShot::new()));
    let mut watch = reader.watch(&Prefix::root(), WatchFrom::Snapshot).await.unwrap();
    let first = watch.next().await.unwrap();
    assert_eq!(values(&first), [("d/kept", "old"), ("e/changed", "lost"), ("g/made", "lost")]);
    fate.restore().await;
    let reset = timeout(PATIENCE, async {
        loop {
            let item = watch.next().await.unwrap();
            if matches!(item, WatchItem::Reset(_)) {
                return item;
            }
            assert!(values(&item).is_empty(), "changes were told where a reset was due: {item:?}");
        }
    });
    let reset = reset.await.expect("the watch begins anew");
    assert_eq!(values(&reset), [("d/kept", "old"), ("e/changed", "old"), ("f/deleted", "old")]);

    let after = reader.commit(&Txn::new().put(key("g/after"), "new")).await.unwrap();
    let told = timeout(PATIENCE, async {
        loop {
            let item = watch.next().await.unwrap();
            if item.through() >= after {
                return item;
            }
        }
    });
    let told = told.await.expect("the watch goes on");
    assert!(values(&told).contains(&("g/after", "new")), "{told:?}");
    reader.close().await.unwrap();
}

/// What an item puts.
fn values(item: &WatchItem) -> Vec<(&str, &str)> {
    let entries: Vec<_> = match item {
        WatchItem::Reset(snapshot) => snapshot.entries.iter().collect(),
        WatchItem::Changes(batch) => batch
            .changes
            .iter()
            .filter_map(|change| match change {
                netkeep_store::Change::Put(entry) => Some(entry),
                netkeep_store::Change::Delete { .. } => None,
            })
            .collect(),
    };
    entries.iter().map(|entry| (entry.key.as_str(), std::str::from_utf8(&entry.value).unwrap())).collect()
}
