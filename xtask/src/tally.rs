//! The count of tests, read from what test binaries print.

use std::fmt;

/// How many tests passed, failed or did not run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Tests that ran and held.
    pub passed: u64,
    /// Tests that ran and did not hold, and steps that failed without saying which test it was.
    pub failed: u64,
    /// Tests that were compiled and not run.
    pub ignored: u64,
}

impl Tally {
    /// Adds the counts of a line such as `test result: ok. 5 passed; 0 failed; 1 ignored; …`; any other line
    /// changes nothing.
    pub fn read(&mut self, line: &str) {
        let Some(counts) = line.strip_prefix("test result: ").and_then(|rest| rest.split_once(". ")) else {
            return;
        };
        for count in counts.1.split(';') {
            let mut words = count.split_whitespace();
            let (Some(number), Some(what)) = (words.next(), words.next()) else { continue };
            let Ok(number) = number.parse::<u64>() else { continue };
            match what {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                "ignored" => self.ignored += number,
                _ => {}
            }
        }
    }

    /// Adds one test by hand.
    pub fn count(&mut self, good: bool) {
        if good {
            self.passed += 1;
        } else {
            self.failed += 1;
        }
    }

    /// Adds the counts of another.
    pub fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.ignored += other.ignored;
    }

    /// Whether tests ran, all of them, and all held.
    pub fn is_good(&self) -> bool {
        self.passed > 0 && self.failed == 0 && self.ignored == 0
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds_up_the_lines_that_count() {
        let mut tally = Tally::default();
        tally.read("running 6 tests");
        tally.read(
            "test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.1s",
        );
        tally.read("test result: FAILED. 2 passed; 3 failed; 0 ignored; 0 measured; 0 filtered out");
        assert_eq!(tally, Tally { passed: 7, failed: 3, ignored: 1 });
        assert_eq!(tally.to_string(), "7 passed, 3 failed");
    }

    #[test]
    fn two_add_up() {
        let mut tally = Tally { passed: 1, failed: 2, ignored: 3 };
        tally.add(Tally { passed: 10, failed: 20, ignored: 30 });
        assert_eq!(tally, Tally { passed: 11, failed: 22, ignored: 33 });
    }

    #[test]
    fn nothing_run_is_not_good() {
        assert!(!Tally::default().is_good());
    }

    #[test]
    fn one_failed_or_ignored_test_is_not_good() {
        assert!(Tally { passed: 1, failed: 0, ignored: 0 }.is_good());
        assert!(!Tally { passed: 9, failed: 1, ignored: 0 }.is_good());
        assert!(!Tally { passed: 9, failed: 0, ignored: 1 }.is_good());
    }

    #[test]
    fn a_test_named_like_the_line_changes_nothing() {
        let mut tally = Tally::default();
        tally.read("test test_result_5_passed ... ok");
        tally.read("note: test result: ok. 5 passed;");
        assert_eq!(tally, Tally::default());
    }
}
