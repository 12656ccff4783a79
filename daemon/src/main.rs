//! The daemon, and the command line that speaks with it.

use std::process::ExitCode;

fn main() -> ExitCode {
    netkeep::cli::run(std::env::args_os())
}
