//! The store keeps its promises while real servers fail.
//!
//! Each test prints what was seen; `docs/backends.md` holds these figures. `NETKEEP_LONG=1` makes the runs as long as
//! the figures there say.

mod blows;
mod given;
mod holder;
mod locks;
mod lost;
mod reads;
mod restored;
mod sessions;
