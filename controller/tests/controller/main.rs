//! The controller, judged from outside: what it refuses, repeats, survives and mends.

mod bad_input;
mod called_drivers;
mod check;
mod claims;
mod clients;
mod fence;
mod host_recovery;
mod lent;
mod operations;
mod overlay;
mod planned_drivers;
mod quarantine;
mod races;
mod requests;
mod support;
