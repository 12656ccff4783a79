//! `cargo xtask bench`: the benches, built with optimization, with their servers provided.

use std::process::Command;
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
    for package in packages(words) {
        let words = ["build", "--locked", "--release", "--package", package, "--bins"];
        if !step::run("build", &mut cargo_in(workspace, &words))? {
            return Ok(false);
        }
    }
    let mut run = Command::new(target(workspace).join("release/netkeep-benches"));
    if needs_servers(words) {
        let place = servers(workspace, &Wanted::parse(&[])?)?;
        run.env("NETKEEP_LAUNCHER", place.name());
    }
    let json = target(workspace).join("bench.json");
    run.arg("--json").arg(&json).arg("--docs").arg(workspace.root.join("docs")).args(words);
    let begin = Instant::now();
    let good = step::run("benches", &mut run)?;
    println!("bench: {} s, rows in {}", begin.elapsed().as_secs(), json.display());
    Ok(good)
}

/// What is built: the daemon, too, where it is measured as its users have it; with other features of what both use, and
/// so apart.
fn packages(words: &[&str]) -> impl Iterator<Item = &'static str> {
    let daemon = wants(words, |group| group == "docker");
    ["netkeep-benches"].into_iter().chain(daemon.then_some("netkeep"))
}

/// Whether a group is wanted that runs on servers.
fn needs_servers(words: &[&str]) -> bool {
    wants(words, |group| !SERVERLESS.contains(&group))
}

/// Whether such a group is named, or none and so all are wanted.
fn wants(words: &[&str], such: impl Fn(&str) -> bool) -> bool {
    let mut groups = words.iter().filter(|word| !word.starts_with("--")).peekable();
    groups.peek().is_none() || groups.any(|group| such(group))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_daemon_is_built_where_it_is_measured() {
        for (words, built) in [(&["--quick"][..], 2), (&["redb", "docker"], 2), (&["etcd"], 1)] {
            assert_eq!(packages(words).count(), built, "{words:?}");
        }
    }

    #[test]
    fn servers_are_provided_for_what_runs_on_them() {
        assert!(needs_servers(&[]));
        assert!(needs_servers(&["--quick"]));
        assert!(needs_servers(&["redb", "etcd"]));
        assert!(!needs_servers(&["redb", "--quick", "growth"]));
    }
}
