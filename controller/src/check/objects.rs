//! I4, I5, I6: networks and endpoints, and what hangs on them.

use netkeep_model::{
    Endpoint, EndpointNameKey, Network, Object, Owner, Phase, PoolRecord, PublishedEntry, SubPoolRecord,
};
use netkeep_store::datastore::{Any, LivesIn, Record, Transaction, Versioned};

use super::Invariant::{I4, I5, I6};
use super::findings::Findings;
use super::liveness::Seen;
use super::mend::Mend;
use crate::operation::release;
use crate::repair::RepairOperation;

/// Endpoints have their network, what hangs on something has it, and nothing stays in between.
pub(super) fn check(findings: &mut Findings<'_>) {
    endpoints(findings);
    driver_records(findings);
    entries(findings);
    phases(findings);
}

fn endpoints(findings: &mut Findings<'_>) {
    for read in findings.state.tables.endpoints.values() {
        if findings.state.tables.has_network(read.id.network) {
            continue;
        }
        let found = format!("network {} is gone", read.id.network);
        let mend = match &read.record.attachment {
            Some(attachment) => {
                Mend::by_hand(format!("let it leave sandbox {}, and check again", attachment.sandbox))
            }
            None => Mend::by("remove it with all that it holds", |tx| {
                remove(findings, read, tx)?;
                findings.because_gone(&Object::Network(read.id.network), tx)
            }),
        };
        findings.note::<Endpoint>(I4, &read.id, found, mend);
    }
}

/// Removes an endpoint, its name, what it holds and what hangs on it. Its notes stay: they say what is to be taken
/// down.
fn remove(
    findings: &Findings<'_>,
    read: &Versioned<Endpoint>,
    tx: &mut Transaction<Any>,
) -> netkeep_store::Result<()> {
    let (state, id) = (findings.state, read.id);
    tx.delete(read)?;
    let name = EndpointNameKey { network: id.network, name: read.record.name.clone() };
    if let Some(name) = state.tables.endpoint_names.get(&name)
        && name.record.endpoint == id.endpoint
    {
        tx.delete(name)?;
    }
    let owner = Owner::Endpoint { network: id.network, endpoint: id.endpoint };
    release(state, &owner, tx).map_err(|error| netkeep_store::Error::invalid(error.to_string()))?;
    for driver in state.tables.drivers_with_records() {
        for record in state.tables.driver_records_on(driver, &id.object()) {
            tx.delete(record)?;
        }
    }
    Ok(())
}

/// What hangs on something that is gone goes.
fn hanging<T: Record<Home: LivesIn<Any>>>(findings: &mut Findings<'_>, read: &Versioned<T>, on: &Object) {
    match findings.object(on) {
        Seen::There => {}
        Seen::Unknown => findings.wait::<T>(&read.id, format!("whether {on} is there cannot be told now")),
        Seen::Gone => {
            let found = format!("{on}, on which it hangs, is gone");
            let mend = Mend::by("remove it", |tx| {
                tx.delete(read)?;
                findings.because_gone(on, tx)
            });
            findings.note::<T>(I5, &read.id, found, mend);
        }
    }
}

fn driver_records(findings: &mut Findings<'_>) {
    for read in findings.state.tables.driver_records.values() {
        // Those of an endpoint without its network go with it.
        let goes = read.id.on.endpoint().is_some_and(|_| {
            findings.object(&read.id.on) == Seen::There
                && findings.network(read.id.on.network()) == Seen::Gone
        });
        if !goes {
            hanging(findings, read, &read.id.on);
        }
    }
}

fn entries(findings: &mut Findings<'_>) {
    for read in findings.state.tables.published.values() {
        let owner = &read.record.owner;
        let on = match owner {
            Owner::Join { network, endpoint, sandbox } => Object::Join(*network, *endpoint, *sandbox),
            Owner::Endpoint { network, endpoint } => Object::Endpoint(*network, *endpoint),
            Owner::Network { network } | Owner::Service { network, .. } => Object::Network(*network),
            Owner::Client { .. } => continue,
        };
        hanging::<PublishedEntry>(findings, read, &on);
    }
}

fn phases(findings: &mut Findings<'_>) {
    let tables = &findings.state.tables;
    for read in tables.networks.values() {
        phase(findings, read, &read.record.phase, None);
    }
    for read in tables.endpoints.values() {
        if findings.network(read.id.network) == Seen::There {
            phase(findings, read, &read.record.phase, None);
        }
    }
    for read in tables.pools.values() {
        let record = PoolRecord { phase: Phase::Ready, ..read.record.clone() };
        phase(findings, read, &read.record.phase, read.record.owner.as_ref().map(|owner| (owner, record)));
    }
    for read in tables.sub_pools.values() {
        let record = SubPoolRecord { phase: Phase::Ready, ..read.record.clone() };
        phase(findings, read, &read.record.phase, Some((&read.record.owner, record)));
    }
}

/// An operation in between, of whose actor is known that it is over, is finished or undone. What an object holds
/// is as whole as that object is.
fn phase<T: Record<Home: LivesIn<Any>>>(
    findings: &mut Findings<'_>,
    read: &Versioned<T>,
    phase: &Phase,
    held: Option<(&Owner, T)>,
) {
    const FINISH: &str = "finish it, or undo it if it is used";
    let Some(actor) = phase.actor() else { return };
    let doing = if phase.is_deleting() { "deletion" } else { "creation" };
    if !findings.is_over(actor) {
        findings.wait::<T>(&read.id, format!("its {doing} by {actor} is under way"));
        return;
    }
    let network = match &held {
        Some((Owner::Network { network }, _)) => findings.state.tables.networks.get(network),
        _ => None,
    };
    let mend = match (held, network) {
        // It goes, or is whole again, with its network.
        (Some(_), Some(network)) if !network.record.phase.is_ready() => finish::<Network>(FINISH, network),
        (Some((owner, record)), _) if !matches!(owner, Owner::Client { .. }) => match findings.owner(owner) {
            Seen::There => Mend::by("it is whole, as its owner is", |tx| {
                network.map_or(Ok(()), |network| tx.unchanged(network))?;
                tx.replace(read, &record)?;
                Ok(Vec::new())
            }),
            _ => Mend::by_hand("release it: its owner is gone"),
        },
        _ => finish(FINISH, read),
    };
    let found = format!("its {doing} by {actor} was neither finished nor undone");
    findings.note::<T>(I6, &read.id, found, mend);
}

fn finish<T: Record>(text: &str, read: &Versioned<T>) -> Mend {
    match T::key(&read.id) {
        Ok(key) => {
            let finish = RepairOperation::Finish { key, revision: read.revision().get() };
            Mend::work(text, finish, |_| Ok(Vec::new()))
        }
        Err(error) => Mend::by_hand(error.to_string()),
    }
}
