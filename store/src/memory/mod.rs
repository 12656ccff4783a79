//! The contract in its plainest form: a map in this process, lost with it.
//!
//! A [`MemoryServer`] holds the state; each [`MemoryStore`] that it [connects](MemoryServer::connect) is a client
//! of its own, with its own leases and its own end, as two clients of one remote store are.

mod lease;
mod server;
mod state;
mod store;

pub use server::MemoryServer;
pub use store::MemoryStore;

#[cfg(test)]
mod tests;
