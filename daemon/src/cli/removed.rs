//! What became of several deletions.

use super::Failure;
use super::output::Output;
use crate::client::ClientError;
use crate::exit::Exit;

/// What became of several deletions: each is tried, and the first failure decides about the exit.
#[derive(Debug, Default)]
pub(super) struct Removed {
    done: Vec<String>,
    failed: Option<Exit>,
}

impl Removed {
    pub(super) fn add(&mut self, outcome: Result<(), ClientError>, name: String) {
        match outcome {
            Ok(()) => self.done.push(name),
            Err(error) => {
                eprintln!("netkeep: {error}");
                self.failed.get_or_insert(error.exit());
            }
        }
    }

    pub(super) fn report(self, output: &Output) -> Result<Exit, Failure> {
        output.print(self.done.as_slice(), |done| done.join("\n"))?;
        Ok(self.failed.unwrap_or(Exit::Done))
    }
}
