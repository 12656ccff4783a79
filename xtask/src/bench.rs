//! `cargo xtask bench`: the benches, built with optimization, with their servers provided.

use std::time::Instant;

use anyhow::Result;

use crate::servers::target;
use crate::workspace::cargo_in;
use crate::{Wanted, Workspace, servers, step};

/// The groups of benches that need no server.
const SERVERLESS: [&str; 6] = ["redb", "endpoints", "reads", "addresses", "restart", "growth"];

/// Builds the benches, provides the servers that they need, and runs those that are named, or all; `words` are names
/// and `--quick`. The rows go to `bench.json` in cargo's target folder, and, unless the run is a quick one, to
/// `docs/benchmarks.md`. True if every bench could be run; a bar that is missed is no failure.
///
/// # Errors
///
/// If a step could not be run at all.
pub fn bench(workspace: &Workspace, words: &[&str]) -> Result<bool> {
    let mut build =
        cargo_in(workspace, &["build", "--locked", "--release", "--package", "netkeep-benches", "--bins"]);
    if !step::run("build", &mut build)? {
        return Ok(false);
    }
    let mut run =
        cargo_in(workspace, &["run", "--locked", "--release", "--quiet", "--package", "netkeep-benches"]);
    if needs_servers(words) {
        let place = servers(workspace, &Wanted::parse(&[])?)?;
        run.env("NETKEEP_LAUNCHER", place.name());
    }
    let json = target(workspace).join("bench.json");
    run.arg("--").arg("--json").arg(&json).arg("--docs").arg(workspace.root.join("docs")).args(words);
    let begin = Instant::now();
    let good = step::run("benches", &mut run)?;
    println!("bench: {} s, rows in {}", begin.elapsed().as_secs(), json.display());
    Ok(good)
}

/// Whether a group is wanted that runs on servers.
fn needs_servers(words: &[&str]) -> bool {
    let mut groups = words.iter().filter(|word| !word.starts_with("--")).peekable();
    groups.peek().is_none() || groups.any(|group| !SERVERLESS.contains(group))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_provided_for_what_runs_on_them() {
        assert!(needs_servers(&[]));
        assert!(needs_servers(&["--quick"]));
        assert!(needs_servers(&["redb", "etcd"]));
        assert!(!needs_servers(&["redb", "--quick", "growth"]));
    }
}
