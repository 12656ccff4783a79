//! What a row has to reach.

use std::fmt;

use super::Row;

/// Beyond these the control says that a throughput was too noisy to judge a few percent by: how far its median is from
/// 1, and how far it spreads. The median of the slices of a whole run is surer than a slice by a factor of two or more.
const OFF: f64 = 0.05;
const SPREAD: f64 = 0.1;

/// What a row has to reach.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Bar {
    /// The ratio is at least this.
    AtLeast(f64),
    /// The ratio of throughputs is at least this; where the raw client beside itself is further than 0.05 from 1 or
    /// spreads by more than 0.1, the ratio of processor times instead.
    AtLeastOrProcessor(f64),
    /// The ratio is at most this.
    AtMost(f64),
    /// The value is at most this.
    ValueAtMost(f64),
}

impl Bar {
    /// Whether the row reaches it. What was not measured does not.
    pub(crate) fn is_met(&self, row: &Row) -> bool {
        self.missed_by(row) <= 0.0
    }

    /// How far the row is beyond it, as a part of it; not above zero if it is reached, no number if it was not measured.
    pub(crate) fn missed_by(&self, row: &Row) -> f64 {
        let ratio = row.ratio.unwrap_or(f64::NAN);
        let at_most = |value: f64, bar: f64| if bar == 0.0 { value } else { value / bar - 1.0 };
        match *self {
            Self::AtLeast(bar) => 1.0 - ratio / bar,
            Self::AtLeastOrProcessor(bar) => {
                let control = row.control.unwrap_or(f64::NAN);
                let quiet = (control - 1.0).abs() <= OFF && row.control_spread.unwrap_or(f64::NAN) <= SPREAD;
                1.0 - if quiet { ratio } else { row.processor_ratio.unwrap_or(f64::NAN) } / bar
            }
            Self::AtMost(bar) => at_most(ratio, bar),
            Self::ValueAtMost(bar) => at_most(row.value, bar),
        }
    }
}

impl fmt::Display for Bar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(bar) => write!(f, ">= {bar}"),
            Self::AtLeastOrProcessor(bar) => write!(f, ">= {bar}, of processor time if noisy"),
            Self::AtMost(bar) => write!(f, "<= {bar}"),
            Self::ValueAtMost(bar) => write!(f, "value <= {bar}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(ratio: f64, control: f64, spread: f64, processor: f64) -> Row {
        Row {
            ratio: Some(ratio),
            control: Some(control),
            control_spread: Some(spread),
            processor_ratio: Some(processor),
            ..Row::value("x", 3.0, "ms")
        }
    }

    #[test]
    fn bars_are_met_at_their_edge_and_not_beyond() {
        for (bar, row, met) in [
            (Bar::AtLeast(0.75), row(0.75, 1.0, 0.0, 0.0), true),
            (Bar::AtLeast(0.75), row(0.74, 1.0, 0.0, 9.0), false),
            (Bar::AtMost(1.5), row(1.5, 1.0, 0.0, 0.0), true),
            (Bar::AtMost(1.5), row(1.51, 1.0, 0.0, 0.0), false),
            (Bar::ValueAtMost(3.0), row(9.0, 1.0, 0.0, 0.0), true),
            (Bar::ValueAtMost(2.9), row(0.0, 1.0, 0.0, 0.0), false),
        ] {
            assert_eq!(bar.is_met(&row), met, "{bar} {row:?}");
        }
    }

    #[test]
    fn processor_time_counts_only_where_the_control_is_noisy() {
        let bar = Bar::AtLeastOrProcessor(0.95);
        assert!(bar.is_met(&row(0.95, 1.0, 0.01, 0.5)));
        assert!(!bar.is_met(&row(0.94, 1.0, 0.01, 1.0)), "a quiet control");
        assert!(bar.is_met(&row(0.90, 1.0, 0.11, 0.96)), "a control that spreads");
        assert!(bar.is_met(&row(0.90, 0.90, 0.01, 0.96)), "a control that is off");
        assert!(!bar.is_met(&row(0.99, 0.90, 0.01, 0.94)), "luck");
    }

    #[test]
    fn what_was_not_measured_meets_no_bar() {
        let row = Row::value("x", f64::NAN, "ms");
        for bar in [Bar::AtLeast(0.0), Bar::AtMost(1.0), Bar::ValueAtMost(1.0), Bar::AtLeastOrProcessor(0.0)]
        {
            assert!(!bar.is_met(&row), "{bar}");
        }
    }
}
