//! The contract.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;

use crate::{
    Entry, Key, Lease, LeaseId, Prefix, Result, Revision, Snapshot, Status, StoreInfo, Txn, Watch, WatchFrom,
};

/// A store of keys and values with multi-key transactions, watches and leases.
///
/// This trait binds those who write a store or a layer; those who use one find comfort in
/// [`StoreExt`](crate::StoreExt). What it promises stands clause by clause in `docs/contract.md`, and
/// `netkeep-store-conformance` judges any implementation by those clauses.
///
/// # Minimal default implementations
///
/// There are none: a layer that forgets a method must not compile. Put
/// `#[deny(clippy::missing_trait_methods)]` on every implementation.
///
/// # Cancellation
///
/// A caller that drops the future of [`commit`](Store::commit), [`grant`](Store::grant),
/// [`keep_alive`](Store::keep_alive) or [`revoke`](Store::revoke) does not stop it once it was polled: it runs
/// to its end. Every other future may be dropped without effect.
///
/// # Errors
///
/// Every method: [`Kind::Closed`](crate::Kind::Closed) after [`close`](Store::close),
/// [`Kind::Unavailable`](crate::Kind::Unavailable) if the store cannot be had (an outage never looks like
/// absence), [`Kind::Denied`](crate::Kind::Denied), [`Kind::Replaced`](crate::Kind::Replaced),
/// [`Kind::Corrupt`](crate::Kind::Corrupt). What else a method may answer stands beside it.
#[async_trait]
pub trait Store: fmt::Debug + Send + Sync + 'static {
    /// What is known of this store without asking it.
    fn info(&self) -> &StoreInfo;

    /// The entry under `key`, or `None`. Linearizable: it shows every commit that was acknowledged before the
    /// call.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// Those of every method.
    async fn get(&self, key: &Key) -> Result<Option<Entry>>;

    /// Every entry below `prefix`, and a revision up to which every commit is contained. Linearizable; a store may
    /// show a part of commits that were made while it listed.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// Those of every method.
    async fn list(&self, prefix: &Prefix) -> Result<Snapshot>;

    /// Checks all guards and makes all writes, or nothing at all; durable when it returns. The revision is the
    /// new one of every key put.
    ///
    /// Cancellation: see the trait; the commit goes on.
    ///
    /// # Errors
    ///
    /// [`Kind::Conflict`](crate::Kind::Conflict) names a guard that did not hold;
    /// [`Kind::LeaseLost`](crate::Kind::LeaseLost) if a put names a lease that has ended or that this handle
    /// did not grant; [`Kind::Invalid`](crate::Kind::Invalid) and [`Kind::TooLarge`](crate::Kind::TooLarge)
    /// before anything is sent, as [`Limits::check`](crate::Limits::check) says. If
    /// [`Error::applied`](crate::Error::applied) is unknown, it may have happened.
    async fn commit(&self, txn: &Txn) -> Result<Revision>;

    /// The changes below `prefix`.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// Those of every method.
    async fn watch(&self, prefix: &Prefix, from: WatchFrom) -> Result<Watch>;

    /// A new lease. Only this handle renews, uses and revokes it; if nobody renews it, it ends, and every entry
    /// that was put with it goes.
    ///
    /// Cancellation: see the trait; a lease that was granted to nobody ends by itself.
    ///
    /// # Errors
    ///
    /// [`Kind::Invalid`](crate::Kind::Invalid) for a `ttl` outside the store's bounds.
    async fn grant(&self, ttl: Duration) -> Result<Lease>;

    /// Renews a lease for its whole `ttl` from now.
    ///
    /// Cancellation: see the trait; repeating it does no harm.
    ///
    /// # Errors
    ///
    /// [`Kind::LeaseLost`](crate::Kind::LeaseLost) if it has ended or this handle did not grant it.
    async fn keep_alive(&self, id: &LeaseId) -> Result<()>;

    /// Ends a lease now, and removes every entry that was put with it.
    ///
    /// Cancellation: see the trait; it goes on.
    ///
    /// # Errors
    ///
    /// [`Kind::LeaseLost`](crate::Kind::LeaseLost) if it has ended before or this handle did not grant it.
    async fn revoke(&self, id: &LeaseId) -> Result<()>;

    /// How the store is. Asks it; an answer means that it is reachable.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// Those of every method.
    async fn status(&self) -> Result<Status>;

    /// Closes this handle: waits for commits that were begun, ends its watches, and lets its leases end. A
    /// second call does nothing.
    ///
    /// Cancel safe; call it again to wait again.
    ///
    /// # Errors
    ///
    /// If the last writes could not be made durable.
    async fn close(&self) -> Result<()>;
}

fn _object_safe(_: &dyn Store) {}
