//! What the drivers do on this host.

use netkeep_drivers::{EnsureError, RemoveError};
use netkeep_model::{SandboxId, Way};

use crate::attachment::place::Place;
use crate::network::driver_of;
use crate::operation::SiteNotes;
use crate::{Error, ErrorKind, Result};

/// Has the driver of the endpoint publish what is recorded.
pub(super) async fn ensure(place: &Place, way: &Way, sandbox: SandboxId) -> Result<(), EnsureError> {
    if !way.ensure {
        return Ok(());
    }
    let of = place.of_other(way.key());
    let found = of.read(|known| {
        let network = known.of.tables.networks.get(&way.network)?;
        let endpoint = known.of.tables.endpoints.get(&way.key())?;
        let sandbox = known.local.tables.sandboxes.get(&sandbox)?;
        Some((network.record.driver.clone(), known.join_state(network, endpoint, sandbox)))
    });
    let Some((kind, state)) = found else {
        let gone = format!("endpoint {} or its sandbox was removed meanwhile", way.endpoint);
        return Err(EnsureError::Refused(netkeep_drivers::Error::new(
            netkeep_drivers::ErrorKind::NotFound,
            gone,
        )));
    };
    let driver = place.local.registry.resolve_network(&kind).await?;
    let Some(external) = driver.external() else { return Ok(()) };
    let notes = SiteNotes { site: &place.local.site, driver: &kind };
    external.ensure_program(&notes, &state).await.map(drop)
}

/// Has the driver of the endpoint take back what it publishes.
///
/// # Errors
///
/// [`ErrorKind::Unavailable`] if it is still there; what the store answers.
pub(super) async fn revoke(place: &Place, way: &Way, sandbox: SandboxId) -> Result<()> {
    let on = way.join(sandbox);
    let of = place.of_other(way.key());
    let Some(kind) = of.driver_kind(on).filter(|_| way.ensure) else { return Ok(()) };
    let Some(driver) = driver_of(&place.local, &kind).await? else {
        tracing::warn!(object = %on, driver = %kind, "its driver is not loaded; what it publishes stays, noted");
        return Ok(());
    };
    let Some(external) = driver.external() else { return Ok(()) };
    let notes = SiteNotes { site: &place.local.site, driver: &kind };
    let left = of.read(|known| known.remains(&kind, on));
    match external.revoke(&notes, &left).await {
        Ok(()) => Ok(()),
        Err(RemoveError::Ignored(error)) => {
            tracing::warn!(object = %on, %error, "the driver reports a failure and counts it as taken back");
            Ok(())
        }
        Err(RemoveError::Retry(error)) => Err(Error::new(
            ErrorKind::Unavailable,
            format!("what {on} publishes is not taken back yet: {error}"),
        )
        .with_source(error)),
    }
}
