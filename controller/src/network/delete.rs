//! Deleting a network.

use std::sync::Arc;

use netkeep_drivers::{HostNotes, Mode, NetworkDriver, Object, RemoveError};
use netkeep_model::{
    AddressRecord, DriverKind, Endpoint, Network, NetworkId, OperationId, Owner, Phase, Pool, RealizedKey,
    Timestamp, TypedId,
};
use netkeep_store::datastore::{Records, Versioned};

use super::removal::{remove_from_store, undo_phase, write_phase};
use crate::controller::Inner;
use crate::operation::{Attempts, Draft, HeldPools, SiteNotes, View, network_queue, remains, space_queue};
use crate::{Error, ErrorKind, Result, lookup};

/// How many endpoints or addresses an error names.
const NAMED: usize = 8;

/// Deletes a network.
pub(crate) async fn delete(inner: &Arc<Inner>, name_or_id: &str) -> Result<()> {
    let id = lookup::network(&inner.site.replica.read(), name_or_id)?.id;
    let _turn = inner.site.queues.turn([network_queue(id)]).await;
    let mut attempts = Attempts::default();
    let mut begun = false;
    loop {
        inner.site.settle().await?;
        match attempt(inner, id, name_or_id, &mut begun).await {
            Ok(()) => return Ok(()),
            // Another host has ended what was begun here.
            Err(error) if begun && error.kind() == ErrorKind::NotFound && !is_there(inner, id) => {
                return Ok(());
            }
            Err(error) => attempts.again(error).await?,
        }
    }
}

/// Sets `begun` once the deletion is written for others to end.
async fn attempt(inner: &Arc<Inner>, id: NetworkId, name_or_id: &str, begun: &mut bool) -> Result<()> {
    let site = &inner.site;
    whole(inner, id).await?;
    let (network, used, spaces) = {
        let state = site.replica.read();
        let Some(network) = state.tables.networks.get(&id) else {
            return Err(Error::not_found(format!("network {name_or_id:?} was removed meanwhile")));
        };
        let spaces = HeldPools::of(&state, &Owner::Network { network: id }).spaces();
        (network.clone(), check_unused(&state, network), spaces)
    };
    let _spaces = site.queues.turn(spaces.iter().map(space_queue)).await;
    let phase = network.record.phase;
    if let Err(error) = used {
        // What an earlier deletion has left in between is whole again.
        if phase.is_deleting() {
            undo_phase(inner, id).await?;
        }
        return Err(error);
    }
    if let Some(driver) = driver_of(inner, &network.record.driver).await? {
        let draft = Draft::plain(&site.replica);
        let view = View::new(&draft, network.record.scope, Some(&network.record.driver));
        driver.may_remove(&view, &Object::Network(id)).await?;
    }
    let is_dead = |actor| site.is_dead(&site.replica.read(), actor);
    if !phase.actor().is_some_and(is_dead) {
        let phase = Phase::Deleting { by: site.actor, operation: OperationId::generate() };
        let written = write_phase(inner, id, phase).await;
        // The network's record is written before its pools where both are too much for one commit.
        let is_written = |network: &Versioned<Network>| network.record.phase == phase;
        *begun |= written.is_ok() || site.replica.read().tables.networks.get(&id).is_some_and(is_written);
        written?;
    }
    finish(inner, id).await
}

fn is_there(inner: &Inner, id: NetworkId) -> bool {
    inner.site.replica.read().tables.networks.contains_key(&id)
}

/// Waits until everything that hangs on the network is known.
async fn whole(inner: &Arc<Inner>, id: NetworkId) -> Result<()> {
    let written = inner.site.replica.read().tables.networks.get(&id).map(Versioned::revision);
    match written {
        Some(written) => inner.site.whole(written).await,
        None => Ok(()),
    }
}

/// The second half of a deletion: makes sure that nothing uses the network, which since its phase was written
/// nothing can begin to, takes it off this host, and removes it from the store.
pub(crate) async fn finish(inner: &Arc<Inner>, id: NetworkId) -> Result<()> {
    whole(inner, id).await?;
    if let Some(error) = users(inner, id).await? {
        undo_phase(inner, id).await?;
        return Err(error);
    }
    take_down(inner, id).await?;
    remove_from_store(inner, id).await
}

