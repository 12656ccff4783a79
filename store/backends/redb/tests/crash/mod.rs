//! What a disk may hold after a crash, and what a store must make of it.
#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(unused_imports, reason = "each test uses a part of it")]

mod content;
mod disk;
mod history;
mod image;
mod judge;
mod life;
mod told;
mod workload;

pub(crate) use content::Content;
pub(crate) use disk::{Call, Fault, RecordingDisk, Step};
pub(crate) use history::{History, State, state_of};
pub(crate) use image::{Interval, Shape, Variant, intervals};
pub(crate) use judge::{Count, Expected, Judged, judge, on_threads, open};
pub(crate) use life::Life;
pub(crate) use told::Told;
pub(crate) use workload::{Recording, Work, record};

/// True in the long run, which tries more: the variable `NETKEEP_LONG` is 1.
pub(crate) fn long() -> bool {
    std::env::var("NETKEEP_LONG").is_ok_and(|value| value == "1")
}

/// One number for the short run, another for the long one.
pub(crate) fn either<T>(short: T, in_the_long_run: T) -> T {
    if long() { in_the_long_run } else { short }
}
