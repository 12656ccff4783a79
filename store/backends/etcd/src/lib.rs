//! The store contract of Netkeep on etcd.
//!
//! [`EtcdBackend`] opens a store by its URL; [`EtcdServer`] is what it is made of: one transaction, one answer. Outcomes
//! of commits whose answer was lost, the identity of the store and the sharing of watches are
//! [`netkeep_store::remote::RemoteStore`]'s.
//!
//! | Room | What is in it |
//! |---|---|
//! | [`EtcdBackend`], [`EtcdConfig`] | how a store is opened |
//! | [`EtcdServer`] | the servers, spoken to plainly |
//! | [`Credentials`], [`Tls`] | who we are, and whom we believe |

mod backend;
mod config;
mod error;
mod handshake;
mod keys;
mod lease;
mod list;
mod member;
mod pool;
mod secret;
mod store;
mod txn;
mod watch;

pub use backend::EtcdBackend;
pub use config::{EtcdConfig, Tls};
pub use secret::Credentials;
pub use store::EtcdServer;
