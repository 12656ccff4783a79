//! A store's life, whose calls to the disk are the same each time until one of them fails.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use netkeep_store::{Error, Key, Kind, Maintenance, Prefix, Store, Txn, Write};
use netkeep_store_redb::{RedbConfig, RedbStore};

use super::{Content, RecordingDisk, Told, open};

const HOUR: Duration = Duration::from_secs(3600);
const DEADLINE: Duration = Duration::from_secs(60);
/// Few, so that redb reads from the disk, and writes to it before it commits.
const CACHE: usize = 16 << 10;

/// A store at work on a disk.
#[derive(Debug)]
pub(crate) struct Life {
    pub(crate) disk: RecordingDisk,
    reserve_bytes: u64,
    store: Option<Arc<RedbStore>>,
    pub(crate) told: Told,
}

impl Life {
    /// A life on `disk`, with so much space held in reserve, of a store that has told this before.
    pub(crate) fn new(disk: RecordingDisk, reserve_bytes: u64, told: Told) -> Self {
        Self { disk, reserve_bytes, store: None, told }
    }

    /// The beginning: a store is made, and used in every way. It is not closed.
    pub(crate) async fn begin(&mut self) {
        self.open(Some(Duration::ZERO)).await;
        self.commit(Txn::new().put(key("a/1"), vec![b'1'; 90]).put(key("b/1"), "1")).await;
        self.prepared(1).await;
        self.commit(Txn::new().put(key("a/1"), vec![b'2'; 900]).put(key("a/2"), "2")).await;
        self.prepared(2).await;
        self.close().await;

        self.open(None).await;
        self.commit(Txn::new().delete(key("b/1")).put(key("a/3"), "3")).await;
        self.together().await;
        self.leases().await;
        self.read().await;
        self.commit(Txn::new().put(key("big/0"), vec![b'b'; 150_000])).await;
        self.commit(Txn::new().put(key("big/1"), vec![b'c'; 250_000])).await;
        self.commit(Txn::new().delete(key("big/0")).put(key("a/4"), "4")).await;
    }

    /// The rest: the store is opened as it is, used, compacted, copied to `copy`, closed, and opened once more.
    pub(crate) async fn go_on(&mut self, copy: &Path) {
        self.open(None).await;
        self.read().await;
        self.commit(Txn::new().put(key("a/5"), "5").delete(key("big/1"))).await;
        self.compact().await;
        self.commit(Txn::new().put(key("a/6"), vec![b'6'; 9_000])).await;
        self.back_up(copy).await;
        self.close().await;
        self.open(None).await;
        self.commit(Txn::new().put(key("a/7"), "7")).await;
        self.read().await;
        self.close().await;
    }

    /// Opens the store again on the disk that is healed by now, if there was ever one, and goes on.
    pub(crate) async fn once_more(&mut self) {
        if !self.told.was_made() {
            return;
        }
        self.told.over = false;
        self.open(None).await;
        self.commit(Txn::new().put(key("once"), "more")).await;
        self.commit(Txn::new().put(key("once"), vec![b'm'; 3_000])).await;
        self.close().await;
    }

    /// What is on the disk now, and what is there after a loss of power.
    pub(crate) fn contents(&self) -> [Content; 2] {
        [self.disk.content(), self.disk.after_power_loss()]
    }

    /// Ends the store, whatever state it is in.
    pub(crate) async fn end(&mut self) {
        if let Some(store) = self.store.take() {
            // It waits until the disk is let go of; whether all went well was asked before.
            let _ = store.close().await;
        }
    }

    /// True if the store was opened in this life, and not closed since.
    pub(crate) fn was_open(&self) -> bool {
        self.store.is_some()
    }

    /// True if the store is open and answers.
    pub(crate) async fn lives(&self) -> bool {
        match &self.store {
            Some(store) => store.list(&Prefix::root()).await.is_ok(),
            None => false,
        }
    }

    async fn open(&mut self, quick_repair_after: Option<Duration>) {
        if self.told.over {
            return;
        }
        let reserve_bytes = self.reserve_bytes;
        let opened = open(&self.disk, |config: &mut RedbConfig| {
            config.quick_repair_after = quick_repair_after;
            config.cache_bytes = CACHE;
            config.reserve_bytes = reserve_bytes;
        })
        .await;
        let store = match opened {
            Ok(store) => store,
            Err(error) => {
                self.refused("opening", &error, &[Kind::Unavailable]);
                self.told.over = true;
                return;
            }
        };
        match store.status().await {
            Ok(status) => self.told.opened(&status),
            Err(error) => self.told.wrong(format!("just opened, it has no status: {error}")),
        }
        self.store = Some(Arc::new(store));
    }

