//! The network drivers that are compiled in.

pub mod host;
pub mod manual;
pub mod null;
mod unaddressed;
