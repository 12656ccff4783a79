//! IPAM drivers that are broken on purpose.

mod driver;
mod flaw;
mod host;
mod plans;
mod view;

pub use driver::BrokenIpam;
pub use flaw::{IPAM_FLAWS, IpamBase, IpamFlaw};
pub use host::BrokenIpamHost;
