//! What is done, for those who look on.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;
use tracing::{Instrument, Span, debug, debug_span, trace, warn};

use super::Operation;
use crate::{
    Change, Entry, Error, Key, Kind, Lease, LeaseId, Prefix, Result, Revision, Snapshot, Status, Store,
    StoreInfo, Txn, Watch, WatchFrom, WatchItem, WatchSource, Write,
};

/// Puts each operation into a span `store` and tells its outcome, never a value.
///
/// The span (level debug) and the event at its end have `backend`, `operation` and `subject`: the key, the
/// prefix, the lease, or the keys of a transaction, those that are put marked `+`, those that are deleted `-`,
/// those that are only guarded `?`. The event has `elapsed_us`
/// (microseconds; only where the span is recorded), and `revision` or `error`. Its level is debug; of a
/// failure that the store and not the caller is to blame for, warn. Each item of a watch is an event of level
/// trace, each reset one of level debug.
#[derive(Debug)]
pub struct Trace {
    inner: Arc<dyn Store>,
}

impl Trace {
    /// Tells what is done with `inner`.
    pub fn new(inner: Arc<dyn Store>) -> Self {
        Self { inner }
    }

    async fn run<T>(
        &self,
        operation: Operation,
        subject: impl fmt::Display + Send,
        revision: fn(&T) -> Option<Revision>,
        run: impl Future<Output = Result<T>> + Send,
    ) -> Result<T> {
        let (backend, operation) = (self.info().name, operation.name());
        let span = debug_span!("store", backend, operation, %subject);
        // A read of a local store takes as long as a few looks at the clock.
        let begun = (!span.is_disabled()).then(Instant::now);
        let result = run.instrument(span.clone()).await;
        let elapsed_us = begun.map(|begun| u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX));
        span.in_scope(|| match &result {
            Ok(value) => {
                let revision = revision(value).map(Revision::get);
                debug!(backend, operation, %subject, elapsed_us, revision, "done");
            }
            Err(error) if blames_the_store(error) => {
                warn!(backend, operation, %subject, elapsed_us, %error, "failed");
            }
            Err(error) => debug!(backend, operation, %subject, elapsed_us, %error, "refused"),
        });
        result
    }
}

fn blames_the_store(error: &Error) -> bool {
    match error.kind() {
        Kind::Conflict | Kind::LeaseLost | Kind::Invalid | Kind::TooLarge | Kind::Closed => false,
        Kind::Denied | Kind::Unavailable | Kind::Corrupt | Kind::Replaced | Kind::Unexpected => true,
    }
}

fn no_revision<T>(_: &T) -> Option<Revision> {
    None
}

/// The keys of a transaction.
struct Keys<'a>(&'a Txn);

impl fmt::Display for Keys<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for write in self.0.writes() {
            let (mark, key) = match write {
                Write::Put { key, .. } => ("+", key),
                Write::Delete(key) => ("-", key),
            };
            write!(f, "{separator}{mark}{key}")?;
            separator = " ";
        }
        for guard in self.0.guards() {
            if !self.0.writes().iter().any(|write| write.key() == guard.key()) {
                write!(f, "{separator}?{}", guard.key())?;
                separator = " ";
            }
        }
        Ok(())
    }
}

struct Told {
    inner: Watch,
    span: Span,
}

#[async_trait]
impl WatchSource for Told {
    async fn next(&mut self) -> Result<WatchItem> {
        let item = self.inner.next().instrument(self.span.clone()).await;
        self.span.in_scope(|| match &item {
            Ok(WatchItem::Reset(snapshot)) => {
                debug!(entries = snapshot.entries.len(), through = snapshot.revision.get(), "reset");
            }
            Ok(WatchItem::Changes(batch)) => {
                let keys: Vec<_> = batch.changes.iter().map(Change::key).collect();
                trace!(?keys, through = batch.through.get(), "changes");
            }
            Err(error) if blames_the_store(error) => warn!(%error, "the watch ended"),
            Err(error) => debug!(%error, "the watch ended"),
        });
        item
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl Store for Trace {
    fn info(&self) -> &StoreInfo {
        self.inner.info()
    }

    async fn get(&self, key: &Key) -> Result<Option<Entry>> {
        let revision = |found: &Option<Entry>| found.as_ref().map(|entry| entry.revision);
        self.run(Operation::Get, key, revision, self.inner.get(key)).await
    }

    async fn list(&self, prefix: &Prefix) -> Result<Snapshot> {
        let revision = |found: &Snapshot| Some(found.revision);
        self.run(Operation::List, prefix, revision, self.inner.list(prefix)).await
    }

    async fn commit(&self, txn: &Txn) -> Result<Revision> {
        self.run(Operation::Commit, Keys(txn), |revision| Some(*revision), self.inner.commit(txn)).await
    }

    async fn watch(&self, prefix: &Prefix, from: WatchFrom) -> Result<Watch> {
        let inner = self.run(Operation::Watch, prefix, no_revision, self.inner.watch(prefix, from)).await?;
        let span = debug_span!(parent: None, "watch", backend = self.info().name, subject = %prefix);
        Ok(Watch::new(Told { inner, span }))
    }

    async fn grant(&self, ttl: Duration) -> Result<Lease> {
        self.run(Operation::Grant, format!("{ttl:?}"), no_revision, self.inner.grant(ttl)).await
    }

    async fn keep_alive(&self, id: &LeaseId) -> Result<()> {
        self.run(Operation::KeepAlive, id, no_revision, self.inner.keep_alive(id)).await
    }

    async fn revoke(&self, id: &LeaseId) -> Result<()> {
        self.run(Operation::Revoke, id, no_revision, self.inner.revoke(id)).await
    }

    async fn status(&self) -> Result<Status> {
        let revision = |status: &Status| Some(status.revision);
        self.run(Operation::Status, "", revision, self.inner.status()).await
    }

    async fn close(&self) -> Result<()> {
        self.run(Operation::Close, "", no_revision, self.inner.close()).await
    }
}
