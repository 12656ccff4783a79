//! What Netkeep costs, beside what the raw clients cost for the same.
//!
//! `cargo xtask bench` runs it; `docs/benchmarks.md` has what was found, and says how to read it. Nothing here is a
//! gate: a bar that is missed is a row that says so.
//!
//! | Room | What is in it |
//! |---|---|
//! | `measure` | slices of time, in turns, and what they cost |
//! | `report` | rows, bars, figures, and the files that they go to |
//! | `stores` | workloads over any store, beside its raw client |
//! | `controllers` | workloads of the controller |
//! | `daemons` | our daemon beside a Docker Engine |
//! | `aside` | what has to be a process of its own |

mod arguments;
mod aside;
mod controllers;
mod daemons;
mod groups;
mod measure;
mod report;
mod stores;

pub use aside::aside;
pub use groups::run;
