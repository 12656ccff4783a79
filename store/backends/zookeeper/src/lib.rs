//! The store contract of Netkeep on ZooKeeper.
//!
//! [`ZooKeeperServer`] maps entries to nodes, transactions to `multi`, leases to sessions; a
//! [`RemoteStore`](netkeep_store::remote::RemoteStore) makes a store of it. [`ZooKeeperBackend`] does both, by URL.
//!
//! | Room | What is in it |
//! |---|---|
//! | [`ZooKeeperServer`] | the servers, as a remote store asks them |
//! | [`ZooKeeperConfig`], [`ZooKeeperBackend`] | how they are reached |
//! | [`Credentials`], [`Tls`] | who this client is, and whom it believes |

mod backend;
mod catch_up;
mod config;
mod connect;
mod directories;
mod error;
mod facts;
mod handshake;
mod layout;
mod lease;
mod link;
mod plan;
mod read;
mod secret;
mod store;
mod survey;
mod tls;
mod txn;
mod versions;
mod watch;

pub use backend::ZooKeeperBackend;
pub use config::{Access, ZooKeeperConfig};
pub use secret::{Credentials, Login};
pub use store::ZooKeeperServer;
pub use tls::{Tls, TlsFiles};
