//! What everybody who is measured does.

use anyhow::Result;
use async_trait::async_trait;

/// How many entries there are to get.
pub(crate) const ENTRIES: usize = 1000;
/// How many entries the lists have.
pub(crate) const LISTS: [usize; 3] = [10, 1000, 10_000];
/// How many keys commits have.
pub(crate) const COMMITS: [usize; 4] = [1, 4, 16, 48];

/// A value as large as a small record.
pub(crate) const VALUE: [u8; 200] = [b'v'; 200];

/// The key of an entry to get.
pub(crate) fn entry(at: usize) -> String {
    format!("get/{:04}", at % ENTRIES)
}

/// The directory of a list.
pub(crate) fn list(count: usize) -> String {
    format!("list-{count}")
}

/// One key of a commit.
pub(crate) fn committed(lane: usize, keys: usize, index: usize) -> String {
    format!("commit-{keys}/{lane:02}-{index:02}")
}

/// The key that everybody wants to change.
pub(crate) const CONTENDED: &str = "contended/one";
/// The directory that is watched.
pub(crate) const WATCHED: &str = "watched";

/// The key that a lane changes there.
pub(crate) fn watched(lane: usize) -> String {
    format!("{WATCHED}/{lane:02}")
}

/// A client of a store. All of them get and list the same entries, which [`Ours`](super::Ours) has put there; what they
/// write, each writes in a place of its own.
#[async_trait]
pub(crate) trait Rival: Send + Sync + 'static {
    /// Gets one entry, linearizable.
    async fn get(&self, at: usize) -> Result<()>;

    /// Writes `keys` keys in one transaction, each guarded to be as this lane left it. A lane makes one commit at a
    /// time.
    async fn commit(&self, lane: usize, keys: usize) -> Result<()>;

    /// Lists so many entries.
    async fn list(&self, count: usize) -> Result<()>;

    /// Gets one key and replaces it, guarded, until that succeeds: others do the same with it.
    async fn replace_contended(&self, lane: usize) -> Result<()>;

    /// Begins the one watch of what is changed by [`change_watched`](Rival::change_watched).
    async fn watch(&self) -> Result<()>;

    /// Changes a key that is watched. In which commit.
    async fn change_watched(&self, lane: usize) -> Result<u64>;

    /// Waits until the watch tells more, and up to which commit it has told everything.
    async fn told(&self) -> Result<u64>;
}
