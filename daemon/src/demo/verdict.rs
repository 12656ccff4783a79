//! What the demo found.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

/// What the demo found.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Verdict {
    /// How often a daemon was killed.
    pub rounds: u32,
    /// How many hosts there were, each with a daemon.
    pub hosts: usize,
    /// How often a daemon was frozen for a while.
    pub frozen: u32,
    /// How often a server of the store that the hosts share was killed.
    pub servers_killed: u32,
    /// How many attempts were made again since the store could not be had, or the outcome was not known.
    pub repeated: u64,
    /// The seed of the random choices.
    pub seed: u64,
    /// How many changes were acknowledged: creations and deletions.
    pub acknowledged: u64,
    /// How many changes were under way at a kill, so that nobody knew their outcome.
    pub cut_off: u64,
    /// How many of those had been made all the same.
    pub cut_off_yet_made: u64,
    /// How many acknowledged networks and endpoints were looked for after the kills, all rounds together.
    pub expected: u64,
    /// How many of those were there, exactly as they had been answered.
    pub found: u64,
    /// What had been acknowledged and was not there, or not as it was.
    pub lost: Vec<String>,
    /// What two had at once.
    pub doubled: Vec<String>,
    /// What was there and must not have been, while the rounds went on.
    pub strangers: Vec<String>,
    /// What was left when everything had been deleted, by kind.
    pub leaked: BTreeMap<String, u64>,
    /// What `check` found, all rounds together.
    pub violations: Vec<String>,
    /// Requests that were refused and should not have been.
    pub refused: Vec<String>,
    /// From each start after a kill to the first answer, in the order of the rounds.
    pub recoveries: Vec<Duration>,
    /// From that first answer until the networks that the hosts share were served, in the order of the rounds.
    pub returns: Vec<Duration>,
    /// How long it all took.
    pub took: Duration,
    /// Where the store and the log are; only if something is wrong.
    pub folder: Option<PathBuf>,
}

impl Verdict {
    /// Whether nothing was lost, nothing leaked, and nothing else was wrong.
    pub fn is_clean(&self) -> bool {
        self.lost.is_empty()
            && self.doubled.is_empty()
            && self.strangers.is_empty()
            && self.leaked.values().all(|count| *count == 0)
            && self.violations.is_empty()
            && self.refused.is_empty()
            && self.found == self.expected
    }

    /// How many things leaked.
    pub fn leaks(&self) -> u64 {
        self.leaked.values().sum::<u64>() + self.strangers.len() as u64
    }
}

/// The time that half of these did not exceed, and the longest; zero if there was none.
pub fn median_and_longest(times: &[Duration]) -> (Duration, Duration) {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    let median = sorted.get(sorted.len().saturating_sub(1) / 2);
    (median.copied().unwrap_or_default(), sorted.last().copied().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anything_wrong_spoils_the_verdict() {
        let clean = Verdict {
            expected: 3,
            found: 3,
            leaked: BTreeMap::from([("ports".to_owned(), 0)]),
            ..Verdict::default()
        };
        assert!(clean.is_clean());
        let one = || vec!["one".to_owned()];
        for spoiled in [
            Verdict { lost: one(), ..clean.clone() },
            Verdict { strangers: one(), ..clean.clone() },
            Verdict { doubled: one(), ..clean.clone() },
            Verdict { violations: one(), ..clean.clone() },
            Verdict { refused: one(), ..clean.clone() },
            Verdict { found: 2, ..clean.clone() },
            Verdict { leaked: BTreeMap::from([("ports".to_owned(), 1)]), ..clean.clone() },
        ] {
            assert!(!spoiled.is_clean(), "{spoiled:?}");
        }
    }

    #[test]
    fn the_median_is_a_value_that_was_seen() {
        let seen = [40, 10, 30, 20].map(Duration::from_millis);
        assert_eq!(median_and_longest(&seen), (seen[3], seen[0]));
        assert_eq!(median_and_longest(&[]), (Duration::ZERO, Duration::ZERO));
    }
}
