//! The one watch that a process has for a prefix.

use async_trait::async_trait;

use crate::{Result, WatchItem};

/// A watch as the servers give it, before it is shared.
#[async_trait]
pub trait Upstream: Send {
    /// The next item, as [`Watch::next`](crate::Watch::next) promises it: `through` never goes back, changes of a
    /// batch are in the order of their revisions and later than what was told before, every commit up to `through` is
    /// contained. What was made and deleted since the last item need not be told. What an item tells beyond `through` is
    /// told again by one that reaches it, for those who join in between.
    ///
    /// Cancel safe: an item that was not returned comes again.
    ///
    /// # Errors
    ///
    /// [`Kind::Unavailable`](crate::Kind::Unavailable) when the connection is lost or silent for too long: then
    /// [`reconnect`](Upstream::reconnect) is called. Any other kind ends the watch for good.
    async fn next(&mut self) -> Result<WatchItem>;

    /// Connects again after [`next`](Upstream::next) has failed, or from anew after this has.
    ///
    /// If `resume` is true, the store is known to be the one that it was, and the next items may tell what has
    /// changed since; else the next item is a [`WatchItem::Reset`]. Waits between attempts are the caller's.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// As [`next`](Upstream::next).
    async fn reconnect(&mut self, resume: bool) -> Result<()>;
}
