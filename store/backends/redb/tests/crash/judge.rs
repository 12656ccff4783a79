//! Whether a store makes of a disk what it must.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use netkeep_store::{Key, LeasedDirectories, Prefix, Revision, Store, Txn, Write};
use netkeep_store_redb::{RedbConfig, RedbStore};

use super::history::{apply, state_of};
use super::{Content, History, RecordingDisk, State};

/// What the disk must hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expected<'a> {
    pub(crate) history: &'a History,
    /// Where the disk was when it crashed.
    pub(crate) position: usize,
    /// Acknowledged, or durable: nothing older may be found.
    pub(crate) at_least: Revision,
    /// Nothing newer either.
    pub(crate) at_most: Revision,
}

/// What was found.
#[derive(Debug)]
pub(crate) struct Judged {
    pub(crate) revision: Revision,
    /// The disk, with every change that opening, using and closing made.
    pub(crate) disk: RecordingDisk,
    /// Where the disk was when the store was open.
    pub(crate) opened: usize,
}

/// Opens what is on a disk, as a store with the leased directory `alive`.
pub(crate) async fn open(
    disk: &RecordingDisk,
    configure: impl FnOnce(&mut RedbConfig),
) -> netkeep_store::Result<RedbStore> {
    let leased = LeasedDirectories::new([Prefix::parse("alive").unwrap()]);
    let mut config = RedbConfig::new("/in/memory", leased);
    config.quick_repair_after = None;
    config.reserve_bytes = 0;
    configure(&mut config);
    RedbStore::open_with_backend(config, Arc::new(disk.clone())).await
}

/// Opens the store on `content` and compares it with the history; `used` then also writes to it, and verifies every
/// page of what that left.
pub(crate) async fn judge(content: Content, expected: &Expected<'_>, used: bool) -> Result<Judged, String> {
    let disk = RecordingDisk::new(content);
    let history = expected.history;
    let store = open(&disk, |_| {}).await.map_err(|error| format!("it does not open: {error}"))?;
    let opened = disk.position();
    let status = store.status().await.map_err(|error| format!("it has no status: {error}"))?;
    if status.identity != history.identity {
        return Err(format!("it became another store: {:?}", status.identity));
    }
    let revision = status.revision;
    if revision < expected.at_least || revision > expected.at_most {
        let Expected { at_least, at_most, .. } = expected;
        return Err(format!("it is at revision {revision}; {at_least} to {at_most} are possible"));
    }
    let state = history.state(revision).ok_or_else(|| format!("revision {revision} was never committed"))?;
    compare(&store, state).await?;
    if used {
        use_it(&store, revision, state.clone(), expected).await?;
    }
    store.close().await.map_err(|error| format!("it does not close: {error}"))?;
    if used {
        let store = open(&disk, |config| config.verify = true);
        let store = store.await.map_err(|error| format!("used and closed, it does not open: {error}"))?;
        let mut state = state.clone();
        apply(&mut state, &used_writes(), revision.next());
        compare(&store, &state).await.map_err(|why| format!("used, closed and opened, {why}"))?;
        store.close().await.map_err(|error| format!("used, it does not close: {error}"))?;
    }
    Ok(Judged { revision, disk, opened })
}

async fn compare(store: &RedbStore, state: &State) -> Result<(), String> {
    let snapshot = store.list(&Prefix::root()).await.map_err(|error| format!("it does not list: {error}"))?;
    let found = state_of(&snapshot);
    if found == *state {
        return Ok(());
    }
    let revision = snapshot.revision;
    let wrong = state.iter().find(|(key, entry)| found.get(*key) != Some(entry));
    let surplus = found.keys().find(|key| !state.contains_key(*key));
    Err(format!("at revision {revision} it lacks or has otherwise {wrong:?}, and has {surplus:?} beyond"))
}

fn used_writes() -> Vec<Write> {
    let put = |index: usize| Write::Put {
        key: Key::parse(&format!("used/{index}")).unwrap(),
        value: vec![b'u'; index * 700].into(),
        lease: None,
    };
    (0..12).map(put).collect()
}

async fn use_it(
    store: &RedbStore,
    revision: Revision,
    mut state: State,
    expected: &Expected<'_>,
) -> Result<(), String> {
    let lease = store.grant(Duration::from_secs(3600)).await.map_err(|error| format!("no lease: {error}"))?;
    let mut granted = expected.history.leases.iter().filter(|(at, _)| *at <= expected.position);
    if granted.any(|(_, id)| *id == lease.id) {
        return Err(format!("the lease {} was granted before", lease.id));
    }
    let writes = used_writes();
    let txn = writes.iter().cloned().fold(Txn::new(), Txn::write);
    let next = store.commit(&txn).await.map_err(|error| format!("it does not commit: {error}"))?;
    if next != revision.next() {
        return Err(format!("after revision {revision} came {next}"));
    }
    apply(&mut state, &writes, next);
    compare(store, &state).await.map_err(|why| format!("used, {why}"))
}

/// Counts what was tried, and keeps what went wrong.
#[derive(Debug, Default)]
pub(crate) struct Count {
    pub(crate) tried: usize,
    /// What was wrong, with the image.
    pub(crate) wrong: Vec<(String, Content)>,
}

/// Does `work` with each item, several at a time, and adds up what came of it.
pub(crate) fn on_threads<T: Sync>(items: &[T], work: impl AsyncFn(usize, &T) -> Count + Sync) -> Count {
    let next = AtomicUsize::new(0);
    let thread = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut all = Count::default();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(index) else { return all };
            let count = runtime.block_on(work(index, item));
            all.tried += count.tried;
            all.wrong.extend(count.wrong);
        }
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..3).map(|_| scope.spawn(thread)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).fold(Count::default(), |mut all, count| {
            all.tried += count.tried;
            all.wrong.extend(count.wrong);
            all
        })
    })
}
