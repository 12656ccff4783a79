//! Measuring: slices of time, contests of them, and what they cost.

mod contest;
mod machine;
mod numbers;
mod slice;
mod usage;

pub(crate) use contest::{Contest, Pace, Racer};
pub(crate) use machine::machine;
pub(crate) use numbers::{Spread, median};
pub(crate) use slice::{Slice, slice};
pub(crate) use usage::processor_time;
