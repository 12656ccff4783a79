//! The IPAM drivers that are compiled in.

pub mod builtin;
pub mod null;
