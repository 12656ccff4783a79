//! The state of a store in memory, from which every read is answered.

mod free_map;
mod replica;
mod runs;
mod state;
mod tables;

#[cfg(test)]
mod tests;

pub(crate) use free_map::FreeMap;
pub(crate) use replica::Replica;
pub use replica::SyncState;
pub(crate) use state::{Range, State, address, bits};
pub(crate) use tables::Tables;
