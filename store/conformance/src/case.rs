//! One case, and how it is run.

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use crate::{CASES, Harness};

/// A case that takes longer than this hangs. The slowest one waits for leases on a store that grants none
/// shorter than 10 s.
const DEADLINE: Duration = Duration::from_secs(300);

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
/// If the store breaks a clause that the case judges, if the case takes longer than five minutes, or if there
/// is no case of this name.
pub fn judge<H, F>(name: &str, make: impl FnOnce() -> F)
where
    H: Harness,
    F: Future<Output = H>,
{
    let case = CASES.iter().find(|case| case.name == name);
    let case = case.unwrap_or_else(|| panic!("there is no case {name}"));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime can be had where tests run");
    runtime.block_on(async {
        let harness = make().await;
        let verdict = tokio::time::timeout(DEADLINE, (case.run)(&harness)).await;
        assert!(verdict.is_ok(), "{name} ({}) did not end within {DEADLINE:?}", case.clauses.join(", "));
    });
}
