//! Each layer alone, and all together.

mod metrics;
mod namespace;
mod retry;
mod stack;
mod timeout;
mod trace;

use crate::{Key, Prefix};

fn key(text: &str) -> Key {
    Key::parse(text).unwrap()
}

fn prefix(text: &str) -> Prefix {
    Prefix::parse(text).unwrap()
}
