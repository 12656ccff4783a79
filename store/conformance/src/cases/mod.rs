//! The cases, by area. Each panics on the first breach that it sees.
#![allow(clippy::missing_panics_doc, reason = "every case panics on a breach; that is what it is for")]

pub mod keys;
