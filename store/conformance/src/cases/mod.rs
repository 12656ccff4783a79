//! The cases, by area. Each panics on the first breach that it sees.
#![allow(clippy::missing_panics_doc, reason = "every case panics on a breach; that is what it is for")]

pub mod errors;
pub mod guard;
pub mod identity;
pub mod keys;
pub mod lease;
pub mod lease_life;
pub mod life;
pub mod limits;
pub mod linear;
pub mod lock;
pub mod race;
pub mod read;
pub mod revision;
pub mod stream;
pub mod txn;
pub mod watch;
