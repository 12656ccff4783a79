//! Faults on demand: what a real store cannot be made to show.

mod faults;
mod faulty;
mod watch;

pub use faults::{Fault, Faults, Step};
pub use faulty::Faulty;