    async fn close(&mut self) {
        let Some(store) = self.live() else { return };
        self.store = None;
        if let Err(error) = store.close().await {
            self.refused("closing", &error, &[Kind::Closed]);
        }
    }

    /// Waits until the file was prepared for a crash so often.
    async fn prepared(&self, times: u64) {
        let Some(store) = self.live() else { return };
        let deadline = Instant::now() + DEADLINE;
        while store.stats().quick_repairs < times && self.disk.failed().is_none() {
            assert!(Instant::now() < deadline, "the file is not prepared");
            tokio::task::yield_now().await;
        }
    }

    async fn commit(&mut self, txn: Txn) {
        self.committed(txn).await;
    }

    /// Makes a commit; true if it was made.
    async fn committed(&mut self, txn: Txn) -> bool {
        let Some(store) = self.live() else { return false };
        let result = store.commit(&txn).await;
        self.told.note(&self.disk, "a commit", result, txn.writes().to_vec())
    }

    /// Several commits in one durable transaction: they wait while the sync of another one does.
    async fn together(&mut self) {
        let Some(store) = self.live() else { return };
        self.disk.hold_syncs();
        let mut tasks = Vec::new();
        for index in 0..5 {
            let keys = ["c", "d"].map(|root| key(&format!("{root}/{index}")));
            let txn = keys.iter().fold(Txn::new(), |txn, key| {
                txn.absent(key.clone()).put(key.clone(), vec![b'e'; 500 * index])
            });
            let (store, writes) = (Arc::clone(&store), txn.writes().to_vec());
            tasks.push((tokio::spawn(async move { store.commit(&txn).await }), writes));
            // It is in the queue once it was polled, which happens here, as there is one thread.
            tokio::task::yield_now().await;
            if index == 0 {
                self.disk.wait_for_sync();
            }
        }
        self.disk.release_syncs();
        let mut results = Vec::new();
        for (task, writes) in tasks {
            results.push((task.await.expect("a commit does not panic"), writes));
        }
        for (result, writes) in results {
            self.told.note(&self.disk, "a commit of several", result, writes);
        }
    }

    async fn leases(&mut self) {
        let Some(store) = self.live() else { return };
        let lease = match store.grant(HOUR).await {
            Ok(lease) => lease.id,
            Err(error) => return self.refused("granting", &error, &[Kind::Unavailable, Kind::Closed]),
        };
        self.told.granted(lease.clone());
        let txn = Txn::new().put_leased(key("alive/1"), "1", &lease).put_leased(key("alive/2"), "2", &lease);
        if !self.committed(txn).await {
            return;
        }
        let Some(store) = self.live() else { return };
        let revoked = store.revoke(&lease).await;
        // The revision of the commit that ends a lease is not told.
        let revoked = revoked.map(|()| self.told.next());
        let ended = ["alive/1", "alive/2"].map(key).map(Write::Delete);
        self.told.note(&self.disk, "revoking", revoked, ended.into());
    }

    async fn read(&mut self) {
        let Some(store) = self.live() else { return };
        let listed = store.list(&Prefix::root()).await;
        let got = store.get(&key("a/1")).await;
        match (listed, got) {
            (Ok(snapshot), Ok(entry)) => {
                if entry.as_ref() != snapshot.entries.iter().find(|entry| entry.key == key("a/1")) {
                    self.told.wrong(format!("an entry alone is {entry:?}, and another one in a list"));
                }
                self.told.saw(&snapshot);
            }
            (Err(error), _) | (_, Err(error)) => {
                self.refused("reading", &error, &[Kind::Unavailable, Kind::Closed]);
            }
        }
    }

    async fn compact(&mut self) {
        let Some(store) = self.live() else { return };
        if let Err(error) = store.compact().await {
            self.refused("compacting", &error, &[Kind::Unavailable, Kind::Closed]);
        }
    }

    async fn back_up(&mut self, to: &Path) {
        let Some(store) = self.live() else { return };
        let result = store.backup(to).await;
        let there = to.exists();
        if there != result.is_ok() || to.with_extension("copy.new").exists() {
            self.told
                .wrong(format!("a copy is there: {there}; but it answered {result:?}, or a draft is left"));
        }
        if let Err(error) = result {
            self.refused("copying", &error, &[Kind::Unavailable, Kind::Closed]);
        }
    }

    /// The store, unless it is over.
    fn live(&self) -> Option<Arc<RedbStore>> {
        self.store.clone().filter(|_| !self.told.over)
    }

    fn refused(&mut self, what: &str, error: &Error, kinds: &[Kind]) {
        self.told.refused(&self.disk, what, error, kinds);
    }
}

fn key(text: &str) -> Key {
    Key::parse(text).unwrap()
}
