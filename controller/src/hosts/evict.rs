//! Eviction: a host that is gone for good writes no more, and what was its own is free again.

use std::sync::Arc;
use std::time::Duration;

use netkeep_model::{Alive, Gone, Host, HostId, Incarnation};
use netkeep_store::datastore::{Transaction, Versioned};

use super::{Eviction, release};
use crate::controller::Inner;
use crate::operation::Attempts;
use crate::{Error, ErrorKind, Result};

/// How long it may take to hear of everything that the host has written.
const LEARNING: Duration = Duration::from_secs(5);

/// What an eviction takes for granted.
#[derive(Clone, Debug)]
pub(crate) enum Because {
    /// That the host gives no sign of life.
    Asked,
    /// Nothing: what gives signs of life may be frozen.
    Forced,
    /// That it has been gone since this was written.
    Gone(Versioned<Gone>),
}

/// Evicts a host: shuts its runs out in one commit, then releases what belongs to them, all of it. The same again goes
/// on with what is left.
pub(crate) async fn evict(inner: &Arc<Inner>, host: HostId, because: Because) -> Result<Eviction> {
    let mut attempts = Attempts::default();
    let through = loop {
        inner.site.settle().await?;
        match shut_out(inner, host, &because).await {
            Ok(through) => break through,
            Err(error) => attempts.again(error).await?,
        }
    };
    // What the host wrote just before may not have been heard of here yet, and is released too.
    inner.site.as_new_as_now(LEARNING).await?;
    let released = release(inner, host, through).await?;
    Ok(Eviction { host, evicted_through: through, released: released.done, left: released.left })
}

async fn shut_out(inner: &Inner, host: HostId, because: &Because) -> Result<Incarnation> {
    let site = &inner.site;
    if host == site.actor.host {
        return Err(Error::new(
            ErrorKind::Forbidden,
            format!("host {host} is this one, which is up; evict it from another"),
        ));
    }
    let mut tx = Transaction::new();
    let through = {
        let state = site.replica.read();
        let Some(read) = state.tables.hosts.get(&host) else {
            return Err(Error::not_found(format!("host {host} not found")));
        };
        if read.record.is_evicted() {
            return Ok(read.record.evicted_through);
        }
        let through = read.record.incarnation;
        tx.replace(read, &Host { evicted_through: through, ..read.record.clone() })?;
        match (state.tables.alive.get(&host), because) {
            (None, _) => tx.absent::<Alive>(&host)?,
            (Some(alive), Because::Forced) => tx.delete(alive)?,
            (Some(_), _) => {
                return Err(Error::new(
                    ErrorKind::InUse,
                    format!(
                        "host {host} ({:?}) gives signs of life; stop its daemon, or use force",
                        read.record.name
                    ),
                ));
            }
        }
        if let Because::Gone(gone) = because {
            tx.unchanged(gone)?;
        }
        through
    };
    site.commit(tx).await?;
    tracing::warn!(%host, %through, "a host was evicted");
    Ok(through)
}
