//! Noticing that a host is gone.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use netkeep_model::{Alive, Gone, Host, HostId, Timestamp};
use netkeep_store::datastore::{Transaction, Versioned};

use crate::site::Site;
use crate::{ErrorKind, Result};

/// Since when hosts are missed, by the clock of this one.
#[derive(Debug, Default)]
pub(super) struct Missed(BTreeMap<HostId, Instant>);

impl Missed {
    /// Begins anew: what was missed while the store was away may never have been gone.
    pub(super) fn forget(&mut self) {
        self.0.clear();
    }

    /// Writes down that those are gone who have been missed for `patience`, unless somebody has.
    pub(super) async fn note(&mut self, site: &Site, patience: Duration) {
        let missing = missing(site);
        self.0.retain(|host, _| missing.iter().any(|read| read.id == *host));
        for read in missing {
            let since = *self.0.entry(read.id).or_insert_with(Instant::now);
            if since.elapsed() < patience {
                continue;
            }
            match note(site, &read).await {
                Ok(()) => tracing::warn!(host = %read.id, name = read.record.name, "a host is gone"),
                // Others notice it too, or it is back.
                Err(error) if error.kind() == ErrorKind::Conflict => {}
                Err(error) => tracing::warn!(host = %read.id, %error, "that a host is gone is not noted"),
            }
        }
    }
}

/// The other hosts that give no sign of life and are not noted as gone.
fn missing(site: &Site) -> Vec<Versioned<Host>> {
    let state = site.replica.read();
    let tables = &state.tables;
    let others = tables.hosts.values().filter(|read| read.id != site.actor.host);
    others
        .filter(|read| !tables.alive.contains_key(&read.id) && !tables.gone.contains_key(&read.id))
        .cloned()
        .collect()
}

async fn note(site: &Site, host: &Versioned<Host>) -> Result<()> {
    let mut tx = Transaction::new();
    let gone = Gone { incarnation: host.record.incarnation, noticed_by: site.actor, since: Timestamp::now() };
    tx.create(&host.id, &gone)?;
    tx.absent::<Alive>(&host.id)?;
    tx.unchanged(host)?;
    site.commit(tx).await?;
    Ok(())
}
