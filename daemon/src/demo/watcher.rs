//! Who wants to see it happen.

use std::fmt;

/// Hears how far the demo is.
pub trait Watcher: fmt::Debug + Send + Sync {
    /// A step of a round begins. In the burst, `changes` is how many changes are made before the kill.
    fn step(&self, round: u32, step: &str, changes: Option<u64>);

    /// One more change was acknowledged.
    fn acknowledged(&self);
}

/// Does not listen.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Watcher for Silent {
    fn step(&self, _: u32, _: &str, _: Option<u64>) {}

    fn acknowledged(&self) {}
}
