//! Recovery with a flaw.

use std::collections::BTreeSet;

use netkeep_drivers::{
    DriverRecovery, EndpointState, HostNotes, HostState, JoinState, NetworkState, Remains, Result,
};
use netkeep_model::Object;
use netkeep_store::Segment;
use serde_json::Value;

use super::{BrokenDriver, Flaw};
use crate::TestHost;

impl BrokenDriver {
    pub(super) async fn recover_badly(
        &self,
        notes: &dyn HostNotes,
        wanted: HostState,
        mut noted: Vec<Remains>,
    ) -> Result<DriverRecovery> {
        match self.flaw {
            Flaw::LeavesRemains => {
                let removed = noted.iter().map(|left| left.on).collect();
                let report = self.inner.recover(notes, wanted, Vec::new()).await?;
                return Ok(DriverRecovery { removed, ..report });
            }
            Flaw::FlushesFirst => {
                for left in all(&wanted).iter().rev() {
                    let _ = self.inner.remove(notes, left).await;
                }
            }
            Flaw::RemovesStrangersThings => {
                for thing in self.kernel().present() {
                    if thing.starts_with("link br-") && !wanted_link(&wanted, &thing) {
                        self.kernel().lose(&thing);
                    }
                }
            }
            Flaw::RemovesWhatIsNoted => {
                noted.sort_by_key(|left| std::cmp::Reverse(left.on.kind()));
                for left in &noted {
                    let _ = self.inner.remove(notes, left).await;
                }
            }
            Flaw::RecoversOnce => {
                let recovered = Segment::escape("recovered");
                for state in &wanted.networks {
                    if state.notes.contains_key(&recovered) {
                        return Ok(DriverRecovery::default());
                    }
                    notes.note(&state.object(), &recovered, Value::Bool(true)).await?;
                }
            }
            Flaw::StopsAtTheFirstFailure => return self.one_by_one(notes, wanted, noted).await,
            _ => {}
        }
        let everything: Vec<Object> = all(&wanted).iter().map(|left| left.on).collect();
        // What it does in recovery goes through the flaw too, where the flaw is in ensuring.
        let mut report = if self.flaw == Flaw::TrustsItsNotes {
            self.ensure_trusted(notes, wanted, noted).await?
        } else {
            self.inner.recover(notes, wanted, noted).await?
        };
        match self.flaw {
            Flaw::ReportsNothing => report = DriverRecovery::default(),
            Flaw::ReportsEverything => report.ensured = everything,
            Flaw::HidesFailures => report.failed.clear(),
            _ => {}
        }
        Ok(report)
    }

    /// Makes only what is not noted.
    async fn ensure_trusted(
        &self,
        notes: &dyn HostNotes,
        mut wanted: HostState,
        noted: Vec<Remains>,
    ) -> Result<DriverRecovery> {
        wanted.networks.retain(|state| state.notes.is_empty());
        wanted.endpoints.retain(|state| state.notes.is_empty());
        wanted.joins.retain(|state| state.notes.is_empty());
        self.inner.recover(notes, wanted, noted).await
    }

    /// Recovers one network after the other, and none after the first that fails.
    async fn one_by_one(
        &self,
        notes: &dyn HostNotes,
        wanted: HostState,
        noted: Vec<Remains>,
    ) -> Result<DriverRecovery> {
        let mut report = self.inner.recover(notes, HostState::default(), noted).await?;
        for network in wanted.networks {
            let id = network.id;
            let of = |endpoint: &EndpointState| endpoint.network.id == id;
            let part = HostState {
                networks: vec![network],
                endpoints: wanted.endpoints.iter().filter(|state| of(state)).cloned().collect(),
                joins: wanted.joins.iter().filter(|state| of(&state.endpoint)).cloned().collect(),
            };
            let done = self.inner.recover(notes, part, Vec::new()).await?;
            report.ensured.extend(done.ensured);
            if !done.failed.is_empty() {
                report.failed.extend(done.failed);
                break;
            }
        }
        Ok(report)
    }
}

/// Everything that is wanted, as if it were not.
fn all(wanted: &HostState) -> Vec<Remains> {
    let networks = wanted.networks.iter().map(|state: &NetworkState| Remains {
        on: state.object(),
        notes: state.notes.clone(),
        records: state.records.clone(),
    });
    let endpoints = wanted.endpoints.iter().map(|state: &EndpointState| Remains {
        on: state.object(),
        notes: state.notes.clone(),
        records: state.records.clone(),
    });
    let joins = wanted.joins.iter().map(|state: &JoinState| Remains {
        on: state.object(),
        notes: state.notes.clone(),
        records: state.records.clone(),
    });
    networks.chain(endpoints).chain(joins).collect()
}

fn wanted_link(wanted: &HostState, thing: &str) -> bool {
    let names: BTreeSet<String> =
        wanted.networks.iter().map(|state| format!("link br-{}", state.id.short())).collect();
    names.contains(thing)
}
