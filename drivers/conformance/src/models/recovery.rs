//! How the models bring a host back into agreement.

use std::collections::BTreeSet;

use netkeep_drivers::{
    DriverRecovery, EndpointState, EnsureError, Error, HostNotes, HostState, JoinState, NetworkDriver,
    NetworkState, Remains, RemoveError,
};
use netkeep_model::Object;

use crate::TestHost;

/// Takes down what was noted and is not wanted, then makes what is wanted. Both compare before they change
/// anything, so nothing that is wanted and there is touched, and the host's changes tell what was made.
pub(super) async fn agree(
    driver: &dyn NetworkDriver,
    host: &dyn TestHost,
    notes: &dyn HostNotes,
    wanted: &HostState,
    mut noted: Vec<Remains>,
) -> DriverRecovery {
    let mut report = DriverRecovery::default();
    let networks = wanted.networks.iter().map(NetworkState::object);
    let endpoints = wanted.endpoints.iter().map(EndpointState::object);
    let joins = wanted.joins.iter().map(JoinState::object);
    let all: BTreeSet<Object> = networks.chain(endpoints).chain(joins).collect();
    // What is made last goes first: joins, endpoints, networks.
    noted.sort_by_key(|left| std::cmp::Reverse(left.on.kind()));
    for left in noted.iter().filter(|left| !all.contains(&left.on)) {
        match driver.remove(notes, left).await {
            Ok(()) => report.removed.push(left.on),
            Err(RemoveError::Retry(error) | RemoveError::Ignored(error)) => {
                report.failed.push((left.on, error));
            }
        }
    }
    for state in &wanted.networks {
        let before = host.changed();
        let made = driver.ensure_network(notes, state).await.map(|_| ());
        add(&mut report, state.object(), host.changed() > before, made);
    }
    for state in &wanted.endpoints {
        let before = host.changed();
        let made = driver.ensure_endpoint(notes, state).await.map(|_| ());
        add(&mut report, state.object(), host.changed() > before, made);
    }
    for state in &wanted.joins {
        let before = host.changed();
        let mut made = driver.ensure_join(notes, state).await.map(|_| ());
        if let (Ok(()), Some(external)) = (&made, driver.external())
            && !state.endpoint.endpoint.bindings.is_empty()
        {
            made = external.ensure_program(notes, state).await.map(|_| ());
        }
        add(&mut report, state.object(), host.changed() > before, made);
    }
    report
}

fn add(report: &mut DriverRecovery, on: Object, changed: bool, made: Result<(), EnsureError>) {
    match made {
        Ok(()) if changed => report.ensured.push(on),
        Ok(()) => {}
        Err(EnsureError::Refused(error) | EnsureError::Taken(_, error) | EnsureError::Unknown(error)) => {
            report.failed.push((on, error));
        }
    }
}

/// A note is gone, or what it says.
pub(super) fn note<T: serde::de::DeserializeOwned>(notes: &netkeep_drivers::Notes, name: &str) -> Option<T> {
    let value = notes.get(&netkeep_store::Segment::escape(name))?;
    serde_json::from_value(value.clone()).ok()
}

/// Keeps a note, unless it says so already.
pub(super) async fn keep(
    notes: &dyn HostNotes,
    noted: &netkeep_drivers::Notes,
    on: Object,
    name: &str,
    value: serde_json::Value,
) -> Result<(), EnsureError> {
    let name = netkeep_store::Segment::escape(name);
    if noted.get(&name) == Some(&value) {
        return Ok(());
    }
    notes.note(&on, &name, value).await.map_err(|error: Error| EnsureError::Refused(error))
}
