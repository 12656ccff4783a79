//! Repairs that are operations of the daemon, since drivers and other hosts have a part in them.

use std::sync::Arc;
use std::time::Duration;

use netkeep_model::{
    Endpoint, Host, Id, Network, Object, OperationId, Owner, Phase, PoolRecord, Realized, RequestId,
    SubPoolRecord, Timestamp,
};
use netkeep_store::datastore::{Record, Transaction, Versioned};
use netkeep_store::{Guard, Key, Revision};

use super::RepairOperation;
use crate::controller::Inner;
use crate::operation::{SiteNotes, endpoint_queue, network_queue, remains, space_queue};
use crate::{Error, ErrorKind, Result, endpoint, hosts, ipam, network};

/// How long the replica may take to hear of what the plan saw.
const HEARING: Duration = Duration::from_secs(5);

/// Does `operation`, if `guards` hold.
pub(super) async fn run(inner: &Arc<Inner>, operation: &RepairOperation, guards: &[Guard]) -> Result<()> {
    let site = &inner.site;
    site.settle().await?;
    site.replica.hear(Revision::new(operation.revision().unwrap_or(0)), HEARING).await;
    match operation {
        RepairOperation::Finish { key, revision } => finish(inner, key, *revision).await,
        RepairOperation::Release { key, revision } => release(inner, key, *revision, guards).await,
        RepairOperation::EvictAgain { key, revision } => evict_again(inner, key, *revision).await,
        RepairOperation::TakeDown { key, revision } => take_down(inner, key, *revision, guards).await,
        RepairOperation::Delete { .. } | RepairOperation::Put { .. } => {
            Err(Error::internal("a change is no operation of the daemon"))
        }
    }
}

/// A record as the plan saw it.
fn seen<T: Record>(read: Option<&Versioned<T>>, key: &Key, revision: u64) -> Result<Versioned<T>> {
    match read.filter(|read| read.revision().get() == revision) {
        Some(read) => Ok(read.clone()),
        None => Err(moved(key)),
    }
}

fn moved(key: &Key) -> Error {
    Error::new(ErrorKind::Conflict, format!("{key} has changed since the plan was made; check again"))
}

/// What it would be finished or undone for, if its actor is over.
fn check_over(inner: &Inner, key: &Key, phase: &Phase) -> Result<()> {
    let site = &inner.site;
    match phase.actor() {
        Some(actor) if site.replica.read().is_over(actor, site.actor) => Ok(()),
        Some(actor) => Err(Error::new(
            ErrorKind::InUse,
            format!("{key}: {actor}, which has left it in between, may go on with it"),
        )),
        None => Err(moved(key)),
    }
}

async fn finish(inner: &Arc<Inner>, key: &Key, revision: u64) -> Result<()> {
    let site = &inner.site;
    let finished = if let Some(id) = Network::id(key) {
        let _turn = site.queues.turn([network_queue(id)]).await;
        let read = seen(site.replica.read().tables.networks.get(&id), key, revision)?;
        check_over(inner, key, &read.record.phase)?;
        network::finish(inner, id).await
    } else if let Some(id) = Endpoint::id(key) {
        let _turn = site.queues.turn([endpoint_queue(id.network, id.endpoint)]).await;
        let read = seen(site.replica.read().tables.endpoints.get(&id), key, revision)?;
        check_over(inner, key, &read.record.phase)?;
        endpoint::finish(inner, id, endpoint::always).await
    } else if let Some(id) = PoolRecord::id(key) {
        let _turn = site.queues.turn([space_queue(&id.space)]).await;
        let read = seen(site.replica.read().tables.pools.get(&id), key, revision)?;
        check_over(inner, key, &read.record.phase)?;
        ipam::finish_release(inner, &id.space, id.pool, None).await
    } else if let Some(id) = SubPoolRecord::id(key) {
        let _turn = site.queues.turn([space_queue(&id.space)]).await;
        let read = seen(site.replica.read().tables.sub_pools.get(&id), key, revision)?;
        check_over(inner, key, &read.record.phase)?;
        ipam::finish_release(inner, &id.space, id.master, Some(id.sub)).await
    } else {
        return Err(Error::invalid(format!("{key}: nothing there can be finished")));
    };
    match finished {
        // It was undone, since somebody uses it.
        Err(error) if error.kind() == ErrorKind::InUse => Ok(()),
        finished => finished,
    }
}

