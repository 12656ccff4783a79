//! What a store must do while its servers fail: lose nothing that it acknowledged, do nothing twice, hide nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use netkeep_store::{Applied, Error, Key, Kind, Prefix, Revision, Store, Txn, WatchFrom};
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::Mirror;
use crate::given::{key, prefix};

/// Where everything of a trial lies.
const ROOT: &str = "outage";
const COUNTER: &str = "outage/counter";

/// Servers that can be made to fail.
#[async_trait]
pub trait Outage: Send + Sync {
    /// A handle of its own, of a client of its own, without layers.
    ///
    /// Cancellation: never cancelled by a trial.
    async fn connect(&self) -> Arc<dyn Store>;

    /// Lets the servers fail, and returns when they have.
    ///
    /// Cancellation: never cancelled by a trial.
    async fn begin(&self);

    /// Mends what [`begin`](Outage::begin) did, and returns when all servers run again.
    ///
    /// Cancellation: never cancelled by a trial.
    async fn end(&self);
}

/// How hard the trial is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trial {
    /// How many tasks count, each over a handle of its own.
    pub tasks: usize,
    /// How many increments they make together.
    pub increments: usize,
    /// How often the servers fail meanwhile.
    pub outages: usize,
    /// How long they fail each time.
    pub lasting: Duration,
    /// How long one call may take at most.
    pub patience: Duration,
}

impl Trial {
    /// Eight tasks and 400 increments. With `NETKEEP_LONG` in the environment 10,000 of them, and three times as many
    /// outages.
    pub fn new(outages: usize, lasting: Duration, patience: Duration) -> Self {
        let long = std::env::var_os("NETKEEP_LONG").is_some();
        Self {
            tasks: 8,
            increments: if long { 10_000 } else { 400 },
            outages: if long { outages * 3 } else { outages },
            lasting,
            patience,
        }
    }

    /// Runs the trial, prints its figures under that name, and holds the longest time without service to that of an
    /// outage and `beyond`.
    ///
    /// Cancellation: as [`withstand`].
    ///
    /// # Panics
    ///
    /// As [`withstand`], and if there was no service for longer.
    pub async fn stand(self, name: &str, outage: &dyn Outage, beyond: Duration) {
        let figures = withstand(outage, self).await;
        println!("{name}: {figures:?}");
        let bound = self.lasting + beyond;
        let without = figures.without_service;
        assert!(without <= bound, "{name}: {without:?} without service; {bound:?} is the bound");
    }
}

/// What a trial has shown, for a page of figures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Increments that were acknowledged.
    pub acknowledged: usize,
    /// Increments of which the caller was told that the outcome is unknown.
    pub unknown: usize,
    /// Of those, how many had been applied.
    pub unknown_applied: usize,
    /// Calls that failed, and certainly did nothing.
    pub refused: usize,
    /// The longest time in which no task had a success.
    pub without_service: Duration,
    /// The longest call.
    pub longest_call: Duration,
    /// Resets that the watching replica was told, beside the first.
    pub resets: usize,
    /// The whole trial.
    pub elapsed: Duration,
}

/// What the tasks share.
struct Course {
    trial: Trial,
    done: AtomicUsize,
    over: AtomicBool,
    tally: Mutex<Tally>,
}

#[derive(Default)]
struct Tally {
    figures: Figures,
    last_success: Option<Instant>,
}

