//! `cargo xtask verify`: reads and judges, changes nothing.

use anyhow::Result;

use crate::workspace::cargo_in;
use crate::{Workspace, step, tidy};

/// Format, tidy, clippy and rustdoc, with warnings denied. Runs all of them, prints what failed, and answers
/// whether nothing did.
///
/// # Errors
///
/// If a step could not be run at all.
pub fn verify(workspace: &Workspace) -> Result<bool> {
    let mut failed = Vec::new();
    // The quick ones first: who is waiting for a verdict should hear a bad one soon.
    if !step::run("format", &mut cargo_in(workspace, &["fmt", "--all", "--check"]))? {
        failed.push("format (cargo fmt mends it)");
    }
    println!("\n== tidy");
    let findings = tidy::findings(workspace)?;
    for finding in &findings {
        println!("{finding}");
    }
    if !findings.is_empty() {
        failed.push("tidy");
    }
    let clippy = ["clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"];
    if !step::run("clippy", &mut cargo_in(workspace, &clippy))? {
        failed.push("clippy");
    }
    let mut doc = cargo_in(workspace, &["doc", "--locked", "--workspace", "--no-deps"]);
    if !step::run("rustdoc", doc.env("RUSTDOCFLAGS", "-Dwarnings"))? {
        failed.push("rustdoc");
    }
    if failed.is_empty() {
        println!("\nverify: good");
    } else {
        println!("\nverify: failed: {}", failed.join(", "));
    }
    Ok(failed.is_empty())
}
