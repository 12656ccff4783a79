//! The cases, by area; those for IPAM drivers are in [`ipam`]. Each panics on the first breach that it sees.
#![allow(clippy::missing_panics_doc, reason = "every case panics on a breach; that is what it is for")]

pub mod apart;
pub mod called;
pub mod crash;
pub mod ensure;
pub mod fail;
pub mod ipam;
pub mod own;
pub mod plan;
pub mod recover;
pub mod remove;
pub mod set;
pub mod show;
pub mod table;