/// The driver of this kind; `None` if there is none, so that what hangs on an object can go without it.
///
/// # Errors
///
/// What a plugin answers that is there and cannot be activated.
pub(crate) async fn driver_of(inner: &Inner, kind: &DriverKind) -> Result<Option<Arc<dyn NetworkDriver>>> {
    match inner.registry.resolve_network(kind).await {
        Ok(driver) => Ok(Some(driver)),
        Err(error) if error.kind() == netkeep_drivers::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Takes a network off this host, if this host has made something of it.
pub(super) async fn take_down(inner: &Arc<Inner>, id: NetworkId) -> Result<()> {
    let site = &inner.site;
    let on = Object::Network(id);
    let (kind, noted) = {
        let state = site.replica.read();
        let Some(network) = state.tables.networks.get(&id) else { return Ok(()) };
        (network.record.driver.clone(), state.tables.realized.contains_key(&RealizedKey(on)))
    };
    let Some(driver) = driver_of(inner, &kind).await? else {
        if noted {
            tracing::warn!(network = %id, driver = %kind, "its driver is not loaded; what it has made stays, noted");
        }
        return Ok(());
    };
    if !noted && driver.info().mode == Mode::Planned {
        return Ok(());
    }
    let notes = SiteNotes { site, driver: &kind };
    let left = remains(&site.replica.read(), &kind, on);
    remove(&*driver, &notes, left).await
}

/// Asks a driver to take something off this host.
pub(crate) async fn remove(
    driver: &dyn NetworkDriver,
    notes: &dyn HostNotes,
    left: netkeep_drivers::Remains,
) -> Result<()> {
    match driver.remove(notes, &left).await {
        Ok(()) => Ok(()),
        Err(RemoveError::Ignored(error)) => {
            tracing::warn!(object = %left.on, %error, "the driver reports a failure and counts it as removed");
            Ok(())
        }
        Err(RemoveError::Retry(error)) => Err(Error::new(
            ErrorKind::Unavailable,
            format!("{} is not taken down yet; delete it again: {error}", left.on),
        )
        .with_source(error)),
    }
}

/// Refuses a deletion that the replica already shows to be impossible.
fn check_unused(state: &crate::replica::State, network: &Versioned<Network>) -> Result<()> {
    let endpoints: Vec<_> = state.tables.endpoints_of(network.id).collect();
    if !endpoints.is_empty() {
        return Err(active_endpoints(&network.record, &endpoints));
    }
    let borrowers = borrowers(&network.record, network.id, state.tables.networks.values());
    borrowers.map_or(Ok(()), Err)
}

/// The refusal to delete a network that others have their configuration from.
fn borrowers<'a>(
    lender: &Network,
    id: NetworkId,
    networks: impl Iterator<Item = &'a Versioned<Network>>,
) -> Option<Error> {
    if !lender.config_only {
        return None;
    }
    let borrowers = networks.filter(|other| other.record.config_from == Some(id));
    let borrowers: Vec<_> = borrowers.map(|other| other.record.name.to_string()).collect();
    (!borrowers.is_empty()).then(|| {
        Error::new(
            ErrorKind::InUse,
            format!(
                "network {:?} lends its configuration to {}; delete them first",
                lender.name.as_str(),
                listed(&borrowers)
            ),
        )
    })
}

/// What stands against the removal of a network, as the store says now.
async fn users(inner: &Arc<Inner>, id: NetworkId) -> Result<Option<Error>> {
    let site = &inner.site;
    let found = site.replica.read().tables.networks.get(&id).cloned();
    let Some(network) = found else { return Ok(None) };
    if network.record.config_only {
        let networks = site.records().list::<Network>().await?;
        return Ok(borrowers(&network.record, id, networks.records.iter()));
    }
    let endpoints = site.records().list_below::<Endpoint>(&[id.segment()]).await?;
    if !endpoints.records.is_empty() {
        let endpoints: Vec<_> = endpoints.records.iter().collect();
        return Ok(Some(active_endpoints(&network.record, &endpoints)));
    }
    if let Some(unreadable) = endpoints.unreadable.first() {
        return Ok(Some(Error::new(
            ErrorKind::InUse,
            format!(
                "network {:?} has an endpoint whose record cannot be read: {}: {}",
                network.record.name.as_str(),
                unreadable.key,
                unreadable.reason
            ),
        )));
    }
    let held = HeldPools::of(&site.replica.read(), &Owner::Network { network: id });
    let whole = held.pools.iter().map(|read| (read.id.space.clone(), read.id.pool, None));
    let parts = held.subs.iter().map(|read| (read.id.space.clone(), read.id.master, Some(read.id.sub)));
    for (space, master, sub) in whole.chain(parts) {
        let given = site.records().list_below::<AddressRecord>(&[space.segment(), master.segment()]).await?;
        let others: Vec<String> = given
            .records
            .iter()
            .filter(|read| read.record.sub == sub && read.record.owner.network() != Some(id))
            .map(|read| format!("{} ({})", read.id.ip, read.record.owner))
            .collect();
        if !others.is_empty() {
            return Ok(Some(addresses_given(&network.record, sub.unwrap_or(master), &others)));
        }
    }
    Ok(None)
}

fn active_endpoints(network: &Network, endpoints: &[&Versioned<Endpoint>]) -> Error {
    let now = Timestamp::now();
    let named: Vec<String> = endpoints
        .iter()
        .map(|read| {
            let record = &read.record;
            let container = record.attachment.as_ref().and_then(|attachment| attachment.container.as_ref());
            format!(
                "{:?} (id {}, container {}, host {}, {} s old)",
                record.name.as_str(),
                read.id.endpoint.short(),
                container.map_or("none", |container| container.as_str()),
                record.owner.host.id().short(),
                now.since(record.created).as_secs()
            )
        })
        .collect();
    Error::new(
        ErrorKind::InUse,
        format!("network {:?} has active endpoints: {}", network.name.as_str(), listed(&named)),
    )
}

fn addresses_given(network: &Network, pool: Pool, others: &[String]) -> Error {
    Error::new(
        ErrorKind::InUse,
        format!(
            "network {:?} has pool {pool}, of which others hold addresses: {}",
            network.name.as_str(),
            listed(others)
        ),
    )
}

fn listed(items: &[String]) -> String {
    let mut text = items.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    if items.len() > NAMED {
        text.push_str(&format!(" and {} more", items.len() - NAMED));
    }
    text
}
