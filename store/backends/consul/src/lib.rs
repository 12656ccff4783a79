//! The store contract of Netkeep on Consul.
//!
//! Consul is spoken to by a small HTTP client of our own (`docs/adr/0001`): every read and write of keys is a
//! transaction, no key stands in a URL but the root's.
//!
//! | Room | What is in it |
//! |---|---|
//! | [`ConsulServer`] | what `netkeep_store::remote::RemoteStore` makes a store of |
//! | [`ConsulConfig`], [`ConsulBackend`], [`Token`], [`TlsFiles`] | how it is opened |

mod backend;
mod client;
mod config;
mod error;
mod layout;
mod lease;
mod read;
mod seen;
mod stamps;
mod store;
mod tls;
mod token;
mod txn;
mod watch;
mod wire;

pub use backend::ConsulBackend;
pub use config::{ConsulConfig, TlsFiles};
pub use store::ConsulServer;
pub use token::Token;
