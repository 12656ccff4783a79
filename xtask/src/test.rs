//! `cargo xtask test`: builds everything once, sees to the servers, then runs every test, every doc test and every
//! example.

use std::time::Duration;

use anyhow::Result;

use crate::lane::Lane;
use crate::program::Program;
use crate::workspace::cargo_in;
use crate::{Place, Release, Tally, Wanted, Workspace, servers, step};

/// How long one example may run.
const EXAMPLE_LIMIT: Duration = Duration::from_secs(120);

/// How many of the programs that took longest are named.
const SLOWEST: usize = 10;

/// Runs it all, prints which step failed and, as the last line, `N passed, N failed`. True if tests ran, all of
/// them, and all held. Tests that are ignored for want of a server are run on the servers that this provides; one
/// that is ignored all the same is one that nobody runs, so it counts against.
///
/// Tests that wait for servers run beside all others: they mostly wait.
///
/// # Errors
///
/// If a step could not be run at all, or servers could not be made.
pub fn test(workspace: &Workspace) -> Result<bool> {
    let mut tally = Tally::default();
    let mut failed = Vec::new();

    // Without `--all-targets` cargo builds examples as programs, which is what is wanted.
    let mut built = Vec::new();
    let build =
        ["test", "--locked", "--workspace", "--no-run", "--message-format", "json-render-diagnostics"];
    let reading = |line: &str| built.extend(Program::in_line(line, workspace));
    if step::run_reading("build", &mut cargo_in(workspace, &build), reading)? {
        let (examples, tests) = built.into_iter().partition(|program| program.is_example);
        run_tests(workspace, tests, &mut tally, &mut failed)?;
        run_examples(workspace, &examples, &mut tally, &mut failed)?;
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

fn run_tests(
    workspace: &Workspace,
    tests: Vec<Program>,
    tally: &mut Tally,
    failed: &mut Vec<String>,
) -> Result<()> {
    let provide = |place| servers(workspace, &Wanted { releases: Release::all(), place });
    let place = provide(None)?;
    let run = |program: &Program, place: Place| {
        let mut command = program.command();
        command.arg("--include-ignored").env("NETKEEP_LAUNCHER", place.name());
        command
    };

    let (waiting, others): (Vec<_>, Vec<_>) =
        tests.into_iter().partition(|program| program.waits_for_servers(workspace));
    let mut with_servers = Lane::default();
    for program in &waiting {
        with_servers.push(program.title(), run(program, place));
    }
    if place == Place::Docker {
        // Where an engine answers nothing else runs processes, and they are an answer too.
        let place = provide(Some(Place::Local))?;
        for program in waiting.iter().filter(|program| program.tests_servers()) {
            with_servers
                .push(format!("{} on {} servers", program.title(), place.name()), run(program, place));
        }
    }
    let mut without = Lane::default();
    for program in &others {
        without.push(program.title(), run(program, place));
    }
    let doc = ["test", "--locked", "--workspace", "--doc", "--no-fail-fast", "--", "--include-ignored"];
    without.push("doc tests".to_owned(), cargo_in(workspace, &doc));

    for (name, outcome) in
        ["with servers", "without servers"].into_iter().zip(Lane::run_all(vec![with_servers, without])?)
    {
        let seconds: f64 = outcome.took.iter().map(|(_, took)| took.as_secs_f64()).sum();
        println!("\n== tests {name}: {seconds:.0} s, {}; the longest:", outcome.tally);
        let mut took = outcome.took;
        took.sort_by_key(|(_, took)| std::cmp::Reverse(*took));
        for (title, took) in took.iter().take(SLOWEST) {
            println!("{:8.1} s  {title}", took.as_secs_f64());
        }
        tally.add(outcome.tally);
        failed.extend(outcome.failed);
    }
    Ok(())
}

fn run_examples(
    workspace: &Workspace,
    built: &[Program],
    tally: &mut Tally,
    failed: &mut Vec<String>,
) -> Result<()> {
    let wanted = workspace.packages.iter().flat_map(|package| {
        package.examples.iter().map(move |example| (package.name.as_str(), example.as_str()))
    });
    for (package, example) in wanted {
        let title = format!("example {example}");
        let program = built.iter().find(|program| program.package == package && program.target == example);
        let good = match program {
            Some(program) => step::run_within(EXAMPLE_LIMIT, &title, &mut program.command())?,
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
