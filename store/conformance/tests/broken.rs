//! Each broken store is caught by its case in every run, and the store without the defect passes that case.

use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::thread;

use async_trait::async_trait;
use netkeep_store::{LeasedDirectories, MemoryServer, Prefix, Store};
use netkeep_store_conformance::broken::{Broken, Defect};
use netkeep_store_conformance::{CASES, Harness, LEASED, clauses_of, judge};

/// How often each is judged.
const RUNS: usize = 50;
/// How many at once.
const TOGETHER: usize = 25;

struct Judged {
    server: MemoryServer,
    defect: Option<Defect>,
}

impl Judged {
    async fn fresh(defect: Option<Defect>) -> Self {
        let leased = Prefix::parse(LEASED).expect("the suite's own directory");
        Self { server: MemoryServer::new(LeasedDirectories::new([leased])), defect }
    }
}

#[async_trait]
impl Harness for Judged {
    async fn connect(&self) -> Arc<dyn Store> {
        let store: Arc<dyn Store> = Arc::new(self.server.connect());
        match self.defect {
            Some(defect) => Arc::new(Broken::new(store, defect)),
            None => store,
        }
    }

    async fn restart(&self) {
        self.server.restart();
    }

    async fn other_store(&self) -> Arc<dyn Store> {
        Self::fresh(self.defect).await.connect().await
    }
}

/// In how many of [`RUNS`] runs the case fails.
fn failures(case: &'static str, defect: Option<Defect>) -> usize {
    let one = move || {
        let run = || judge(case, || Judged::fresh(defect));
        usize::from(panic::catch_unwind(AssertUnwindSafe(run)).is_err())
    };
    let batch = move || (0..RUNS / TOGETHER).map(|_| one()).sum::<usize>();
    let threads: Vec<_> = (0..TOGETHER).map(|_| thread::spawn(batch)).collect();
    threads.into_iter().map(|thread| thread.join().expect("the runs are counted")).sum()
}

#[test]
fn every_broken_store_is_caught_in_every_run_and_the_right_one_never() {
    // What the broken stores make the cases say is no news.
    panic::set_hook(Box::new(|_| {}));
    let verdicts: Vec<_> = Defect::ALL
        .into_iter()
        .map(|defect| {
            let case = defect.caught_by();
            (defect, case, failures(case, Some(defect)), failures(case, None))
        })
        .collect();
    drop(panic::take_hook());
    for (defect, case, caught, wronged) in &verdicts {
        println!("{:<32} caught {caught:>2}, wronged {wronged} of {RUNS} by {case}", defect.name());
    }
    for (defect, case, caught, wronged) in verdicts {
        assert_eq!(caught, RUNS, "{case} must catch a store that {}", defect.name());
        assert_eq!(wronged, 0, "{case} must pass a store that keeps the contract");
    }
}

#[test]
fn the_contract_says_which_broken_store_each_case_catches() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/contract.md");
    let contract = clauses_of(&std::fs::read_to_string(path).expect("the contract is a file here"));
    for defect in Defect::ALL {
        let case = CASES.iter().find(|case| case.name == defect.caught_by()).expect("the case exists");
        for clause in case.clauses {
            let row = contract.iter().find(|row| row.id == *clause).expect("the clause exists");
            assert!(
                row.broken.contains(&defect.name()),
                "{clause} must name the store that {}; it has {:?}",
                defect.name(),
                row.broken
            );
        }
    }
}
