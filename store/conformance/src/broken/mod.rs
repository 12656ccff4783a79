//! Stores that break the contract on purpose: they judge the suite.

mod broken;
mod commits;
mod defect;
mod leases;
mod watches;

pub use broken::Broken;
pub use defect::Defect;
