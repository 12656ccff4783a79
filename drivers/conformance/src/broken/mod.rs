//! Drivers that are broken on purpose, each in one way, to judge the suite: each must fail the case that its flaw
//! names. All of them are model drivers with something done to what they are told, what they answer or what they
//! make.

mod broken_driver;
mod broken_host;
mod delegate;
mod flaw;
mod notes;
mod plans;
mod recovery;
mod tables;
mod views;

pub use broken_driver::BrokenDriver;
pub use broken_host::BrokenHost;
pub use flaw::{Base, FLAWS, Flaw};
