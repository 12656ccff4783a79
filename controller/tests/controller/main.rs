//! The controller, judged from outside: what it refuses, repeats, survives and mends.

mod bad_input;
mod called_drivers;
mod claims;
mod host_recovery;
mod operations;
mod planned_drivers;
mod races;
mod requests;
mod support;
