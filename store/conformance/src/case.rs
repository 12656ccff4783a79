//! One case, and how it is run.

use std::fmt;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::pin::Pin;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::runtime::Runtime;

use crate::{CASES, Harness};

/// A case that takes longer than this hangs. The slowest one waits for leases on a store that grants none
/// shorter than 10 s.
const DEADLINE: Duration = Duration::from_secs(300);

/// The cases that restart the store. A test holds the list to what the cases do.
const RESTARTING: [&str; 8] = [
    "an_outage_never_looks_like_absence",
    "commits_survive_a_restart",
    "identity_is_of_the_store",
    "revisions_go_on_after_a_restart",
    "the_name_of_a_lease_is_never_given_again",
    "leases_end_after_a_restart",
    "a_watch_after_a_restart_has_no_gap",
    "an_open_watch_outlives_a_restart_or_ends",
];

tokio::task_local! {
    static CURRENT: &'static Case;
}

/// A case under way.
pub type Run<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// One question to a store.
#[derive(Clone, Copy)]
pub struct Case {
    /// Its name: that of its function and of its test.
    pub name: &'static str,
    /// The module of [`cases`](crate::cases) that holds it.
    pub area: &'static str,
    /// The clauses of the contract that it judges.
    pub clauses: &'static [&'static str],
    /// Asks it; panics if the store breaks a clause.
    pub run: for<'a> fn(&'a dyn Harness) -> Run<'a>,
}

impl Case {
    /// The case that [`judge`] makes a harness for, for those who make one. A store that others use too cannot be
    /// restarted, so a harness may be made otherwise for a case that [`restarts`](Case::restarts).
    ///
    /// # Panics
    ///
    /// Outside of what [`judge`] calls.
    pub fn current() -> &'static Self {
        CURRENT.get()
    }

    /// True if the case calls [`Harness::restart`].
    pub fn restarts(&self) -> bool {
        RESTARTING.contains(&self.name)
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Case")
            .field("name", &self.name)
            .field("area", &self.area)
            .field("clauses", &self.clauses)
            .finish_non_exhaustive()
    }
}

/// Runs the case of this name on the store that `make` makes, in a runtime of its own.
///
/// # Panics
///
/// As [`judge_in`].
pub fn judge<H, F>(name: &str, make: impl FnOnce() -> F)
where
    H: Harness,
    F: Future<Output = H>,
{
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime can be had where tests run");
    judge_in(&runtime, name, make);
}

/// Runs the case of this name on the store that `make` makes. A store that keeps time by tokio's clock alone can be
/// judged in a runtime whose clock is paused: no lease then ends because the machine was busy.
///
/// # Panics
///
/// If the store breaks a clause that the case judges, if the case takes longer than five minutes, or if there
/// is no case of this name.
pub fn judge_in<H, F>(runtime: &Runtime, name: &str, make: impl FnOnce() -> F)
where
    H: Harness,
    F: Future<Output = H>,
{
    let case = CASES.iter().find(|case| case.name == name);
    let case = case.unwrap_or_else(|| panic!("there is no case {name}"));
    runtime.block_on(CURRENT.scope(case, async {
        let harness = make().await;
        let run = tokio::time::timeout(DEADLINE, (case.run)(&harness));
        let verdict = AssertUnwindSafe(run).catch_unwind().await;
        harness.finish().await;
        match verdict {
            Ok(in_time) => {
                let clauses = case.clauses.join(", ");
                assert!(in_time.is_ok(), "{name} ({clauses}) did not end within {DEADLINE:?}");
            }
            Err(panic) => resume_unwind(panic),
        }
    }));
}
