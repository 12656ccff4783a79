//! Something to do for a store: everything that it writes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use netkeep_store::{Key, LeaseId, Maintenance, Revision, Store, Txn, Write};
use netkeep_store_redb::{RedbConfig, RedbStore};

use super::{Content, History, RecordingDisk, Step, open};

const HOUR: Duration = Duration::from_secs(3600);
/// How long the store is idle before it prepares the file.
const IDLE: Duration = Duration::from_millis(40);

/// A store at work: the disk before, what was asked of it, and what was committed.
#[derive(Debug)]
pub(crate) struct Recording {
    pub(crate) base: Content,
    pub(crate) steps: Vec<Step>,
    pub(crate) history: History,
}

/// How much is done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Work {
    /// Commits of each of four tasks at once.
    pub(crate) commits: u64,
    /// Bytes of memory for pages; with few, redb writes before it commits.
    pub(crate) cache_bytes: usize,
}

/// A store at work that keeps account of its commits.
struct Ledger {
    disk: RecordingDisk,
    store: RedbStore,
    commits: Mutex<BTreeMap<Revision, (usize, Vec<Write>)>>,
    leases: Mutex<Vec<(usize, LeaseId)>>,
}

/// Makes a store, and then records it at work: commits of one task and of several at once, with creations,
/// replacements and deletions; idle time; leases; values that make the file grow, compaction, and a clean end.
pub(crate) async fn record(work: Work) -> Recording {
    let made = RecordingDisk::default();
    open(&made, |_| {}).await.unwrap().close().await.unwrap();
    let base = made.content();

    let disk = RecordingDisk::new(base.clone());
    let configure = |config: &mut RedbConfig| {
        config.quick_repair_after = Some(IDLE);
        config.cache_bytes = work.cache_bytes;
    };
    let store = open(&disk, configure).await.unwrap();
    let identity = store.status().await.unwrap().identity;
    let ledger = Arc::new(Ledger { disk, store, commits: Mutex::default(), leases: Mutex::default() });

    for index in 0..6 {
        ledger.commit(Txn::new().put(key(&format!("first/{}", index % 3)), vec![b'f'; 90])).await;
    }
    ledger.idle().await;
    ledger.several_tasks(work.commits).await;
    ledger.leases().await;
    ledger.idle().await;
    ledger.grow_and_shrink().await;
    ledger.several_tasks(2).await;
    ledger.store.close().await.unwrap();

    let ledger = Arc::into_inner(ledger).expect("every task has ended");
    let commits = ledger.commits.into_inner().unwrap();
    let leases = ledger.leases.into_inner().unwrap();
    Recording { base, steps: ledger.disk.steps(), history: History::new(identity, &commits, leases) }
}

impl Ledger {
    async fn commit(&self, txn: Txn) -> Revision {
        let revision = self.store.commit(&txn).await.unwrap();
        self.note(revision, txn.writes().to_vec());
        revision
    }

    fn note(&self, revision: Revision, writes: Vec<Write>) {
        let position = self.disk.position();
        let mut commits = self.commits.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(commits.insert(revision, (position, writes)).is_none(), "two commits of revision {revision}");
    }

    /// Waits until the store has prepared the file for a crash.
    async fn idle(&self) {
        let before = self.store.stats().quick_repairs;
        let deadline = Instant::now() + Duration::from_secs(30);
        while self.store.stats().quick_repairs == before {
            assert!(Instant::now() < deadline, "the file is not prepared");
            tokio::time::sleep(IDLE / 4).await;
        }
    }

    /// Several tasks at once, each of whose commits writes two places and a key that all write.
    async fn several_tasks(self: &Arc<Self>, commits: u64) {
        let start = Arc::new(tokio::sync::Barrier::new(4));
        let from = self.disk.position();
        let tasks: Vec<_> = (0..4)
            .map(|task| {
                let (ledger, start) = (Arc::clone(self), Arc::clone(&start));
                tokio::spawn(async move {
                    let mut last = None;
                    start.wait().await;
                    for index in 0..commits {
                        let name = format!("{from}/{task}/{index}");
                        let (a, b) = (key(&format!("a/{name}")), key(&format!("b/{name}")));
                        let size = usize::try_from(index * 210 % 1_500).unwrap();
                        let mut txn = Txn::new()
                            .absent(a.clone())
                            .put(a.clone(), vec![b'x'; size])
                            .put(b.clone(), name.clone())
                            .put(key("counter"), name);
                        // Every other one takes the pair before it away again.
                        if let Some((a, b, revision)) = last.take() {
                            txn = txn.unchanged(a, revision).delete(b);
                            let guarded = txn.guards().last().unwrap().key().clone();
                            txn = txn.delete(guarded);
                            ledger.commit(txn).await;
                        } else {
                            last = Some((a, b, ledger.commit(txn).await));
                        }
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    }

    async fn grant(&self) -> LeaseId {
        let lease = self.store.grant(HOUR).await.unwrap().id;
        self.leases
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push((self.disk.position(), lease.clone()));
        lease
    }

    /// Alone, because the revision of the commit that ends a lease is not told.
    async fn leases(&self) {
        let (kept, ended, empty) = (self.grant().await, self.grant().await, self.grant().await);
        self.commit(Txn::new().put_leased(key("alive/kept"), "k", &kept)).await;
        let keys = ["alive/1", "alive/2"].map(key);
        let put = keys.iter().fold(Txn::new(), |txn, key| txn.put_leased(key.clone(), "e", &ended));
        self.commit(put).await;
        self.store.revoke(&empty).await.unwrap();
        self.store.revoke(&ended).await.unwrap();
        let revision = self.store.status().await.unwrap().revision;
        self.note(revision, keys.map(Write::Delete).to_vec());
    }

    async fn grow_and_shrink(&self) {
        let big = |index: usize| key(&format!("big/{index}"));
        for index in 0..8 {
            self.commit(Txn::new().put(big(index), vec![b'b'; 60_000 + 24_000 * index])).await;
        }
        self.commit((1..8).fold(Txn::new(), |txn, index| txn.delete(big(index)))).await;
        let compaction = self.store.compact().await.unwrap();
        assert!(compaction.after < compaction.before, "{compaction:?}");
        self.commit(Txn::new().put(big(9), vec![b'n'; 200_000])).await;
    }
}

fn key(text: &str) -> Key {
    Key::parse(text).unwrap()
}
