//! Making a new endpoint on this host.

use std::sync::Arc;

use netkeep_drivers::{EnsureError, Mode, NetworkDriver, Object};
use netkeep_model::{Claim, Endpoint, EndpointKey, Network, OperationId, Phase};
use netkeep_store::datastore::{Transaction, Versioned};

use super::answer::settle;
use super::{always, info, remove_from_store, state};
use crate::controller::Inner;
use crate::making::Made;
use crate::operation::{Attempts, SiteNotes, remains};
use crate::{EndpointInfo, Error, ErrorKind, Result, network};

/// What has become of a creation.
pub(super) enum Outcome {
    /// It is done.
    Created(Box<EndpointInfo>),
    /// Someone unknown to the store holds this claim; the creation was undone.
    Taken(Claim, Error),
}

/// Makes this host agree, and keeps the answer of a driver that had to be called.
pub(super) async fn realize(
    inner: &Arc<Inner>,
    of: &Versioned<Network>,
    key: EndpointKey,
    driver: &dyn NetworkDriver,
    mode: Mode,
    made: Made,
) -> Result<Outcome> {
    let site = &inner.site;
    let notes = SiteNotes { site, driver: &of.record.driver };
    let (read, told) = {
        let known = site.replica.read();
        let Some(read) = known.tables.endpoints.get(&key) else {
            return Err(Error::not_found("the endpoint was removed meanwhile"));
        };
        (read.clone(), state(&known, of, read))
    };
    let error = match driver.ensure_endpoint(&notes, &told).await {
        Ok(answer) if mode == Mode::Called => {
            let mut next = Endpoint { phase: Phase::Ready, ..read.record.clone() };
            match settle(&mut next, answer) {
                Ok(()) => {
                    let mut tx = Transaction::new();
                    tx.replace(&read, &next)?;
                    let revision = site.commit(tx).await?;
                    made.done();
                    return Ok(Outcome::Created(Box::new(info(of, &read.rewritten(next, revision)))));
                }
                // The driver has made what is not wanted: it is taken down again.
                Err(error) => EnsureError::Unknown(netkeep_drivers::Error::new(
                    netkeep_drivers::ErrorKind::Internal,
                    error.to_string(),
                )),
            }
        }
        Ok(_) => {
            made.done();
            return Ok(Outcome::Created(Box::new(info(of, &read))));
        }
        Err(error) => error,
    };
    if let EnsureError::Unknown(cause) = &error {
        let left =
            remains(&site.replica.read(), &of.record.driver, Object::Endpoint(key.network, key.endpoint));
        if let Err(left) = network::remove(driver, &notes, left).await {
            // It has to be taken down before its records may go.
            begin_deletion(inner, key).await?;
            return Err(Error::new(
                ErrorKind::Unavailable,
                format!("endpoint {:?} may have been made ({cause}): {left}", read.record.name.as_str()),
            )
            .with_source(left));
        }
    }
    undo_creation(inner, key).await?;
    made.done();
    match error {
        EnsureError::Taken(claim, error) => Ok(Outcome::Taken(claim, error.into())),
        EnsureError::Refused(error) | EnsureError::Unknown(error) => Err(error.into()),
    }
}

/// Makes an endpoint on this host that was written and then left, or taken down and kept; its queue is held. What
/// was called has answered before it was ready, and is whole.
pub(super) async fn make_whole(
    inner: &Arc<Inner>,
    of: &Versioned<Network>,
    key: EndpointKey,
) -> Result<Outcome> {
    let found = inner.site.replica.read().tables.endpoints.get(&key).cloned();
    let Some(read) = found.filter(|read| read.record.phase.is_ready()) else {
        return Err(Error::not_found(format!("endpoint {} was removed meanwhile", key.endpoint)));
    };
    let driver = inner.registry.resolve_network(&of.record.driver).await?;
    let made = inner.site.making.begin(Object::Endpoint(key.network, key.endpoint));
    if driver.info().mode == Mode::Called {
        made.done();
        return Ok(Outcome::Created(Box::new(info(of, &read))));
    }
    realize(inner, of, key, &*driver, Mode::Planned, made).await
}

/// Does so for somebody who wants to use the endpoint.
///
/// # Errors
///
/// Why the driver does not make it; then it is gone.
pub(crate) async fn make_usable(inner: &Arc<Inner>, key: EndpointKey) -> Result<()> {
    let of = inner.site.replica.read().tables.networks.get(&key.network).cloned();
    let Some(of) = of else {
        return Err(Error::not_found(format!("network {} was removed meanwhile", key.network)));
    };
    match make_whole(inner, &of, key).await? {
        Outcome::Created(_) => Ok(()),
        Outcome::Taken(_, error) => Err(error),
    }
}

/// Writes the phase `deleting` of an endpoint.
pub(super) async fn begin_deletion(inner: &Arc<Inner>, key: EndpointKey) -> Result<()> {
    let site = &inner.site;
    let mut tx = Transaction::new();
    match site.replica.read().tables.endpoints.get(&key) {
        None => return Ok(()),
        Some(read) => {
            let phase = Phase::Deleting { by: site.actor, operation: OperationId::generate() };
            tx.replace(read, &Endpoint { phase, ..read.record.clone() })?;
        }
    }
    site.commit(tx).await?;
    Ok(())
}

/// Takes an endpoint that was not made after all out of the store again.
///
/// # Errors
///
/// What the store answers; never that it met others, which would look as if the creation could be tried again.
async fn undo_creation(inner: &Arc<Inner>, key: EndpointKey) -> Result<()> {
    let mut attempts = Attempts::default();
    while let Err(error) = remove_from_store(inner, key, always).await {
        attempts.again(error).await.map_err(|error| match error.kind() {
            ErrorKind::Conflict => Error::new(
                ErrorKind::Unavailable,
                format!(
                    "what was written of endpoint {} is not taken out again; delete it: {error}",
                    key.endpoint
                ),
            )
            .with_source(error),
            _ => error,
        })?;
    }
    Ok(())
}
