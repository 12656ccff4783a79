//! What each driver has on this host.

use std::sync::Arc;

use netkeep_drivers::{HostState, NetworkDriver, Object};
use netkeep_model::{DriverKind, EndpointKey, Realized, RealizedKey, Scope};
use netkeep_store::datastore::{Transaction, Versioned};

use super::{RecoveryReport, told};
use crate::attachment::wanted_joins;
use crate::controller::Inner;
use crate::operation::{SiteNotes, remains};
use crate::replica::State;
use crate::{Result, endpoint, network};

/// Lets each driver bring this host into agreement, and removes the notes of what is gone.
pub(super) async fn recover(inner: &Arc<Inner>, report: &mut RecoveryReport) {
    let loaded = inner.registry.networks();
    for driver in &loaded {
        if let Err(error) = one(inner, driver, report).await {
            report.failed.push(format!("driver {}: {error}", driver.info().kind));
        }
    }
    for (read, is_gone) in left_by_others(inner, &loaded) {
        let (object, kind) = (read.id.0, &read.record.driver);
        if !is_gone {
            report.failed.push(format!("{object}: driver {kind}, which made it, is not loaded"));
        } else if let Err(error) = forget(inner, &object).await {
            report.failed.push(format!("{object}: {error}"));
        } else {
            report.removed.push(object.to_string());
        }
    }
}

/// What drivers that are not loaded have made and nothing wants any more, and whether a reboot has taken it down.
fn left_by_others(inner: &Inner, loaded: &[Arc<dyn NetworkDriver>]) -> Vec<(Versioned<Realized>, bool)> {
    let state = inner.site.replica.read();
    let local = state.tables.realized.values().filter(|read| read.record.scope == Scope::Local);
    let unwanted = local.filter(|read| !is_wanted(&state, &read.id.0));
    let left = unwanted.filter(|read| loaded.iter().all(|driver| driver.info().kind != read.record.driver));
    left.map(|read| (read.clone(), state.tables.is_of_earlier_boot(&read.record))).collect()
}

async fn one(inner: &Arc<Inner>, driver: &Arc<dyn NetworkDriver>, report: &mut RecoveryReport) -> Result<()> {
    let site = &inner.site;
    let kind = driver.info().kind.clone();
    let (wanted, noted) = {
        let state = site.replica.read();
        let unwanted = unwanted(&state, &kind);
        let noted = unwanted.iter().map(|read| remains(&state, &kind, read.id.0)).collect();
        (wanted(inner, &state, &kind), noted)
    };
    let notes = SiteNotes { site, driver: &kind };
    let objects = told::objects(&wanted);
    let done = driver.recover(&notes, wanted, noted).await?;
    report.ensured.extend(done.ensured.iter().map(ToString::to_string));
    for object in &done.removed {
        forget(inner, object).await?;
        report.removed.push(object.to_string());
    }
    report.failed.extend(done.failed.iter().map(|(object, error)| format!("{object}: {error}")));
    told::again(site, objects, &done).await
}

/// What a driver shall have on this host.
fn wanted(inner: &Arc<Inner>, state: &State, kind: &DriverKind) -> HostState {
    let mut wanted = HostState::default();
    for read in state.tables.networks.values().filter(|read| read.record.driver == *kind) {
        if !read.record.phase.is_ready() || read.record.config_only {
            continue;
        }
        wanted.networks.push(network::state(state, read));
        let endpoints = state.tables.endpoints_of(read.id);
        let whole = endpoints.filter(|endpoint| endpoint.record.phase.is_ready());
        wanted.endpoints.extend(whole.map(|found| endpoint::state(state, read, found)));
        wanted.joins.extend(wanted_joins(inner, state, read));
    }
    wanted
}

/// The notes of things of local scope that nothing wants any more.
fn unwanted<'a>(state: &'a State, kind: &DriverKind) -> Vec<&'a Versioned<Realized>> {
    let all = state.tables.realized.values();
    let of_kind = all.filter(|read| read.record.driver == *kind && read.record.scope == Scope::Local);
    of_kind.filter(|read| !is_wanted(state, &read.id.0)).collect()
}

/// True if there is a record of this object, even one that cannot be read.
fn is_wanted(state: &State, object: &Object) -> bool {
    match object {
        Object::Network(network) => state.tables.has_network(*network),
        Object::Endpoint(network, endpoint) => state.tables.has_endpoint(*network, *endpoint),
        Object::Join(network, endpoint, sandbox) => {
            match state.tables.endpoints.get(&EndpointKey { network: *network, endpoint: *endpoint }) {
                Some(read) => read.record.attachment.as_ref().is_some_and(|found| found.sandbox == *sandbox),
                None => state.tables.has_endpoint(*network, *endpoint),
            }
        }
    }
}

/// Removes the notes on something that was taken down.
async fn forget(inner: &Arc<Inner>, object: &Object) -> Result<()> {
    let mut tx = Transaction::new();
    match inner.site.replica.read().tables.realized.get(&RealizedKey(*object)) {
        Some(read) => tx.delete(read)?,
        None => return Ok(()),
    }
    inner.site.commit(tx).await?;
    Ok(())
}
