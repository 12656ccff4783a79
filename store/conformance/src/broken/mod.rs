//! Stores that break the contract on purpose: they judge the suite.

#[macro_use]
mod defects;

mod broken;
mod caught;
mod commits;
mod defect;
mod ends;
mod errors;
mod leases;
mod notes;
mod reads;
mod rules;
mod selves;
mod server;
mod siblings;
mod watches;
mod writes;

pub use broken::Broken;
pub use caught::Caught;
pub use defect::Defect;
pub use server::BrokenServer;
