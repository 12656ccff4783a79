//! `cargo xtask`: see `usage`.

use std::process::ExitCode;

use anyhow::Result;
use xtask::{Wanted, Workspace, bench, conformance, servers, test, tidy, verify};

const USAGE: &str = "\
usage: cargo xtask <command>

  verify   read-only: format, tidy, clippy and rustdoc, warnings denied
  test     every test, every doc test, and every example built and run
  tidy     the rules of this house that no compiler knows
  servers  etcd, Consul and ZooKeeper for the tests, those that are not there yet:
           servers [etcd|consul|zookeeper ...] [--docker|--local]
  conformance STORE
           the suite on one store, its server provided: memory, redb, etcd, consul, zookeeper
  bench    what things cost, beside the raw clients, into docs/benchmarks.md:
           bench [redb|etcd|consul|zookeeper|endpoints|reads|addresses|global|restart|growth ...] [--quick]
";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let outcome = match words[..] {
        ["verify"] => Workspace::load().and_then(|workspace| verify(&workspace)),
        ["test"] => Workspace::load().and_then(|workspace| test(&workspace)),
        ["tidy"] => Workspace::load().and_then(|workspace| print_findings(&workspace)),
        ["servers", ref words @ ..] => Wanted::parse(words)
            .and_then(|wanted| Workspace::load().and_then(|workspace| servers(&workspace, &wanted)))
            .map(|_| true),
        ["bench", ref words @ ..] => Workspace::load().and_then(|workspace| bench(&workspace, words)),
        ["conformance", store] => Workspace::load().and_then(|workspace| conformance(&workspace, store)),
        [] | ["help" | "--help" | "-h"] => {
            print!("{USAGE}");
            Ok(true)
        }
        _ => {
            eprint!("unknown command: {}\n\n{USAGE}", words.join(" "));
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn print_findings(workspace: &Workspace) -> Result<bool> {
    let findings = tidy::findings(workspace)?;
    for finding in &findings {
        println!("{finding}");
    }
    println!("tidy: {} findings", findings.len());
    Ok(findings.is_empty())
}
