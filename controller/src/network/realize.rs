//! Making a new network on this host.

use std::sync::Arc;

use netkeep_drivers::{EnsureError, Mode, NetworkAnswer, NetworkDriver};
use netkeep_model::{Claim, Network, NetworkId, Object, OperationId, Phase};
use netkeep_store::datastore::Transaction;

use super::delete::take_down;
use super::removal::{remove_from_store, write_phase};
use super::{info, state};
use crate::controller::Inner;
use crate::making::Made;
use crate::operation::{Attempts, SiteNotes, network_queue};
use crate::{Error, ErrorKind, NetworkInfo, Result};

/// What has become of a creation.
pub(super) enum Outcome {
    /// It is done.
    Created(Box<NetworkInfo>),
    /// Someone unknown to the store holds this claim; the creation was undone.
    Taken(Claim, Error),
}

/// Makes this host agree, and keeps the answer of a driver that had to be called.
pub(super) async fn realize(
    inner: &Arc<Inner>,
    id: NetworkId,
    driver: &dyn NetworkDriver,
    mode: Mode,
    made: Made,
) -> Result<Outcome> {
    let site = &inner.site;
    let notes = SiteNotes { site, driver: &driver.info().kind };
    let (read, told) = {
        let known = site.replica.read();
        let Some(read) = known.tables.networks.get(&id) else {
            return Err(Error::not_found(format!("network {id} was removed meanwhile")));
        };
        (read.clone(), state(&known, read))
    };
    let error = match driver.ensure_network(&notes, &told).await {
        Ok(answer) if mode == Mode::Called => {
            let mut next = Network { phase: Phase::Ready, ..read.record.clone() };
            settle(&mut next, answer);
            let mut tx = Transaction::new();
            tx.replace(&read, &next)?;
            let revision = site.commit(tx).await?;
            made.done();
            return Ok(Outcome::Created(Box::new(info(&read.rewritten(next, revision)))));
        }
        Ok(_) => {
            made.done();
            return Ok(Outcome::Created(Box::new(info(&read))));
        }
        Err(error) => error,
    };
    if let EnsureError::Unknown(cause) = &error
        && let Err(left) = take_down(inner, id).await
    {
        // It has to be taken down before its records may go.
        let phase = Phase::Deleting { by: site.actor, operation: OperationId::generate() };
        write_phase(inner, id, phase).await?;
        return Err(Error::new(
            ErrorKind::Unavailable,
            format!("network {:?} may have been made ({cause}): {left}", read.record.name.as_str()),
        )
        .with_source(left));
    }
    undo_creation(inner, id).await?;
    made.done();
    match error {
        EnsureError::Taken(claim, error) => Ok(Outcome::Taken(claim, error.into())),
        EnsureError::Refused(error) | EnsureError::Unknown(error) => Err(error.into()),
    }
}

/// Makes a network on this host that was written and then left; its queue is held. What was called has answered
/// before it was ready, and is whole.
pub(super) async fn make_whole(inner: &Arc<Inner>, id: NetworkId) -> Result<Outcome> {
    let found = inner.site.replica.read().tables.networks.get(&id).cloned();
    let Some(read) = found.filter(|read| read.record.phase.is_ready()) else {
        return Err(Error::not_found(format!("network {id} was removed meanwhile")));
    };
    let driver = inner.registry.resolve_network(&read.record.driver).await?;
    let made = inner.site.making.begin(Object::Network(id));
    if driver.info().mode == Mode::Called {
        made.done();
        return Ok(Outcome::Created(Box::new(info(&read))));
    }
    realize(inner, id, &*driver, Mode::Planned, made).await
}

/// Does so for somebody who wants to use the network.
///
/// # Errors
///
/// Why the driver does not make it; then it is gone.
pub(crate) async fn make_usable(inner: &Arc<Inner>, id: NetworkId) -> Result<()> {
    let _turn = inner.site.queues.turn([network_queue(id)]).await;
    if !inner.site.making.is_left(Object::Network(id)) {
        return Ok(());
    }
    match make_whole(inner, id).await? {
        Outcome::Created(_) => Ok(()),
        Outcome::Taken(_, error) => Err(error),
    }
}

/// Takes a network that was not made after all out of the store again.
///
/// # Errors
///
/// What the store answers; never that it met others, which would look as if the creation could be tried again.
pub(super) async fn undo_creation(inner: &Arc<Inner>, id: NetworkId) -> Result<()> {
    let mut attempts = Attempts::default();
    while let Err(error) = remove_from_store(inner, id).await {
        attempts.again(error).await.map_err(|error| match error.kind() {
            ErrorKind::Conflict => Error::new(
                ErrorKind::Unavailable,
                format!("what was written of network {id} is not taken out again; delete it: {error}"),
            )
            .with_source(error),
            _ => error,
        })?;
    }
    Ok(())
}

/// Keeps what the driver has answered.
pub(super) fn settle(network: &mut Network, answer: NetworkAnswer) {
    network.tables = answer.tables;
    network.allocated = answer.allocated;
}
