//! The store contract of Netkeep on a local file, kept by redb.
//!
//! One process has the file, and opens it once: [`RedbStore::open`], then [`RedbStore::connect`] for further handles.
//! One thread writes, and makes all commits that wait durable together; readers see what the last of them left, and
//! wait for nobody.
//!
//! | Room | What is in it |
//! |---|---|
//! | [`RedbStore`] | the store |
//! | [`RedbConfig`], [`RedbBackend`] | how it is opened |
//! | [`RedbStats`] | what it has done |
//! | [`Disk`], [`FileDisk`] | where its bytes lie |

mod backend;
mod batch;
mod config;
mod create;
mod disk;
mod error;
mod folder;
mod format;
mod lease;
mod lock;
mod maintenance;
mod mount;
mod op;
mod open;
mod read;
mod request;
mod shared;
mod start;
mod stats;
mod store;
mod txn;
mod volume;
mod watch;
mod writer;

pub use backend::RedbBackend;
pub use config::RedbConfig;
pub use disk::{Disk, FileDisk};
pub use redb::{BackendError, StorageBackend};
pub use stats::RedbStats;
pub use store::RedbStore;
