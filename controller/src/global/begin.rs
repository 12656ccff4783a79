//! A run of this host in the global store.

use std::sync::Arc;

use netkeep_drivers::registry::Fence;
use netkeep_model::{Host, HostRef, Incarnation, Scope, Timestamp};
use netkeep_store::datastore::{GlobalDatastore, Records, Transaction, Versioned};
use netkeep_store::{Applied, Kind};

use super::Parts;
use super::standing::Served;
use crate::attachment::{self, Place};
use crate::controller::Inner;
use crate::fence::RunFence;
use crate::hosts::{self, SignOfLife};
use crate::operation::Attempts;
use crate::replica::Replica;
use crate::site::Site;
use crate::{Error, ErrorKind, Result, recovery};

/// The file in which the kernel keeps the name of the host.
const HOST_NAME: &str = "/proc/sys/kernel/hostname";

/// Begins a run, follows the store, gives a sign of life, recovers what runs that are over have left in between, and
/// releases what belonged to runs of this host that were evicted.
///
/// # Errors
///
/// [`ErrorKind::Closed`] if another run of this host has begun meanwhile; what the store answers.
pub(super) async fn open(parts: &Parts, ours: &mut Option<Incarnation>) -> Result<Served> {
    let (host, rebooted) = begin(&*parts.global, parts, ours).await?;
    let store = Arc::clone(parts.global.store());
    let replica = Replica::follow(&store, Scope::Global, parts.host.host).await?;
    let drivers: Fence = parts.registry.global_fence().clone();
    let fence = match RunFence::new(Arc::clone(&store), drivers, &host) {
        Ok(fence) => fence,
        Err(error) => {
            replica.stop();
            return Err(error);
        }
    };
    let site = Site::new(store, Scope::Global, replica, fence, parts.boot.clone());
    let sign = SignOfLife::new(&site, parts.hosts.lease);
    let interest = parts.local.interest.clone();
    let inner = Arc::new(Inner { site, registry: parts.registry.clone(), interest });
    if let Err(error) = sign.give(&inner.site).await {
        // Nothing depends on it; it is tried again.
        tracing::warn!(%error, "this host gives no sign of life yet");
    }
    let mut recovery = recovery::recover_phases(&inner, rebooted).await;
    if host.record.evicted_through > Incarnation::ZERO {
        hosts::release(&inner, host.id, host.record.evicted_through).await?;
    }
    let place = Place::shared(&parts.local, &inner);
    attachment::recover_shared(&place, &mut recovery).await;
    Ok(Served { inner, recovery, sign })
}

/// Writes the next incarnation of this host: above that of its own store, and above the one that is there. Returns the
/// record, and whether the run before was in another boot.
async fn begin(
    global: &dyn GlobalDatastore,
    parts: &Parts,
    ours: &mut Option<Incarnation>,
) -> Result<(Versioned<Host>, bool)> {
    let HostRef { host, incarnation } = parts.host;
    let mut attempts = Attempts::default();
    let mut rebooted = false;
    loop {
        let before = global.read::<Host>(&host).await?;
        // Not taken back: a beginning whose answer was lost may have written this boot.
        rebooted |= before.as_ref().is_some_and(|before| before.record.boot != parts.boot);
        let found = before.as_ref().map_or(Incarnation::ZERO, |before| before.record.incarnation);
        if ours.is_some_and(|ours| found > ours) {
            return Err(Error::new(
                ErrorKind::Closed,
                format!(
                    "another daemon has begun there as host {host}, as incarnation {found}; no two may have one \
                     local store, or copies of one"
                ),
            ));
        }
        let incarnation = incarnation.max(found.next());
        // Known before it is written: an answer may be lost.
        *ours = Some(incarnation);
        let next = Host {
            incarnation,
            boot: parts.boot.clone(),
            started: Timestamp::now(),
            name: host_name(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            address: parts.hosts.address,
            bind_address: before.as_ref().and_then(|before| before.record.bind_address),
            evicted_through: before.as_ref().map(|before| before.record.evicted_through).unwrap_or_default(),
        };
        let mut transaction = Transaction::new();
        match &before {
            Some(before) => transaction.replace(before, &next)?,
            None => transaction.create(&host, &next)?,
        }
        match global.commit(transaction).await {
            Ok(revision) => {
                let written = match before {
                    Some(before) => before.rewritten(next, revision),
                    None => Versioned::written(host, next, revision),
                };
                return Ok((written, rebooted));
            }
            Err(error) if error.kind() == Kind::Conflict || error.applied() == Applied::Unknown => {
                // Whatever became of it, the next try is above it.
                let met = Error::new(ErrorKind::Conflict, error.to_string()).with_source(error);
                attempts.again(met).await.map_err(|error| {
                    Error::new(ErrorKind::Unavailable, error.to_string()).with_source(error)
                })?;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// What people call this host; empty if the kernel does not say.
fn host_name() -> String {
    std::fs::read_to_string(HOST_NAME).unwrap_or_default().trim().to_owned()
}
