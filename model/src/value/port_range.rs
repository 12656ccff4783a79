//! Runs of ports.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// A run of ports, both ends included, never port 0: `8000` or `8000-8010`, also in JSON.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PortRange {
    first: u16,
    last: u16,
}

impl PortRange {
    /// The ports from `first` to `last`.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidValue`] if `first` is 0 or greater than `last`.
    pub fn new(first: u16, last: u16) -> Result<Self> {
        if first == 0 || first > last {
            return Err(Error::invalid(
                "port range",
                format!("{first}-{last}"),
                "the first port is at least 1 and at most the last one",
            ));
        }
        Ok(Self { first, last })
    }

    /// One port.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidValue`] if `port` is 0.
    pub fn single(port: u16) -> Result<Self> {
        Self::new(port, port)
    }

    /// The lowest port.
    pub const fn first(self) -> u16 {
        self.first
    }

    /// The highest port.
    pub const fn last(self) -> u16 {
        self.last
    }

    /// How many ports there are.
    pub const fn count(self) -> u32 {
        self.last as u32 - self.first as u32 + 1
    }

    /// Whether `port` is one of them.
    pub const fn contains(self, port: u16) -> bool {
        self.first <= port && port <= self.last
    }

    /// Whether all of `other` is in this.
    pub const fn covers(self, other: Self) -> bool {
        self.first <= other.first && other.last <= self.last
    }

    /// Whether the two have a port in common.
    pub const fn overlaps(self, other: Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }

    /// The ports that the two have in common.
    pub fn intersection(self, other: Self) -> Option<Self> {
        let both = Self { first: self.first.max(other.first), last: self.last.min(other.last) };
        (both.first <= both.last).then_some(both)
    }
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            write!(f, "{}", self.first)
        } else {
            write!(f, "{}-{}", self.first, self.last)
        }
    }
}

impl fmt::Debug for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for PortRange {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        match (first.parse(), last.parse()) {
            (Ok(first), Ok(last)) => Self::new(first, last),
            _ => Err(Error::invalid(
                "port range",
                text,
                "a port range is written as in \"8000\" or \"8000-8010\", with ports from 1 to 65535",
            )),
        }
    }
}

impl TryFrom<String> for PortRange {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<PortRange> for String {
    fn from(range: PortRange) -> Self {
        range.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::PortRange;

    #[test]
    fn ranges_are_written_shortly_and_checked() {
        for text in ["1", "80", "8000-8010", "1-65535"] {
            assert_eq!(text.parse::<PortRange>().unwrap().to_string(), text);
        }
        for text in ["", "0", "0-5", "9-8", "65536", "1-", "-1", "1-2-3", " 1"] {
            assert!(text.parse::<PortRange>().is_err(), "{text}");
        }
        assert_eq!(PortRange::new(1, 65535).unwrap().count(), 65535);
    }

    #[test]
    fn two_ranges_meet_where_both_have_a_port() {
        let range = |first, last| PortRange::new(first, last).unwrap();
        assert_eq!(range(10, 20).intersection(range(20, 30)), Some(range(20, 20)));
        assert_eq!(range(10, 20).intersection(range(21, 30)), None);
        assert!(range(10, 20).overlaps(range(1, 10)) && !range(10, 20).overlaps(range(1, 9)));
        assert!(range(10, 20).covers(range(10, 20)) && !range(10, 20).covers(range(10, 21)));
    }
}
