//! The benches: `cargo xtask bench` builds and runs them.

use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    netkeep_benches::run(&words)
}
