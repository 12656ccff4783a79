//! One case, and how it is run.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::{CASES, DriverHarness};

/// A case that takes longer than this hangs.
const DEADLINE: Duration = Duration::from_secs(120);

/// A case under way.
pub type Run = Pin<Box<dyn Future<Output = Verdict>>>;

/// One question to a driver.
#[derive(Clone, Copy)]
pub struct Case {
    /// Its name: that of its function and of its test.
    pub name: &'static str,
    /// The module of [`cases`](crate::cases) that holds it.
    pub area: &'static str,
    /// The clauses that it judges.
    pub clauses: &'static [&'static str],
    /// Asks it; panics if the driver breaks a clause.
    pub run: fn(Arc<dyn DriverHarness>) -> Run,
}

/// What came of a case that did not panic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The driver keeps the clauses.
    Kept,
    /// The driver has nothing that the clauses speak of; why.
    NotOf(&'static str),
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

/// Runs the case of this name on the driver that `make` makes, in a runtime of its own. A case that has nothing
/// to judge says so on the standard output.
///
/// # Panics
///
/// If the driver breaks a clause that the case judges, if the case takes longer than two minutes, or if there is
/// no case of this name.
pub fn judge<H, F>(name: &str, make: impl FnOnce() -> F) -> Verdict
where
    H: DriverHarness + 'static,
    F: Future<Output = H>,
{
    let case = CASES.iter().find(|case| case.name == name);
    let case = case.unwrap_or_else(|| panic!("there is no case {name}"));
    let verdict = run(name, case.clauses, async { (case.run)(Arc::new(make().await)).await });
    if let Verdict::NotOf(why) = verdict {
        println!("{name} ({}): not of this driver: {why}", case.clauses.join(", "));
    }
    verdict
}

/// Runs a case to its end, which has to come in time.
pub(crate) fn run(name: &str, clauses: &[&str], case: impl Future<Output = Verdict>) -> Verdict {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime can be had where tests run");
    let verdict = runtime.block_on(async { tokio::time::timeout(DEADLINE, case).await });
    verdict.unwrap_or_else(|_| panic!("{name} ({}) did not end within {DEADLINE:?}", clauses.join(", ")))
}
