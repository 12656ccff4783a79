//! Each broken store is caught by its cases in every run, and the store without the defect passes those cases.

use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use async_trait::async_trait;
use netkeep_store::{LeasedDirectories, MemoryServer, Prefix, Store};
use netkeep_store_conformance::broken::{BrokenServer, Defect};
use netkeep_store_conformance::{Harness, LEASED, judge, judge_in};

/// How often each is judged.
const RUNS: usize = 50;
/// How many at once.
const TOGETHER: usize = 4;
/// The cases that wait for leases to end. Their clock is paused, lest a busy machine hold up who renews a lease.
const WAITING: [&str; 6] = [
    "an_entry_lives_for_its_ttl",
    "renewing_prolongs",
    "an_old_holder_is_fenced",
    "an_ended_lease_is_lost",
    "leases_end_after_a_restart",
    "closing_a_handle_lets_its_leases_end",
];

enum Judged {
    Right(MemoryServer),
    Broken(BrokenServer),
}

impl Judged {
    async fn fresh(defect: Option<Defect>) -> Self {
        let leased = Prefix::parse(LEASED).expect("the suite's own directory");
        let server = MemoryServer::new(LeasedDirectories::new([leased]));
        match defect {
            Some(defect) => Self::Broken(BrokenServer::new(server, defect)),
            None => Self::Right(server),
        }
    }

    fn defect(&self) -> Option<Defect> {
        match self {
            Self::Right(_) => None,
            Self::Broken(server) => Some(server.defect()),
        }
    }
}

#[async_trait]
impl Harness for Judged {
    async fn connect(&self) -> Arc<dyn Store> {
        match self {
            Self::Right(server) => Arc::new(server.connect()),
            Self::Broken(server) => Arc::new(server.connect()),
        }
    }

    async fn restart(&self) {
        match self {
            Self::Right(server) => server.restart(),
            Self::Broken(server) => server.restart().await.expect("the store below is right"),
        }
    }

    async fn other_store(&self) -> Arc<dyn Store> {
        Self::fresh(self.defect()).await.connect().await
    }
}

/// A case and the store that it judges.
type Run = (&'static str, Option<Defect>);

fn judge_once(case: &str, defect: Option<Defect>) {
    if WAITING.contains(&case) {
        let mut paused = tokio::runtime::Builder::new_current_thread();
        let paused = paused.enable_all().start_paused(true).build().unwrap();
        judge_in(&paused, case, || Judged::fresh(defect));
    } else {
        judge(case, || Judged::fresh(defect));
    }
}

/// In how many of [`RUNS`] runs each fails.
fn failures(runs: &[Run]) -> Vec<usize> {
    let failed: Vec<AtomicUsize> = runs.iter().map(|_| AtomicUsize::new(0)).collect();
    // Another one each time, so that the slow ones do not come all at once.
    let queue = Mutex::new((0..RUNS).flat_map(|_| 0..runs.len()));
    let next = || queue.lock().expect("nobody panics with the queue").next();
    let work = || {
        while let Some(index) = next() {
            let (case, defect) = runs[index];
            if panic::catch_unwind(AssertUnwindSafe(|| judge_once(case, defect))).is_err() {
                failed[index].fetch_add(1, Ordering::SeqCst);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..TOGETHER {
            scope.spawn(work);
        }
    });
    failed.into_iter().map(AtomicUsize::into_inner).collect()
}

#[test]
fn every_broken_store_is_caught_in_every_run_and_the_right_one_never() {
    let mut runs: Vec<Run> = Vec::new();
    for defect in Defect::ALL {
        for caught in defect.caught() {
            for run in [(caught.case, Some(*defect)), (caught.case, None)] {
                if !runs.contains(&run) {
                    runs.push(run);
                }
            }
        }
    }
    // What the broken stores make the cases say is no news.
    panic::set_hook(Box::new(|_| {}));
    let failed = failures(&runs);
    drop(panic::take_hook());
    let verdicts: Vec<(Run, usize)> = runs.into_iter().zip(failed).collect();
    for ((case, defect), failed) in &verdicts {
        let name = defect.map_or("the right one".to_owned(), Defect::name);
        println!("{name:<32} failed {failed:>2} of {RUNS}: {case}");
    }
    let wrong: Vec<_> = verdicts
        .into_iter()
        .filter(|((_, defect), failed)| *failed != if defect.is_some() { RUNS } else { 0 })
        .collect();
    assert!(wrong.is_empty(), "each broken store must fail in {RUNS} runs, the right one in none: {wrong:?}");
}
