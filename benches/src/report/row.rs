//! One figure.

use serde::Serialize;

use super::Bar;
use crate::measure::{Contest, Spread, machine};

/// One figure: what was measured, beside what, and what it had to reach.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Row {
    /// What was done.
    pub(crate) name: String,
    /// What it showed: a median.
    pub(crate) value: f64,
    /// Of what the value is a number.
    pub(crate) unit: &'static str,
    /// The value by that of what it is compared with, slice by slice: the median.
    pub(crate) ratio: Option<f64>,
    /// Half the distance between the quartiles of the ratio.
    pub(crate) spread: Option<f64>,
    /// The ratio of what it is compared with to itself.
    pub(crate) control: Option<f64>,
    /// Half the distance between the quartiles of the control.
    pub(crate) control_spread: Option<f64>,
    /// Processor time of this process per operation, in µs.
    pub(crate) processor: Option<f64>,
    /// The same of what it is compared with, by this: more is better, as with throughputs.
    pub(crate) processor_ratio: Option<f64>,
    /// What had to be reached.
    pub(crate) bar: Option<String>,
    /// Whether it was.
    pub(crate) met: Option<bool>,
    /// By how much it was not, as a part of it.
    pub(crate) missed_by: Option<f64>,
    /// Why it was not.
    pub(crate) why: Option<&'static str>,
    /// What it ran on, and how busy that was.
    pub(crate) machine: String,
    /// What else to know.
    pub(crate) note: Option<String>,
}

/// `1 task`, `16 tasks`.
pub(crate) fn counted(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

impl Row {
    /// A value that is compared with nothing.
    pub(crate) fn value(name: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self {
            name: name.into(),
            value,
            unit,
            ratio: None,
            spread: None,
            control: None,
            control_spread: None,
            processor: None,
            processor_ratio: None,
            bar: None,
            met: None,
            missed_by: None,
            why: None,
            machine: machine(),
            note: None,
        }
    }

    /// What could not be measured here, and why; its bar is neither met nor missed.
    pub(crate) fn unmeasured(name: impl Into<String>, unit: &'static str, bar: Bar, why: &str) -> Self {
        Self { bar: Some(bar.to_string()), ..Self::value(name, f64::NAN, unit).with_note(why) }
    }

    /// The throughput of racer `ours` in a contest, by that of racer `theirs`.
    pub(crate) fn rate(name: impl Into<String>, contest: &Contest, ours: usize, theirs: usize) -> Self {
        let row = Self::value(name, contest.of(ours, |slice| slice.rate), "/s");
        Self {
            processor: Some(contest.of(ours, |slice| slice.processor)),
            processor_ratio: Some(contest.ratio(theirs, ours, |slice| slice.processor).middle),
            ..row.compared(contest.ratio(ours, theirs, |slice| slice.rate))
        }
    }

    /// The median time of one operation of racer `ours` in a contest, by that of racer `theirs`.
    pub(crate) fn latency(name: impl Into<String>, contest: &Contest, ours: usize, theirs: usize) -> Self {
        Self::value(name, contest.of(ours, |slice| slice.latency), "µs").compared(contest.ratio(
            ours,
            theirs,
            |slice| slice.latency,
        ))
    }

    /// The same with this ratio.
    #[must_use]
    pub(crate) fn compared(self, ratio: Spread) -> Self {
        Self { ratio: Some(ratio.middle), spread: Some(ratio.spread), ..self }
    }

    /// The same with this ratio of what it is compared with to itself.
    #[must_use]
    pub(crate) fn controlled(self, control: Spread) -> Self {
        Self { control: Some(control.middle), control_spread: Some(control.spread), ..self }
    }

    /// The same with what it has to reach.
    #[must_use]
    pub(crate) fn with_bar(self, bar: Bar) -> Self {
        let (met, missed_by) = (bar.is_met(&self), bar.missed_by(&self));
        let missed_by = (!met && missed_by.is_finite()).then_some(missed_by);
        Self { bar: Some(bar.to_string()), met: Some(met), missed_by, ..self }
    }

    /// The same with the reason why its bar is missed, if it is.
    #[must_use]
    pub(crate) fn because(self, why: &'static str) -> Self {
        Self { why: (self.met == Some(false)).then_some(why), ..self }
    }

    /// The same with a word about it.
    #[must_use]
    pub(crate) fn with_note(self, note: impl Into<String>) -> Self {
        Self { note: Some(note.into()), ..self }
    }
}
