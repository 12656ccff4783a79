//! Reading and changing records.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::{Home, Listing, LivesIn, Record, RecordWatch, Transaction, Versioned};
use crate::{Error, Kind, Prefix, Result, Revision, Segment, Store, WatchFrom};

/// Pauses between the attempts of [`Records::update`] grow up to this.
const MAX_PAUSE: Duration = Duration::from_millis(200);

/// A store that keeps records: what [`LocalDatastore`](super::LocalDatastore) and
/// [`GlobalDatastore`](super::GlobalDatastore) share. Its methods are in [`Records`].
pub trait Datastore: fmt::Debug + Send + Sync + 'static {
    /// Which of the two it is.
    type Home: Home;

    /// The store underneath.
    fn store(&self) -> &Arc<dyn Store>;
}

/// Reading and changing records in a [`Datastore`].
///
/// # Errors
///
/// Every method passes on what the store answers; what else it may answer stands beside it.
pub trait Records: Datastore {
    /// The record with this id, or `None`.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// [`Kind::Corrupt`] if what stands there cannot be read.
    fn read<T: Record>(&self, id: &T::Id) -> impl Future<Output = Result<Option<Versioned<T>>>> + Send
    where
        T::Home: LivesIn<Self::Home>,
    {
        async move {
            let entry = self.store().get(&T::key(id)?).await?;
            entry.as_ref().map(Versioned::read).transpose()
        }
    }

    /// All records of a type. Those that cannot be read do not fail the call: they are listed apart.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// Those of the store.
    fn list<T: Record>(&self) -> impl Future<Output = Result<Listing<T>>> + Send
    where
        T::Home: LivesIn<Self::Home>,
    {
        async move { Ok(Listing::read(&self.store().list(&T::root()).await?)) }
    }

    /// As [`Records::list`], for the records whose ids begin with these segments.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// Those of the store.
    fn list_below<T: Record>(&self, segments: &[Segment]) -> impl Future<Output = Result<Listing<T>>> + Send
    where
        T::Home: LivesIn<Self::Home>,
    {
        async move {
            let below = T::root().join_prefix(&Prefix::of(segments)?)?;
            Ok(Listing::read(&self.store().list(&below).await?))
        }
    }

    /// Commits a transaction.
    ///
    /// Cancellation: as [`Store::commit`]; it goes on.
    ///
    /// # Errors
    ///
    /// As [`Store::commit`].
    fn commit(&self, transaction: Transaction<Self::Home>) -> impl Future<Output = Result<Revision>> + Send {
        async move { self.store().commit(&transaction.into_txn()).await }
    }

    /// Changes one record: reads it, asks `change` for what it shall be, and writes that, again from the start
    /// if it was changed in between, `attempts` times at most. `change` sees `None` if there is no such record
    /// and answers `None` to leave everything as it is. Returns what stands there now.
    ///
    /// Cancellation: as [`Store::commit`]; the last write may go on.
    ///
    /// # Errors
    ///
    /// What `change` answers; [`Kind::Conflict`] if the last attempt met a change too.
    fn update<T: Record>(
        &self,
        id: &T::Id,
        attempts: u32,
        mut change: impl FnMut(Option<&T>) -> Result<Option<T>> + Send,
    ) -> impl Future<Output = Result<Option<Versioned<T>>>> + Send
    where
        T::Home: LivesIn<Self::Home>,
    {
        async move {
            let mut conflict = Error::invalid("attempts is 0; an update needs at least 1");
            for attempt in 0..attempts {
                let read = self.read::<T>(id).await?;
                let Some(next) = change(read.as_ref().map(|read| &read.record))? else { return Ok(read) };
                let mut transaction = Transaction::new();
                match &read {
                    Some(read) => transaction.replace(read, &next)?,
                    None => transaction.create(id, &next)?,
                }
                match self.commit(transaction).await {
                    Ok(revision) => {
                        return Ok(Some(match read {
                            Some(read) => read.rewritten(next, revision),
                            None => Versioned::written(id.clone(), next, revision),
                        }));
                    }
                    Err(error) if error.kind() == Kind::Conflict => conflict = error,
                    Err(error) => return Err(error),
                }
                if attempt + 1 < attempts {
                    tokio::time::sleep(pause(attempt)).await;
                }
            }
            Err(conflict.with_context("attempts", attempts))
        }
    }

    /// The changes of all records of a type.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// Those of the store.
    fn watch<T: Record>(&self, from: WatchFrom) -> impl Future<Output = Result<RecordWatch<T>>> + Send
    where
        T::Home: LivesIn<Self::Home>,
    {
        async move { Ok(RecordWatch::new(self.store().watch(&T::root(), from).await?)) }
    }
}

impl<D: Datastore + ?Sized> Records for D {}

/// A random pause that grows with the attempts, so that those who met do not meet again.
fn pause(attempt: u32) -> Duration {
    let most = Duration::from_millis(2).saturating_mul(1 << attempt.min(10)).min(MAX_PAUSE);
    most.mul_f64(rand::random::<f64>())
}