/// Counts to a number with many tasks while the servers fail again and again; a replica watches, a reader reads.
///
/// Cancellation: dropped, it leaves the servers as they are at that moment, failing perhaps.
///
/// # Panics
///
/// If an acknowledged increment is lost, one is made twice, a refused one is made all the same, a read shows less than
/// an earlier one or nothing, the replica differs from the store in the end, or a call takes longer than it may.
pub async fn withstand(outage: &dyn Outage, trial: Trial) -> Figures {
    let begun = Instant::now();
    let course = Arc::new(Course {
        trial,
        done: AtomicUsize::new(0),
        over: AtomicBool::new(false),
        tally: Mutex::default(),
    });
    let store = outage.connect().await;
    store.commit(&Txn::new().put(key(COUNTER), "0")).await.expect("the servers are well before the trial");

    let mut tasks = JoinSet::new();
    for task in 0..trial.tasks {
        let share = trial.increments / trial.tasks + usize::from(task < trial.increments % trial.tasks);
        tasks.spawn(count(Arc::clone(&course), outage.connect().await, task, share));
    }
    let reader = tokio::spawn(read(Arc::clone(&course), outage.connect().await));
    let ended = Arc::new(Mutex::new(None));
    let replica = tokio::spawn(replicate(outage.connect().await, Arc::clone(&ended)));

    for n_outage in 0..trial.outages {
        // Evenly spread over the work, so that each finds the tasks at it.
        let due = trial.increments * (n_outage + 1) / (trial.outages + 2);
        until_done(&course, due, &mut tasks).await;
        outage.begin().await;
        sleep(trial.lasting).await;
        outage.end().await;
    }
    while let Some(ended) = tasks.join_next().await {
        if let Err(failed) = ended {
            std::panic::resume_unwind(failed.into_panic());
        }
    }
    course.over.store(true, Ordering::SeqCst);
    reader.await.expect("the reader of the trial has failed");

    let counted = store.get(&key(COUNTER)).await.expect("the servers are well after the trial");
    assert_eq!(number(counted.map(|entry| entry.value).as_deref()), trial.increments, "the count is wrong");
    // One more commit, so that the replica has a revision to reach.
    let last = store.commit(&Txn::new().put(key("outage/last"), "")).await.expect("the servers are well");
    *ended.lock().await = Some(last);
    let mirror =
        timeout(Duration::from_secs(180), replica).await.expect("the replica reaches the store's revision");
    let mirror = mirror.expect("the replica of the trial has failed");
    mirror.assert_equals(&store.list(&prefix(ROOT)).await.expect("the servers are well"));

    let mut figures = course.tally.lock().await.figures.clone();
    figures.resets = mirror.resets().saturating_sub(1);
    figures.elapsed = begun.elapsed();
    assert!(
        figures.longest_call <= trial.patience,
        "a call took {:?}; {:?} is the bound",
        figures.longest_call,
        trial.patience
    );
    figures
}

async fn until_done(course: &Course, due: usize, tasks: &mut JoinSet<()>) {
    let deadline = Instant::now() + Duration::from_secs(300);
    while course.done.load(Ordering::SeqCst) < due {
        if let Some(Err(failed)) = tasks.try_join_next() {
            std::panic::resume_unwind(failed.into_panic());
        }
        assert!(Instant::now() < deadline, "the tasks have come to a stop before {due} increments");
        sleep(Duration::from_millis(5)).await;
    }
}

/// Makes `share` increments. Each also writes how many this task has made, so that the task sees whether what it was
/// told is true.
async fn count(course: Arc<Course>, store: Arc<dyn Store>, task: usize, share: usize) {
    let mine = key(&format!("outage/tasks/{task}"));
    let mut made = 0;
    let mut in_doubt = false;
    // Every task tries again at each conflict, so this is only a bound against hanging.
    let deadline = Instant::now() + Duration::from_secs(1200);
    while made < share {
        assert!(Instant::now() < deadline, "task {task} has made {made} of {share} increments");
        let Some((counter, own)) = state(&course, &store, &mine).await else { continue };
        let found = number(own.as_ref().map(|entry| &*entry.value));
        if in_doubt && found == made + 1 {
            in_doubt = false;
            made = found;
            course.done.fetch_add(1, Ordering::SeqCst);
            course.tally.lock().await.figures.unknown_applied += 1;
            continue;
        }
        assert_eq!(found, made, "task {task} was told another number of increments than the store holds");
        let next = number(Some(&counter.value)) + 1;
        let txn = Txn::new()
            .unchanged(counter.key.clone(), counter.revision)
            .put(counter.key, next.to_string())
            .put(mine.clone(), (made + 1).to_string());
        let txn = match own {
            Some(own) => txn.unchanged(mine.clone(), own.revision),
            None => txn.absent(mine.clone()),
        };
        match course.timed(store.commit(&txn)).await {
            Ok(_) => {
                made += 1;
                in_doubt = false;
                course.done.fetch_add(1, Ordering::SeqCst);
                course.tally.lock().await.figures.acknowledged += 1;
            }
            Err(error) if error.kind() == Kind::Conflict => {}
            Err(error) if error.applied() == Applied::Unknown => {
                in_doubt = true;
                course.tally.lock().await.figures.unknown += 1;
            }
            Err(error) => course.refused(&error).await,
        }
    }
}

/// Counter and own count; nothing if the store cannot be had.
async fn state(
    course: &Course,
    store: &Arc<dyn Store>,
    mine: &Key,
) -> Option<(netkeep_store::Entry, Option<netkeep_store::Entry>)> {
    let own = match course.timed(store.get(mine)).await {
        Ok(own) => own,
        Err(error) => {
            course.refused(&error).await;
            return None;
        }
    };
    match course.timed(store.get(&key(COUNTER))).await {
        Ok(counter) => Some((counter.expect("an outage looks like absence: the counter is gone"), own)),
        Err(error) => {
            course.refused(&error).await;
            None
        }
    }
}

