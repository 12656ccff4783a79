//! Typed records over the store contract.
//!
//! A [`Record`] has a kind, a version and a place; a [`Datastore`] reads records as [`Versioned`] values and
//! changes several of them in one [`Transaction`]. Which of the two stores a record may live in is part of its
//! type, so that mixing them up does not compile.

mod envelope;
mod global;
mod home;
mod levels;
mod listing;
mod local;
mod record;
mod records;
mod transaction;
mod unknown;
mod versioned;
mod watch;

pub use envelope::Envelope;
pub use global::{GlobalDatastore, GlobalStore};
pub use home::{Any, Either, Global, Home, LivesIn, Local};
use levels::Levels;
pub use listing::{Listing, Unreadable};
pub use local::{LocalDatastore, LocalStore};
pub use record::{Record, RecordId};
pub use records::{Datastore, Records};
pub use transaction::Transaction;
use unknown::Unknown;
pub use versioned::Versioned;
pub use watch::{RecordChange, RecordItem, RecordWatch};
