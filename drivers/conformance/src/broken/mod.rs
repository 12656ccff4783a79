//! Drivers that are broken on purpose, each in one way, to judge the suite: each must fail the case that its flaw
//! names. All of them are model drivers, or such as are compiled in, with something done to what they are told, what
//! they answer or what they make.

#[macro_use]
mod flaws;

mod broken_driver;
mod broken_host;
mod caught;
mod delegate;
mod flaw;
pub mod ipam;
mod notes;
mod plans;
mod recovery;
mod tables;
mod views;

pub use broken_driver::BrokenDriver;
pub use broken_host::BrokenHost;
pub use caught::Caught;
pub use flaw::{Base, FLAWS, Flaw};
