//! Networks, endpoints, sandboxes, and what hangs on them.

use netkeep_model::{
    DriverRecord, Endpoint, EndpointKey, EndpointNameKey, EndpointNameRecord, Intent, Network,
    NetworkNameRecord, Object, Phase, PoolRecord, Realized, Sandbox, SubPoolRecord,
};

use super::Invariant;
use super::findings::Findings;

/// I3 to I7 and I9.
pub(super) fn check(findings: &mut Findings<'_>) {
    names(findings);
    endpoints(findings);
    driver_records(findings);
    phases(findings);
    sandboxes(findings);
    notes(findings);
}

fn names(findings: &mut Findings<'_>) {
    const REMOVE: &str = "remove the record of the name";
    const WRITE: &str = "write the record of the name";
    let tables = &findings.state.tables;
    for read in tables.network_names.values() {
        let named = tables.networks.get(&read.record.network);
        if named.is_some_and(|network| network.record.name != read.id)
            || !tables.has_network(read.record.network)
        {
            let found = format!("no network {} has this name", read.record.network);
            findings.note::<NetworkNameRecord>(Invariant::I3, &read.id, found, REMOVE);
        }
    }
    for read in tables.networks.values() {
        let name = tables.network_names.get(&read.record.name);
        let unreadable = tables.is_unreadable::<NetworkNameRecord>(&read.record.name);
        if !unreadable && name.is_none_or(|name| name.record.network != read.id) {
            let found = format!("its name {:?} does not lead to it", read.record.name.as_str());
            findings.note::<Network>(Invariant::I3, &read.id, found, WRITE);
        }
    }
    for read in tables.endpoint_names.values() {
        let key = EndpointKey { network: read.id.network, endpoint: read.record.endpoint };
        let named = tables.endpoints.get(&key);
        if named.is_some_and(|endpoint| endpoint.record.name != read.id.name)
            || !tables.has_endpoint(key.network, key.endpoint)
        {
            let found = format!("no endpoint {} has this name", key.endpoint);
            findings.note::<EndpointNameRecord>(Invariant::I3, &read.id, found, REMOVE);
        }
    }
    for read in tables.endpoints.values() {
        let id = EndpointNameKey { network: read.id.network, name: read.record.name.clone() };
        let name = tables.endpoint_names.get(&id);
        let unreadable = tables.is_unreadable::<EndpointNameRecord>(&id);
        if !unreadable && name.is_none_or(|name| name.record.endpoint != read.id.endpoint) {
            let found = format!("its name {:?} does not lead to it", read.record.name.as_str());
            findings.note::<Endpoint>(Invariant::I3, &read.id, found, WRITE);
        }
    }
}

fn endpoints(findings: &mut Findings<'_>) {
    let tables = &findings.state.tables;
    for read in tables.endpoints.values() {
        if !tables.has_network(read.id.network) {
            let found = format!("network {} is gone", read.id.network);
            findings.note::<Endpoint>(Invariant::I4, &read.id, found, "remove it with all that it holds");
        }
    }
}

/// True if the object that something hangs on is there.
fn is_there(findings: &Findings<'_>, object: &Object) -> bool {
    let tables = &findings.state.tables;
    match object {
        Object::Network(network) => tables.has_network(*network),
        Object::Endpoint(network, endpoint) => tables.has_endpoint(*network, *endpoint),
        Object::Join(network, endpoint, sandbox) => {
            let id = EndpointKey { network: *network, endpoint: *endpoint };
            match tables.endpoints.get(&id) {
                Some(read) => read.record.attachment.as_ref().is_some_and(|found| found.sandbox == *sandbox),
                None => tables.has_endpoint(*network, *endpoint),
            }
        }
    }
}

fn driver_records(findings: &mut Findings<'_>) {
    let state = findings.state;
    for read in state.tables.driver_records.values() {
        if !is_there(findings, &read.id.on) {
            let found = format!("{}, on which it hangs, is gone", read.id.on);
            findings.note::<DriverRecord>(Invariant::I5, &read.id, found, "remove it");
        }
    }
}

fn phases(findings: &mut Findings<'_>) {
    const MEND: &str = "restart the daemon, which finishes or undoes it";
    let state = findings.state;
    let alive = findings.alive;
    let left = |phase: &Phase| {
        let actor = phase.actor().filter(|actor| *actor != alive)?;
        let doing = if phase.is_deleting() { "deletion" } else { "creation" };
        Some(format!("its {doing} by {actor} was neither finished nor undone"))
    };
    for read in state.tables.networks.values() {
        if let Some(found) = left(&read.record.phase) {
            findings.note::<Network>(Invariant::I6, &read.id, found, MEND);
        }
    }
    for read in state.tables.endpoints.values() {
        if let Some(found) = left(&read.record.phase) {
            findings.note::<Endpoint>(Invariant::I6, &read.id, found, MEND);
        }
    }
    for read in state.tables.pools.values() {
        if let Some(found) = left(&read.record.phase) {
            findings.note::<PoolRecord>(Invariant::I6, &read.id, found, MEND);
        }
    }
    for read in state.tables.sub_pools.values() {
        if let Some(found) = left(&read.record.phase) {
            findings.note::<SubPoolRecord>(Invariant::I6, &read.id, found, MEND);
        }
    }
}

fn sandboxes(findings: &mut Findings<'_>) {
    let state = findings.state;
    for read in state.tables.endpoints.values() {
        let Some(attachment) = &read.record.attachment else { continue };
        let sandbox = state.tables.sandboxes.get(&attachment.sandbox);
        let listed = sandbox.is_some_and(|sandbox| {
            let mut inside = sandbox.record.endpoints.iter();
            inside.any(|found| found.network == read.id.network && found.endpoint == read.id.endpoint)
        });
        if attachment.host.host == findings.alive.host && !listed {
            let found = format!("it is attached to sandbox {}, which does not have it", attachment.sandbox);
            findings.note::<Endpoint>(Invariant::I7, &read.id, found, "detach it");
        }
    }
    for read in state.tables.sandboxes.values() {
        for inside in &read.record.endpoints {
            let id = EndpointKey { network: inside.network, endpoint: inside.endpoint };
            let attached = state.tables.endpoints.get(&id).and_then(|found| found.record.attachment.as_ref());
            if attached.is_none_or(|attachment| attachment.sandbox != read.id) {
                let found = format!("it has endpoint {}, which is not attached to it", inside.endpoint);
                findings.note::<Sandbox>(Invariant::I7, &read.id, found, "take the endpoint out");
            }
        }
    }
}

fn notes(findings: &mut Findings<'_>) {
    let state = findings.state;
    for read in state.tables.realized.values() {
        if !is_there(findings, &read.id.0) {
            let found = format!("{}, which this host was told to make, is gone", read.id.0);
            let mend = "restart the daemon, which takes it down";
            findings.note::<Realized>(Invariant::I9, &read.id, found, mend);
        }
    }
    for read in state.tables.intents.values() {
        if read.record.by != findings.alive {
            let found = format!("its operation was begun by {}, which is over", read.record.by);
            findings.note::<Intent>(Invariant::I9, &read.id, found, "restart the daemon, which judges it");
        }
    }
}
