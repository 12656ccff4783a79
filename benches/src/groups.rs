//! The groups of workloads, and running them.

use std::process::ExitCode;
use std::time::Instant;

use anyhow::Result;
use futures_util::future::BoxFuture;

use crate::arguments::Arguments;
use crate::measure::Pace;
use crate::report::{self, Report};
use crate::{controllers, daemons, stores};

type Group = fn(Pace) -> BoxFuture<'static, Result<Report>>;

const GROUPS: [(&str, Group); 11] = [
    ("redb", |pace| Box::pin(stores::redb(pace))),
    ("etcd", |pace| Box::pin(stores::etcd(pace))),
    ("consul", |pace| Box::pin(stores::consul(pace))),
    ("zookeeper", |pace| Box::pin(stores::zookeeper(pace))),
    ("endpoints", |pace| Box::pin(controllers::endpoints(pace))),
    ("reads", |pace| Box::pin(controllers::reads(pace))),
    ("addresses", |pace| Box::pin(controllers::addresses(pace))),
    ("global", |pace| Box::pin(controllers::global(pace))),
    ("restart", |pace| Box::pin(controllers::restart(pace))),
    ("growth", |pace| Box::pin(controllers::growth(pace))),
    ("docker", |pace| Box::pin(daemons::docker(pace))),
];

/// Runs the groups that are named, or all, on a runtime of its own. A group that fails does not stop the others; a bar
/// that is missed is no failure.
pub fn run(words: &[String]) -> ExitCode {
    on_a_runtime(run_groups(words))
}

/// Runs this to its end, with as many threads as the machine has processors.
pub(crate) fn on_a_runtime(work: impl Future<Output = ExitCode>) -> ExitCode {
    match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime.block_on(work),
        Err(error) => {
            eprintln!("error: there is no runtime: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run_groups(words: &[String]) -> ExitCode {
    let known = GROUPS.map(|(name, _)| name);
    let arguments = match Arguments::parse(words, &known) {
        Ok(arguments) => arguments,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(2);
        }
    };
    let pace = Pace::new(arguments.quick);
    let mut reports = Vec::new();
    let mut good = true;
    for (name, group) in GROUPS.iter().filter(|(name, _)| arguments.wants(name)) {
        println!("\n== {name}");
        let begun = Instant::now();
        let found = group(pace).await;
        println!("{name}: {} s", begun.elapsed().as_secs());
        match found {
            Ok(report) => {
                // What a short run finds is too rough to stay.
                if let Some(docs) = arguments.docs.as_ref().filter(|_| !arguments.quick) {
                    good &= told(report::refresh(name, &report, docs));
                }
                reports.push(report);
            }
            Err(error) => good &= told(Err(error.context(*name))),
        }
    }
    let rows: Vec<_> = reports.iter().flat_map(|report| &report.rows).collect();
    let missed = rows.iter().filter(|row| row.met == Some(false)).count();
    let bars = rows.iter().filter(|row| row.met.is_some()).count();
    if let Some(json) = &arguments.json {
        good &= told(report::write_json(&rows, json));
    }
    println!("\n{} rows, {bars} with a bar, {missed} of them missed", rows.len());
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// True if it went well; prints why not.
fn told(result: Result<()>) -> bool {
    if let Err(error) = &result {
        eprintln!("error: {error:#}");
    }
    result.is_ok()
}
