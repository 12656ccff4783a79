//! The controller, judged from outside: what it refuses, repeats, survives and mends.

mod bad_input;
mod operations;
mod races;
mod requests;
mod support;
