//! What a server family must offer so that a store can be built on it.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;

use super::{Attempt, Facts, Outcome, Room, Upstream};
use crate::{Entry, Key, LeaseId, Prefix, Result, Revision, Snapshot, StoreInfo};

/// Servers of one family, spoken to plainly: one request, one answer.
///
/// [`RemoteStore`](super::RemoteStore) makes a [`Store`](crate::Store) of it. It keeps what is the same for all
/// families: it checks rules and bounds, finds out what became of a commit whose answer was lost, knows which store
/// it is, shares watches, and remembers who granted a lease. So a backend is the mapping of keys, and what its
/// servers do, say and promise.
///
/// Both [rooms](Room) lie below the root that the URL names, apart from each other.
///
/// # Minimal default implementations
///
/// There are none.
///
/// # Cancellation
///
/// A dropped future may leave a request on its way; [`RemoteStore`](super::RemoteStore) drops none that changes the
/// store.
///
/// # Errors
///
/// Every method has a deadline of its own for each request; when it passes, the answer is
/// [`Kind::Unavailable`](crate::Kind::Unavailable). [`Kind::Denied`](crate::Kind::Denied) for whatever is about
/// credentials and rights. An error of a method that changes the store says
/// [`Applied::No`](crate::Applied::No) only if the request was certainly not executed and never will be: it was not
/// sent, or the server has refused it.
#[async_trait]
pub trait Server: fmt::Debug + Send + Sync + 'static {
    /// What is known of the store without asking it.
    fn info(&self) -> &StoreInfo;

    /// Whether [`follow`](Server::follow) tells of every commit; else it need not tell of what was made and deleted
    /// between two items.
    fn tells_every_commit(&self) -> bool;

    /// The entry under `key`, linearizable.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// Those of every method.
    async fn get(&self, room: Room, key: &Key) -> Result<Option<Entry>>;

    /// Every entry below `prefix`, in the order of the bytes of their keys, as
    /// [`Store::list`](crate::Store::list) promises it.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// Those of every method.
    async fn list(&self, room: Room, prefix: &Prefix) -> Result<Snapshot>;

    /// Sends one transaction once.
    ///
    /// A guard that failed is an [`Outcome::Refused`], not an error; if several failed, one of
    /// [`Room::Own`] is named before one of [`Room::Entries`]. All writes of both rooms happen in one commit.
    /// [`RemoteStore`](super::RemoteStore) has checked rules and bounds of [`Attempt::entries`], and that its lease
    /// was granted through this server; a put of a key that is held with another lease is the backend's to refuse
    /// ([`Kind::Invalid`](crate::Kind::Invalid), judged after the guards). The part of [`Room::Own`] has a put,
    /// which gives the commit its revision, or deletes alone, and then nobody looks at the revision.
    ///
    /// Cancellation: see the trait.
    ///
    /// # Errors
    ///
    /// [`Kind::LeaseLost`](crate::Kind::LeaseLost) if the lease has ended; those of every method.
    async fn attempt(&self, attempt: &Attempt) -> Result<Outcome>;

    /// The changes below `prefix` in [`Room::Entries`]: after `after` if they can be had without a gap, else the
    /// first item is a [`WatchItem::Reset`](crate::WatchItem::Reset); always so without `after`.
    ///
    /// Called once for each prefix that somebody watches; the answer is shared by all who do.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// Those of every method.
    async fn follow(&self, prefix: &Prefix, after: Option<Revision>) -> Result<Box<dyn Upstream>>;

    /// A new lease. `ttl` lies within [`StoreInfo::limits`].
    ///
    /// Cancellation: see the trait.
    ///
    /// # Errors
    ///
    /// Those of every method.
    async fn grant(&self, ttl: Duration) -> Result<LeaseId>;

    /// Renews a lease that [`grant`](Server::grant) of this value gave.
    ///
    /// Cancellation: see the trait.
    ///
    /// # Errors
    ///
    /// [`Kind::LeaseLost`](crate::Kind::LeaseLost) if it has ended; those of every method.
    async fn keep_alive(&self, id: &LeaseId) -> Result<()>;

    /// Ends a lease that [`grant`](Server::grant) of this value gave; its entries are gone when this returns.
    ///
    /// Cancellation: see the trait.
    ///
    /// # Errors
    ///
    /// [`Kind::LeaseLost`](crate::Kind::LeaseLost) if it has ended before; those of every method.
    async fn revoke(&self, id: &LeaseId) -> Result<()>;

    /// Asks how the servers are. The revision is at least that of every acknowledged commit.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// Those of every method.
    async fn facts(&self) -> Result<Facts>;

    /// Ends connections and what runs in the background. Leases are no longer kept by anybody and end in time.
    ///
    /// Cancel safe; called once, last.
    ///
    /// # Errors
    ///
    /// Those of every method; the value is of no more use all the same.
    async fn close(&self) -> Result<()>;
}
