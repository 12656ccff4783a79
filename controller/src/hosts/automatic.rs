//! Evicting hosts that have been gone for long.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use netkeep_model::{Gone, HostId};
use netkeep_store::Revision;
use netkeep_store::datastore::Versioned;

use super::evict::{Because, evict};
use crate::controller::Inner;
use crate::replica::State;
use crate::{ErrorKind, Result};

/// How long it may take to learn whether what is known is as new as now.
const LEARNING: Duration = Duration::from_secs(5);

/// Since when this host knows, by its own clock, that others are gone: since it saw the record that says so, at its
/// revision.
#[derive(Debug, Default)]
pub(super) struct Graces(BTreeMap<HostId, (Revision, Instant)>);

impl Graces {
    /// Begins anew: time in which this host did not follow the store does not count.
    pub(super) fn forget(&mut self) {
        self.0.clear();
    }

    /// Evicts those whose `grace` is over, while most hosts are up.
    pub(super) async fn evict(&mut self, inner: &Arc<Inner>, grace: Duration) {
        let over = self.over(&inner.site.replica.read(), grace);
        for gone in over {
            let host = gone.id;
            match evict_gone(inner, gone).await {
                Ok(true) => tracing::warn!(%host, ?grace, "a host was gone for too long and is evicted"),
                Ok(false) => {}
                // Others do it too, or it is back.
                Err(error) if matches!(error.kind(), ErrorKind::Conflict | ErrorKind::InUse) => {}
                Err(error) => tracing::warn!(%host, %error, "a host that is gone is not evicted"),
            }
        }
    }

    /// The hosts whose grace is over, and notes those whose begins.
    fn over(&mut self, state: &State, grace: Duration) -> Vec<Versioned<Gone>> {
        let tables = &state.tables;
        let gone: Vec<_> = tables
            .gone
            .values()
            .filter(|gone| tables.hosts.get(&gone.id).is_some_and(|host| !host.record.is_evicted()))
            .collect();
        self.0.retain(|host, (revision, _)| {
            gone.iter().any(|gone| gone.id == *host && gone.revision() == *revision)
        });
        let is_over = |gone: &&Versioned<Gone>| {
            let (_, since) = *self.0.entry(gone.id).or_insert_with(|| (gone.revision(), Instant::now()));
            since.elapsed() >= grace
        };
        let over: Vec<_> = gone.into_iter().filter(is_over).cloned().collect();
        if most_are_up(state) { over } else { Vec::new() }
    }
}

/// True if more than half of the hosts that were not evicted give signs of life: else it is rather this one that is
/// cut off, or the store that was away.
fn most_are_up(state: &State) -> bool {
    let tables = &state.tables;
    let counted: Vec<_> = tables.hosts.values().filter(|host| !host.record.is_evicted()).collect();
    let up = counted.iter().filter(|host| tables.alive.contains_key(&host.id)).count();
    up * 2 > counted.len()
}

/// Evicts a host, if it is still gone and most are up by what is known now for certain.
async fn evict_gone(inner: &Arc<Inner>, gone: Versioned<Gone>) -> Result<bool> {
    inner.site.as_new_as_now(LEARNING).await?;
    let still = {
        let state = inner.site.replica.read();
        let found = state.tables.gone.get(&gone.id);
        most_are_up(&state) && found.is_some_and(|found| found.revision() == gone.revision())
    };
    if still {
        evict(inner, gone.id, Because::Gone(gone)).await?;
    }
    Ok(still)
}
