//! The store contract of Netkeep.
//!
//! A [`Store`] keeps keys and values, changes several of them in one transaction ([`Txn`]), tells what has
//! changed ([`Watch`]) and lets entries go with the client that put them ([`Lease`]). Five implementations keep
//! the same contract; this crate holds it, with the plainest implementation, `memory`.
//!
//! | Room | What is in it |
//! |---|---|
//! | here | the contract: keys, transactions, watches, leases, errors |
//! | here | the store in memory: [`MemoryServer`], [`MemoryStore`] |
//! | here | [`Backends`], which open a store by its [`StoreUrl`], and the [`Maintenance`] of its file |
//! | [`layers`] | namespace, metrics, trace, retry, timeout, around any store |
//! | [`datastore`] | typed records, collections and transactions of records |

mod backends;
pub mod datastore;
mod entry;
mod error;
mod ext;
mod feed;
mod info;
mod jitter;
mod key;
pub mod layers;
mod lease;
mod limits;
mod maintenance;
mod memory;
mod prefix;
mod random_id;
pub mod remote;
mod revision;
mod segment;
mod store;
pub mod transfer;
mod txn;
mod url;
mod watch;

pub use backends::{Backend, Backends, MemoryBackend, OpenOptions, Opened};
pub use entry::{Entry, Snapshot};
pub use error::{Applied, Error, Kind, Result};
pub use ext::StoreExt;
pub use feed::Feed;
pub use info::{Identity, Status, StoreId, StoreInfo};
pub use key::Key;
pub use lease::{Lease, LeaseId};
pub use limits::{LeasedDirectories, Limits};
pub use maintenance::{Compaction, Maintenance};
pub use memory::{MemoryServer, MemoryStore};
pub use prefix::Prefix;
pub use revision::Revision;
pub use segment::Segment;
pub use store::Store;
pub use txn::{Guard, Txn, Write};
pub use url::{HostPort, StoreUrl};
pub use watch::{Batch, Change, Watch, WatchFrom, WatchItem, WatchSource};
