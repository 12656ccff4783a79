//! Commands that run one after another, while those of another lane run beside them.

use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;

use crate::{Tally, step};

/// What runs in one lane, in this order.
#[derive(Debug, Default)]
pub(crate) struct Lane {
    commands: Vec<(String, Command)>,
}

/// What became of it.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) tally: Tally,
    /// The titles of what failed.
    pub(crate) failed: Vec<String>,
    /// How long each took, by title.
    pub(crate) took: Vec<(String, Duration)>,
}

impl Lane {
    /// Puts a command at the end.
    pub(crate) fn push(&mut self, title: String, command: Command) {
        self.commands.push((title, command));
    }

    /// Runs lanes beside each other, each in a thread of its own. What a command prints is shown whole when it has
    /// ended, so that nothing is mixed.
    ///
    /// # Errors
    ///
    /// If a command could not be run at all; the other lanes run to their ends first.
    pub(crate) fn run_all(lanes: Vec<Self>) -> Result<Vec<Outcome>> {
        let screen = Mutex::new(());
        std::thread::scope(|scope| {
            let run = lanes.into_iter().map(|lane| scope.spawn(|| lane.run(&screen)));
            // All of them begin before the first is waited for.
            let run: Vec<_> = run.collect();
            run.into_iter().map(|lane| lane.join().expect("a lane does not panic")).collect()
        })
    }

    fn run(self, screen: &Mutex<()>) -> Result<Outcome> {
        let mut outcome = Outcome::default();
        for (title, command) in self.commands {
            {
                let _whole = screen.lock().unwrap_or_else(PoisonError::into_inner);
                step::announce(&title, &command);
            }
            let kept = step::run_kept(&title, command)?;
            {
                let _whole = screen.lock().unwrap_or_else(PoisonError::into_inner);
                println!("\n== {title}, after {:.1} s:\n{}", kept.took.as_secs_f64(), kept.output.trim_end());
            }
            outcome.add(title, &kept);
        }
        Ok(outcome)
    }
}

impl Outcome {
    fn add(&mut self, title: String, kept: &step::Kept) {
        let failed_before = self.tally.failed;
        kept.output.lines().for_each(|line| self.tally.read(line));
        if !kept.good {
            // A program that crashes counts nothing; it is one failure all the same.
            if self.tally.failed == failed_before {
                self.tally.count(false);
            }
            self.failed.push(title.clone());
        }
        self.took.push((title, kept.took));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lane(scripts: &[&str]) -> Lane {
        let mut lane = Lane::default();
        for script in scripts {
            let mut command = Command::new("sh");
            command.args(["-c", script]);
            lane.push((*script).to_owned(), command);
        }
        lane
    }

    #[test]
    fn each_lane_adds_up_what_it_ran() {
        let lanes = vec![
            lane(&["echo 'test result: ok. 2 passed; 0 failed; 1 ignored'", "kill -9 $$"]),
            lane(&["echo 'test result: FAILED. 1 passed; 3 failed; 0 ignored' >&2; exit 1"]),
        ];
        let [first, second] = Lane::run_all(lanes).unwrap().try_into().unwrap();
        assert_eq!(first.tally, Tally { passed: 2, failed: 1, ignored: 1 });
        assert_eq!(first.failed, ["kill -9 $$"]);
        assert_eq!(first.took.len(), 2);
        assert_eq!(second.tally, Tally { passed: 1, failed: 3, ignored: 0 });
        assert_eq!(second.failed.len(), 1);
    }

    #[test]
    fn lanes_run_beside_each_other() {
        let folder = std::env::temp_dir().join(format!("netkeep-xtask-lanes-{}", std::process::id()));
        std::fs::create_dir(&folder).unwrap();
        // Each says that it is there and waits for the other, up to a minute.
        let meet = |mine: &str, other: &str| {
            let (mine, other) = (folder.join(mine), folder.join(other));
            format!(
                "touch {}; for i in $(seq 600); do [ -e {} ] && exit 0; sleep 0.1; done; exit 1",
                mine.display(),
                other.display()
            )
        };
        let outcomes = Lane::run_all(vec![lane(&[&meet("a", "b")]), lane(&[&meet("b", "a")])]);
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(outcomes.unwrap().iter().all(|outcome| outcome.failed.is_empty()));
    }

    #[test]
    fn what_cannot_be_run_is_an_error() {
        let mut lane = Lane::default();
        lane.push("absent".to_owned(), Command::new("no-such-program-anywhere"));
        assert!(Lane::run_all(vec![lane]).is_err());
    }
}
