//! One case for IPAM drivers, and how it is run.

use std::fmt;
use std::sync::Arc;

use super::{IPAM_CASES, IpamHarness};
use crate::case::run;
use crate::{Run, Verdict};

/// One question to an IPAM driver.
#[derive(Clone, Copy)]
pub struct IpamCase {
    /// Its name: that of its function and of its test.
    pub name: &'static str,
    /// The module of [`cases::ipam`](crate::cases::ipam) that holds it.
    pub area: &'static str,
    /// The clauses that it judges.
    pub clauses: &'static [&'static str],
    /// Asks it; panics if the driver breaks a clause.
    pub run: fn(Arc<dyn IpamHarness>) -> Run,
}

impl fmt::Debug for IpamCase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IpamCase")
            .field("name", &self.name)
            .field("area", &self.area)
            .field("clauses", &self.clauses)
            .finish_non_exhaustive()
    }
}

/// Runs the case of this name on the IPAM driver that `make` makes, in a runtime of its own. A case that has
/// nothing to judge says so on the standard output.
///
/// # Panics
///
/// If the driver breaks a clause that the case judges, if the case takes longer than two minutes, or if there is
/// no case of this name.
pub fn judge_ipam<H, F>(name: &str, make: impl FnOnce() -> F) -> Verdict
where
    H: IpamHarness + 'static,
    F: Future<Output = H>,
{
    let case = IPAM_CASES.iter().find(|case| case.name == name);
    let case = case.unwrap_or_else(|| panic!("there is no case {name}"));
    let verdict = run(name, case.clauses, async { (case.run)(Arc::new(make().await)).await });
    if let Verdict::NotOf(why) = verdict {
        println!("{name} ({}): not of this driver: {why}", case.clauses.join(", "));
    }
    verdict
}