/// A pool whose owner is gone becomes a client's, which releases it.
async fn release(inner: &Arc<Inner>, key: &Key, revision: u64, guards: &[Guard]) -> Result<()> {
    let site = &inner.site;
    let request = RequestId::from(Id::generate());
    let (host, incarnation) = (site.actor.host, site.actor.incarnation);
    let owner = Owner::Client { host, incarnation, since: Timestamp::now(), request };
    let phase = Phase::Deleting { by: site.actor, operation: OperationId::generate() };
    let mut tx = Transaction::new();
    guards.iter().try_for_each(|guard| tx.guard(guard.clone()))?;
    let (space, pool, sub) = if let Some(id) = PoolRecord::id(key) {
        let read = seen(site.replica.read().tables.pools.get(&id), key, revision)?;
        tx.replace(&read, &PoolRecord { owner: Some(owner), phase, ..read.record.clone() })?;
        (id.space, id.pool, None)
    } else if let Some(id) = SubPoolRecord::id(key) {
        let read = seen(site.replica.read().tables.sub_pools.get(&id), key, revision)?;
        tx.replace(&read, &SubPoolRecord { owner, phase, ..read.record.clone() })?;
        (id.space, id.master, Some(id.sub))
    } else {
        return Err(Error::invalid(format!("{key}: it is no pool")));
    };
    let _turn = site.queues.turn([space_queue(&space)]).await;
    site.commit(tx).await?;
    ipam::finish_release(inner, &space, pool, sub).await
}

/// Releases what the evicted runs of a host still own.
async fn evict_again(inner: &Arc<Inner>, key: &Key, revision: u64) -> Result<()> {
    let site = &inner.site;
    let id = Host::id(key).ok_or_else(|| Error::invalid(format!("{key}: it is no host")))?;
    let read = seen(site.replica.read().tables.hosts.get(&id), key, revision)?;
    let released = hosts::release(inner, id, read.record.evicted_through).await?;
    if hosts::unreleased(&site.replica.read(), &read).is_empty() {
        return Ok(());
    }
    Err(Error::new(ErrorKind::InUse, format!("{key}: not released: {}", released.left.join("; "))))
}

async fn take_down(inner: &Arc<Inner>, key: &Key, revision: u64, guards: &[Guard]) -> Result<()> {
    let site = &inner.site;
    let id = Realized::id(key).ok_or_else(|| Error::invalid(format!("{key}: it is no note of this host")))?;
    let object = id.0;
    let queue = match object {
        Object::Network(network) => network_queue(network),
        Object::Endpoint(network, endpoint) | Object::Join(network, endpoint, _) => {
            endpoint_queue(network, endpoint)
        }
    };
    let _turn = site.queues.turn([queue]).await;
    let read = seen(site.replica.read().tables.realized.get(&id), key, revision)?;
    let kind = &read.record.driver;
    let driver = network::driver_of(inner, kind).await?.ok_or_else(|| {
        Error::new(ErrorKind::Unavailable, format!("{key}: driver {kind}, which has made it, is not loaded"))
    })?;
    for guard in guards {
        let there = site.store().get(guard.key()).await?.map(|entry| entry.revision);
        if !guard.holds(there) {
            return Err(moved(guard.key()));
        }
    }
    let left = remains(&site.replica.read(), kind, object);
    network::remove(&*driver, &SiteNotes { site, driver: kind }, left).await?;
    let mut tx = Transaction::new();
    guards.iter().try_for_each(|guard| tx.guard(guard.clone()))?;
    // The driver may have noted something more meanwhile.
    match site.replica.read().tables.realized.get(&id) {
        Some(read) => tx.delete(read)?,
        None => return Ok(()),
    }
    site.commit(tx).await?;
    Ok(())
}
