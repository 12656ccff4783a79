//! `cargo xtask test`: builds everything once, then runs every test, every doc test and every example.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use crate::workspace::cargo_in;
use crate::{Tally, Workspace, example_in, step};

/// How long one example may run.
const EXAMPLE_LIMIT: Duration = Duration::from_secs(120);

/// Runs it all, prints which step failed and, as the last line, `N passed, N failed`. True if tests ran, all of
/// them, and all held. An ignored test is one that nobody runs, so it counts against.
///
/// # Errors
///
/// If a step could not be run at all.
pub fn test(workspace: &Workspace) -> Result<bool> {
    let mut tally = Tally::default();
    let mut failed = Vec::new();

    // Without `--all-targets` cargo builds examples as programs and adds the doc tests, which is what is wanted.
    let mut built = BTreeMap::new();
    let build =
        ["test", "--locked", "--workspace", "--no-run", "--message-format", "json-render-diagnostics"];
    if step::run_reading("build", &mut cargo_in(workspace, &build), |line| built.extend(example_in(line)))? {
        run_tests(workspace, &mut tally, &mut failed)?;
        run_examples(workspace, &built, &mut tally, &mut failed)?;
    } else {
        tally.count(false);
        failed.push("build".to_owned());
    }

    println!();
    if !failed.is_empty() {
        println!("failed: {}", failed.join(", "));
    }
    if tally.ignored > 0 {
        println!("{} tests are ignored: a test that no step runs proves nothing", tally.ignored);
    }
    if tally.passed + tally.failed == 0 {
        println!("no test ran");
    }
    println!("{tally}");
    Ok(failed.is_empty() && tally.is_good())
}

fn run_tests(workspace: &Workspace, tally: &mut Tally, failed: &mut Vec<String>) -> Result<()> {
    let failed_before = tally.failed;
    let mut command = cargo_in(workspace, &["test", "--locked", "--workspace", "--no-fail-fast"]);
    let good = step::run_reading("tests and doc tests", &mut command, |line| {
        println!("{line}");
        tally.read(line);
    })?;
    if !good {
        // A test binary that crashes says nothing; it is one failure all the same.
        if tally.failed == failed_before {
            tally.count(false);
        }
        failed.push("tests and doc tests".to_owned());
    }
    Ok(())
}

fn run_examples(
    workspace: &Workspace,
    built: &BTreeMap<String, PathBuf>,
    tally: &mut Tally,
    failed: &mut Vec<String>,
) -> Result<()> {
    for name in workspace.packages.iter().flat_map(|package| &package.examples) {
        let title = format!("example {name}");
        let good = match built.get(name) {
            Some(program) => step::run_within(EXAMPLE_LIMIT, &title, &mut Command::new(program))?,
            None => {
                println!("\n== {title}: cargo did not build it");
                false
            }
        };
        tally.count(good);
        if !good {
            failed.push(title);
        }
    }
    Ok(())
}
