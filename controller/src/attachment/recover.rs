//! Attachments after a start.

use std::sync::Arc;

use netkeep_drivers::{HostState, JoinState, NetworkDriver};
use netkeep_model::{DriverKind, Object, RealizedKey, Scope};
use netkeep_store::datastore::Transaction;

use super::place::{Known, Place};
use super::settle::{Standing, Trace, settle_in_turn, standing, traces};
use super::way_out::{self, recover_ways_out};
use super::{here, object};
use crate::controller::Inner;
use crate::operation::SiteNotes;
use crate::recovery::told;
use crate::{RecoveryReport, Result};

/// Finishes or undoes what was left of attachments on networks of local scope, and ends those to sandboxes of an
/// earlier boot.
pub(crate) async fn recover_local(local: &Arc<Inner>, report: &mut RecoveryReport) {
    let place = Place::alone(local);
    way_out::take_back_all(&place, report).await;
    settle_all(&place, report).await;
    drop_stale_sandboxes(local, report).await;
}

/// The same for networks of global scope, once it is certain what became of every commit of earlier runs; and lets the
/// drivers compare what they have of those on this host.
pub(crate) async fn recover_shared(place: &Place, report: &mut RecoveryReport) {
    for driver in place.local.registry.networks() {
        if let Err(error) = compare(place, &driver, report).await {
            report.failed.push(format!("driver {}: {error}", driver.info().kind));
        }
    }
    settle_all(place, report).await;
    for network in networks_here(place) {
        if let Err(error) = here::exit(place, network).await {
            report.failed.push(format!("network {network} on this host: {error}"));
        }
    }
    recover_ways_out(place, report).await;
    for network in networks_here(place) {
        place.local.interest.begin_anew(network);
    }
    drop_stale_sandboxes(&place.local, report).await;
}

async fn settle_all(place: &Place, report: &mut RecoveryReport) {
    for trace in traces(place) {
        let on = object(trace.0, trace.1);
        if place.local.site.making.is_begun(on) {
            continue;
        }
        match settle_in_turn(place, trace).await {
            Ok(Standing::Whole) => {}
            Ok(Standing::Unmade) => report.finished.push(format!("attachment of {on}")),
            Ok(Standing::Leaving) => report.finished.push(format!("leave of {on}")),
            Ok(Standing::Gone) => report.undone.push(format!("attachment of {on}")),
            Err(error) => report.failed.push(format!("{on}: {error}")),
        }
    }
}

/// The networks of global scope of which this host has something.
pub(super) fn networks_here(place: &Place) -> Vec<netkeep_model::NetworkId> {
    let state = place.local.site.replica.read();
    let noted = state.tables.realized.values().filter(|read| read.record.scope == Scope::Global);
    noted.map(|read| read.id.0).filter(|on| matches!(on, Object::Network(_))).map(|on| on.network()).collect()
}

/// Lets a driver compare what this host shall have of networks of global scope with what is there.
async fn compare(place: &Place, driver: &Arc<dyn NetworkDriver>, report: &mut RecoveryReport) -> Result<()> {
    let kind = driver.info().kind.clone();
    let wanted = place.read(|known| wanted(place, known, &kind));
    if wanted == HostState::default() {
        return Ok(());
    }
    let notes = SiteNotes { site: &place.local.site, driver: &kind };
    let objects = told::objects(&wanted);
    let done = driver.recover(&notes, wanted, Vec::new()).await?;
    report.ensured.extend(done.ensured.iter().map(ToString::to_string));
    for (on, error) in &done.failed {
        // Whoever looks for what is left tries again.
        drop(place.local.site.making.begin(*on));
        report.failed.push(format!("{on}: {error}"));
    }
    told::again(&place.local.site, objects, &done).await
}

fn wanted(place: &Place, known: &Known<'_>, kind: &DriverKind) -> HostState {
    let mut wanted = HostState::default();
    for read in known.of.tables.networks.values().filter(|read| read.record.driver == *kind) {
        let here = RealizedKey(Object::Network(read.id));
        if !read.record.phase.is_ready() || !known.local.tables.realized.contains_key(&here) {
            continue;
        }
        wanted.networks.push(known.network_state(read));
        for join in joins(place, known, read) {
            wanted.endpoints.push(join.endpoint.clone());
            wanted.joins.push(join);
        }
    }
    wanted
}

/// The attachments to sandboxes of this host that a driver shall have of one network.
pub(crate) fn wanted_joins(
    local: &Arc<Inner>,
    state: &crate::replica::State,
    network: &netkeep_store::datastore::Versioned<netkeep_model::Network>,
) -> Vec<JoinState> {
    let place = Place::alone(local);
    joins(&place, &Known { local: state, of: state }, network)
}

fn joins(
    place: &Place,
    known: &Known<'_>,
    network: &netkeep_store::datastore::Versioned<netkeep_model::Network>,
) -> Vec<JoinState> {
    let endpoints = known.of.tables.endpoints_of(network.id);
    let whole = endpoints.filter_map(|endpoint| {
        let sandbox = endpoint.record.attachment.as_ref()?.sandbox;
        let trace: Trace = (endpoint.id, sandbox);
        (standing(place, known, trace) == Standing::Whole).then_some(())?;
        Some(known.join_state(network, endpoint, known.local.tables.sandboxes.get(&sandbox)?))
    });
    whole.collect()
}

/// Removes the sandboxes of earlier boots in which nothing is any more.
async fn drop_stale_sandboxes(local: &Arc<Inner>, report: &mut RecoveryReport) {
    let site = &local.site;
    let stale: Vec<_> = {
        let state = site.replica.read();
        let is_stale = |read: &&netkeep_store::datastore::Versioned<netkeep_model::Sandbox>| {
            let intents = &mut state.tables.intents.values();
            read.record.boot != site.boot
                && read.record.endpoints.is_empty()
                && intents.all(|intent| intent.record.object.sandbox() != Some(read.id))
        };
        state.tables.sandboxes.values().filter(is_stale).cloned().collect()
    };
    for read in stale {
        let what = format!("sandbox {} of container {:?}", read.id, read.record.container.as_str());
        let mut tx = Transaction::new();
        let deleted = match tx.delete(&read) {
            Ok(()) => site.commit(tx).await.map(drop),
            Err(error) => Err(error.into()),
        };
        match deleted {
            Ok(()) => report.removed.push(format!("{what}, which is of an earlier boot")),
            Err(error) => report.failed.push(format!("{what}: {error}")),
        }
    }
}
