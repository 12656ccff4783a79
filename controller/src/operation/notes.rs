//! What this host was told to make.

use async_trait::async_trait;
use netkeep_drivers::{HostNotes, Notes, PlannedRecord, Remains};
use netkeep_model::{DriverKind, Object, Realized, RealizedKey, Timestamp};
use netkeep_store::Segment;
use netkeep_store::datastore::{Any, Transaction};

use super::Attempts;
use crate::Result;
use crate::replica::State;
use crate::site::Site;

/// The notes of one driver, in the local store.
pub(crate) struct SiteNotes<'a> {
    pub(crate) site: &'a Site,
    pub(crate) driver: &'a DriverKind,
}

/// The record that is written before this host makes something for `driver`.
pub(crate) fn realized(site: &Site, driver: &DriverKind, told: serde_json::Value) -> Realized {
    Realized {
        driver: driver.clone(),
        scope: site.scope,
        boot: site.boot.clone(),
        incarnation: site.actor.incarnation,
        since: Timestamp::now(),
        told,
        notes: std::collections::BTreeMap::new(),
    }
}

/// The notes of `driver` on `on`.
pub(crate) fn notes(state: &State, driver: &DriverKind, on: &Object) -> Notes {
    let realized = state.tables.realized.get(&RealizedKey(*on));
    realized.and_then(|found| found.record.notes.get(driver).cloned()).unwrap_or_default()
}

/// The records of `driver` on `on`.
pub(crate) fn records(state: &State, driver: &DriverKind, on: &Object) -> Vec<PlannedRecord> {
    let found = state.tables.driver_records_on(driver, on);
    found
        .map(|found| PlannedRecord {
            scope: state.scope(),
            on: *on,
            name: found.id.name.clone(),
            value: Some(found.record.value.clone()),
        })
        .collect()
}

/// What is left of `on` on this host.
pub(crate) fn remains(state: &State, driver: &DriverKind, on: Object) -> Remains {
    Remains { on, notes: notes(state, driver, &on), records: records(state, driver, &on) }
}

impl SiteNotes<'_> {
    async fn keep(&self, on: &Object, name: &Segment, value: &serde_json::Value) -> Result<()> {
        let mut attempts = Attempts::default();
        loop {
            // Two notes on one object may meet.
            match self.site.commit(self.kept(on, name, value)?).await {
                Ok(_) => return Ok(()),
                Err(error) => attempts.again(error).await?,
            }
        }
    }

    fn kept(&self, on: &Object, name: &Segment, value: &serde_json::Value) -> Result<Transaction<Any>> {
        let id = RealizedKey(*on);
        let state = self.site.replica.read();
        let read = state.tables.realized.get(&id);
        let mut record = match read {
            Some(read) => read.record.clone(),
            None => realized(self.site, self.driver, serde_json::Value::Null),
        };
        record.notes.entry(self.driver.clone()).or_default().insert(name.clone(), value.clone());
        let mut tx = Transaction::new();
        match read {
            Some(read) => tx.replace(read, &record)?,
            None => tx.create(&id, &record)?,
        }
        Ok(tx)
    }
}

#[async_trait]
impl HostNotes for SiteNotes<'_> {
    async fn note(
        &self,
        on: &Object,
        name: &Segment,
        value: serde_json::Value,
    ) -> netkeep_drivers::Result<()> {
        self.keep(on, name, &value).await.map_err(|error| {
            netkeep_drivers::Error::new(netkeep_drivers::ErrorKind::Unavailable, error.to_string())
                .with_source(error)
        })
    }
}
