//! The half of the suite that judges IPAM drivers.
//!
//! | Room | What is in it |
//! |---|---|
//! | [`IpamHarness`] | what a judged driver must offer; [`Planner`] is one for drivers that keep nothing outside |
//! | [`cases::ipam`](crate::cases::ipam) | the cases, by area; [`IPAM_CASES`] is the one list of them |
//! | [`judge_ipam`] | runs one of them; [`ipam_conformance!`](crate::ipam_conformance) makes tests of all |

mod case;
mod harness;
mod planner;
mod rules;
mod sample;
pub(crate) mod site;
mod table;

pub use case::{IpamCase, judge_ipam};
pub use harness::IpamHarness;
pub use planner::Planner;
pub use sample::{FreePools, IpamSample};
pub use table::IPAM_CASES;

pub(crate) use site::{IpamSite, someone};
