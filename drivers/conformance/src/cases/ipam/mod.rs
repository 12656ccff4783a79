//! The cases for IPAM drivers, by area.

pub mod address;
pub mod called;
pub mod plan;
pub mod pool;
pub mod release;

use crate::Verdict;

const UNNAMED: Verdict = Verdict::NotOf("it takes no pool by name");
const NO_ADDRESSES: Verdict = Verdict::NotOf("it gives no addresses");
