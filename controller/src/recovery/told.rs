//! Notes that say of which boot and run they are.

use std::collections::BTreeSet;

use netkeep_drivers::{DriverRecovery, EndpointState, HostState, JoinState, NetworkState};
use netkeep_model::{Object, Realized, RealizedKey, Timestamp};
use netkeep_store::datastore::{Any, Transaction};

use crate::Result;
use crate::operation::{Attempts, fits};
use crate::replica::State;
use crate::site::Site;

/// What this is about.
pub(crate) fn objects(wanted: &HostState) -> Vec<Object> {
    let networks = wanted.networks.iter().map(NetworkState::object);
    let endpoints = wanted.endpoints.iter().map(EndpointState::object);
    networks.chain(endpoints).chain(wanted.joins.iter().map(JoinState::object)).collect()
}

/// Says in the notes of what was wanted that it is there in this boot, by this run if that has made it. What a driver
/// could not make whole keeps its old ones. After a restart in which nothing was missing, nothing is written.
///
/// # Errors
///
/// What the store answers.
pub(crate) async fn again(site: &Site, wanted: Vec<Object>, done: &DriverRecovery) -> Result<()> {
    let failed: BTreeSet<Object> = done.failed.iter().map(|(object, _)| *object).collect();
    let ensured: BTreeSet<Object> = done.ensured.iter().copied().collect();
    let mut left: Vec<Object> = wanted.into_iter().filter(|object| !failed.contains(object)).collect();
    let mut attempts = Attempts::default();
    while !left.is_empty() {
        let (tx, rest) = of_one_commit(site, &left, &ensured)?;
        if !tx.is_empty()
            && let Err(error) = site.commit(tx).await
        {
            attempts.again(error).await?;
            continue;
        }
        left.truncate(rest);
    }
    Ok(())
}

/// As many notes as one commit takes, from the last one, and how many are left before them.
fn of_one_commit(
    site: &Site,
    objects: &[Object],
    ensured: &BTreeSet<Object>,
) -> Result<(Transaction<Any>, usize)> {
    let state = site.replica.read();
    let mut tx = Transaction::new();
    for (at, object) in objects.iter().enumerate().rev() {
        let mut more = tx.clone();
        tell(site, &state, object, ensured.contains(object), &mut more)?;
        if !tx.is_empty() && !fits(&more) {
            return Ok((tx, at + 1));
        }
        tx = more;
    }
    Ok((tx, 0))
}

/// Adds the new note on `object`, if it needs one.
fn tell(site: &Site, state: &State, object: &Object, made: bool, tx: &mut Transaction<Any>) -> Result<()> {
    let Some(read) = state.tables.realized.get(&RealizedKey(*object)) else { return Ok(()) };
    let is_ours = read.record.boot == site.boot && read.record.incarnation == site.actor.incarnation;
    if is_ours || !(made || state.tables.is_of_earlier_boot(&read.record)) {
        return Ok(());
    }
    let (boot, incarnation) = (site.boot.clone(), site.actor.incarnation);
    let next = Realized { boot, incarnation, since: Timestamp::now(), ..read.record.clone() };
    tx.replace(read, &next)?;
    Ok(())
}
