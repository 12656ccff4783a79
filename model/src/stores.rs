//! What the records ask of the stores that hold them.

use netkeep_store::datastore::Record;
use netkeep_store::{LeasedDirectories, Prefix};

use crate::record::{Alive, Gone, Host, Mark};

/// The directories of the global store that hold leased keys only.
pub fn leased_directories() -> LeasedDirectories {
    LeasedDirectories::new([root(Alive::ROOT)])
}

/// What stays behind when a store's records are moved to another: it belongs to the store, or to the hosts that use
/// it.
pub fn not_transferred() -> Vec<Prefix> {
    vec![root(Host::ROOT), root(Alive::ROOT), root(Gone::ROOT), root(Mark::ROOT), root("meta/store")]
}

fn root(text: &str) -> Prefix {
    Prefix::parse(text).expect("the roots of records are short and plain")
}
