//! After a start of the host.

use std::collections::BTreeSet;

use netkeep_model::Object;

use super::ensure;
use crate::{DriverRecovery, HostNotes, HostState, Remains, Result};

/// Notes what is wanted and was not noted, and gives up what was noted and is not wanted.
pub(super) async fn recover(notes: &dyn HostNotes, wanted: &HostState, noted: &[Remains]) -> DriverRecovery {
    let mut report = DriverRecovery::default();
    let mut all = BTreeSet::new();
    for state in &wanted.networks {
        all.insert(state.object());
        add(&mut report, state.object(), ensure::network(notes, state).await);
    }
    for state in &wanted.endpoints {
        all.insert(state.object());
        add(&mut report, state.object(), ensure::endpoint(notes, state).await);
    }
    for state in &wanted.joins {
        all.insert(state.object());
        add(&mut report, state.object(), ensure::join(notes, state).await);
    }
    report.removed = noted.iter().map(|left| left.on).filter(|on| !all.contains(on)).collect();
    report
}

fn add(report: &mut DriverRecovery, on: Object, made: Result<bool>) {
    match made {
        Ok(true) => report.ensured.push(on),
        Ok(false) => {}
        Err(error) => report.failed.push((on, error)),
    }
}
