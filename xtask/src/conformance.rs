//! `cargo xtask conformance`: the suite on one store, with every case accounted for.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};

use crate::workspace::cargo_in;
use crate::{Release, Wanted, Workspace, servers, step};

/// The package that has the suite, and the tests of the memory store.
const SUITE: &str = "netkeep-store-conformance";

/// What any store is judged as, at the least: as it is, and behind all layers.
const ROUNDS: [&str; 2] = ["bare", "all_layers"];

/// Provides the server that the store needs, runs its tests of the suite, those that wait for a server too, and
/// compares what ran with the table of the suite. True if every case held, bare and behind all layers.
///
/// # Errors
///
/// If there is no such store, or if a step could not be run at all.
pub fn conformance(workspace: &Workspace, store: &str) -> Result<bool> {
    let (package, tests) = match store {
        "memory" => (SUITE.to_owned(), "memory"),
        _ => (format!("netkeep-store-{store}"), "conformance"),
    };
    if workspace.package(&package).is_none_or(|package| package.name == SUITE && store != "memory") {
        bail!("there is no store {store:?}; there are memory{}", stores(workspace));
    }
    let mut run = cargo_in(workspace, &["test", "--locked", "--package", &package, "--test", tests]);
    run.args(["--", "--include-ignored"]);
    if let Ok(release) = Release::named(store)
        && std::env::var_os(format!("NETKEEP_{}", store.to_uppercase())).is_none()
    {
        let place = servers(workspace, &Wanted { releases: vec![release], place: None })?;
        run.env("NETKEEP_LAUNCHER", place.name());
    }

    let mut cases = BTreeSet::new();
    let mut table =
        cargo_in(workspace, &["run", "--locked", "--quiet", "--package", SUITE, "--example", "cases"]);
    if !step::run_reading("the table of the suite", &mut table, |line| {
        cases.insert(line.to_owned());
    })? {
        bail!("the suite does not print its cases");
    }
    let mut ran = Ran::default();
    let good = step::run_reading(&format!("the suite on {store}"), &mut run, |line| {
        println!("{line}");
        ran.read(line);
    })?;

    let missing = ran.missing(&cases);
    for (round, names) in &missing {
        let names: Vec<&str> = names.iter().take(20).copied().collect();
        println!("{store}: {round}: not passed, or not run at all: {}", names.join(", "));
    }
    let all = ROUNDS.len() * cases.len();
    let held = all - missing.values().map(BTreeSet::len).sum::<usize>();
    println!(
        "\nconformance of {store}: {held} of {all} cases held ({} each, {})",
        cases.len(),
        ROUNDS.join(" and ")
    );
    Ok(good && !cases.is_empty() && held == all)
}

/// The backends, each with a comma before it.
fn stores(workspace: &Workspace) -> String {
    let backends = workspace.packages.iter().filter(|package| package.folder.starts_with("store/backends/"));
    let names = backends.filter_map(|package| package.name.strip_prefix("netkeep-store-"));
    names.map(|name| format!(", {name}")).collect()
}

/// The tests that passed, by the module that holds them.
#[derive(Debug, Default)]
struct Ran {
    passed: BTreeMap<String, BTreeSet<String>>,
}

impl Ran {
    /// Takes notice of a line such as `test bare::many_keys_at_once ... ok`; any other changes nothing.
    fn read(&mut self, line: &str) {
        let name = line.strip_prefix("test ").and_then(|rest| rest.strip_suffix(" ... ok"));
        if let Some((round, case)) = name.and_then(|name| name.rsplit_once("::")) {
            self.passed.entry(round.to_owned()).or_default().insert(case.to_owned());
        }
    }

    /// The cases that did not pass, by round.
    fn missing<'a>(&self, cases: &'a BTreeSet<String>) -> BTreeMap<&'static str, BTreeSet<&'a str>> {
        let of_round = |round: &'static str| {
            let passed = |case: &str| self.passed.get(round).is_some_and(|passed| passed.contains(case));
            let missing: BTreeSet<&str> =
                cases.iter().map(String::as_str).filter(|case| !passed(case)).collect();
            (round, missing)
        };
        ROUNDS.into_iter().map(of_round).filter(|(_, missing)| !missing.is_empty()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ran(lines: &[&str]) -> Ran {
        let mut ran = Ran::default();
        lines.iter().for_each(|line| ran.read(line));
        ran
    }

    fn cases() -> BTreeSet<String> {
        ["one", "two"].map(str::to_owned).into()
    }

    const ALL: [&str; 4] = [
        "test bare::one ... ok",
        "test bare::two ... ok",
        "test all_layers::one ... ok",
        "test all_layers::two ... ok",
    ];

    #[test]
    fn every_case_in_every_round_is_wanted() {
        assert!(ran(&ALL).missing(&cases()).is_empty());
        for left_out in ALL {
            let lines: Vec<&str> = ALL.into_iter().filter(|line| *line != left_out).collect();
            assert_eq!(ran(&lines).missing(&cases()).len(), 1, "{left_out}");
        }
    }

    #[test]
    fn a_case_that_failed_or_was_ignored_did_not_pass() {
        for how in ["FAILED", "ignored, needs a server"] {
            let mut lines = ALL.to_vec();
            let line = format!("test bare::two ... {how}");
            lines[1] = &line;
            let missing = ran(&lines);
            assert_eq!(missing.missing(&cases())["bare"], ["two"].into(), "{how}");
        }
    }
}