/// Reads the counter again and again: it neither goes nor goes back.
async fn read(course: Arc<Course>, store: Arc<dyn Store>) {
    let mut last = Revision::ZERO;
    while !course.over.load(Ordering::SeqCst) {
        match course.timed(store.get(&key(COUNTER))).await {
            Ok(entry) => {
                let entry = entry.expect("an outage looks like absence: the counter is gone");
                assert!(entry.revision >= last, "a read went back from {last} to {}", entry.revision);
                last = entry.revision;
            }
            Err(error) => course.refused(&error).await,
        }
        sleep(Duration::from_millis(10)).await;
    }
}

/// Follows the watch until it has told the revision that is put into `ended`.
async fn replicate(store: Arc<dyn Store>, ended: Arc<Mutex<Option<Revision>>>) -> Mirror {
    let root: Prefix = prefix(ROOT);
    let mut watch = store.watch(&root, WatchFrom::Snapshot).await.expect("the servers are well at first");
    let mut mirror = Mirror::new(&root);
    loop {
        if let Some(last) = *ended.lock().await
            && mirror.through() >= last
        {
            return mirror;
        }
        if let Ok(item) = timeout(Duration::from_millis(100), watch.next()).await {
            mirror.apply(item.unwrap_or_else(|error| panic!("an outage has ended a watch: {error:?}")));
        }
    }
}

impl Course {
    /// Runs a call, and takes note of its time and success.
    async fn timed<T>(&self, call: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let begun = Instant::now();
        // A call that hangs must fail the trial rather than hang it.
        let bound = self.trial.patience * 3;
        let result = timeout(bound, call).await.unwrap_or_else(|_| panic!("a call has hung for {bound:?}"));
        let now = Instant::now();
        let mut tally = self.tally.lock().await;
        tally.figures.longest_call = tally.figures.longest_call.max(now - begun);
        if result.is_ok() {
            if let Some(last) = tally.last_success {
                tally.figures.without_service = tally.figures.without_service.max(now - last);
            }
            tally.last_success = Some(now);
        }
        result
    }

    /// A call has failed as calls may while the servers are away.
    async fn refused(&self, error: &Error) {
        assert_eq!(error.kind(), Kind::Unavailable, "an outage is no such failure: {error:?}");
        self.tally.lock().await.figures.refused += 1;
        sleep(Duration::from_millis(20)).await;
    }
}

fn number(value: Option<&[u8]>) -> usize {
    let text = std::str::from_utf8(value.unwrap_or(b"0")).expect("a number is text");
    text.parse().expect("the trial writes numbers")
}

#[cfg(test)]
mod tests {
    use netkeep_store::{LeasedDirectories, MemoryServer};

    use super::*;
    use crate::given::{get, put};

    fn trial() -> Trial {
        Trial {
            tasks: 4,
            increments: 200,
            outages: 2,
            lasting: Duration::from_millis(20),
            patience: Duration::from_secs(10),
        }
    }

    /// A store in memory never fails, so its outages are none; the arithmetic of a trial can be seen.
    struct Healthy(MemoryServer);

    #[async_trait]
    impl Outage for Healthy {
        async fn connect(&self) -> Arc<dyn Store> {
            Arc::new(self.0.connect())
        }

        async fn begin(&self) {}

        async fn end(&self) {}
    }

    #[tokio::test]
    async fn a_sound_store_withstands() {
        let outage = Healthy(MemoryServer::new(LeasedDirectories::default()));
        let figures = withstand(&outage, trial()).await;
        assert_eq!((figures.acknowledged, figures.unknown, figures.refused), (200, 0, 0));
    }

    /// Loses, in an outage, what it has acknowledged to the first task.
    struct Forgetful(MemoryServer);

    #[async_trait]
    impl Outage for Forgetful {
        async fn connect(&self) -> Arc<dyn Store> {
            Arc::new(self.0.connect())
        }

        async fn begin(&self) {}

        async fn end(&self) {
            let store = self.connect().await;
            let own = number(get(&store, "outage/tasks/0").await.as_ref().map(|entry| &*entry.value));
            store.commit(&put("outage/tasks/0", own.saturating_sub(1).to_string())).await.unwrap();
        }
    }

    #[tokio::test]
    #[should_panic(expected = "was told another number of increments than the store holds")]
    async fn a_store_that_loses_what_it_acknowledged_is_caught() {
        let outage = Forgetful(MemoryServer::new(LeasedDirectories::default()));
        withstand(&outage, Trial { increments: 2000, ..trial() }).await;
    }
}
