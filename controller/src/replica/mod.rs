//! The state of a store in memory, from which every read is answered.

mod free_map;
mod names;
mod owned;
mod replica;
mod runs;
mod said;
mod state;
mod table;
mod tables;

#[cfg(test)]
mod tests;

pub(crate) use free_map::FreeMap;
use names::Names;
use owned::Owned;
pub(crate) use replica::Replica;
pub use replica::SyncState;
use said::{Said, Says};
pub(crate) use state::{Range, State, address, bits};
use table::Table;
pub(crate) use tables::Tables;
