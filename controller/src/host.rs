//! This host and this run.

use std::sync::Arc;

use netkeep_model::{BootId, ClientId, HostId, Incarnation, ThisHost, ThisHostKey};
use netkeep_store::Kind;
use netkeep_store::datastore::{LocalDatastore, Record, Records, Transaction, Versioned};

use crate::{Error, ErrorKind, Result};

/// Where the kernel says which boot this is.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// How often a run is begun of which the store does not say whether it was.
const BEGINNINGS: u32 = 4;

/// What was there when a run began.
#[derive(Debug, Default)]
pub(crate) struct Before {
    /// True if the run before was in another boot of this host.
    pub(crate) rebooted: bool,
    /// Why the record of this host could not be read, if that is so.
    pub(crate) unreadable: Option<String>,
}

/// Begins a run: writes the next incarnation. Returns the record, and what was there before.
pub(crate) async fn begin_run(
    local: &Arc<dyn LocalDatastore>,
    boot: BootId,
) -> Result<(Versioned<ThisHost>, Before)> {
    let mut before = Before::default();
    for _ in 1..BEGINNINGS {
        match begin(local, &boot, &mut before).await {
            // The run that may have begun is over with the next one.
            Err(error) if error.kind() == ErrorKind::Unknown => {
                tracing::warn!(%error, "a run begins anew");
            }
            answer => return Ok((answer?, before)),
        }
    }
    Ok((begin(local, &boot, &mut before).await?, before))
}

async fn begin(
    local: &Arc<dyn LocalDatastore>,
    boot: &BootId,
    found: &mut Before,
) -> Result<Versioned<ThisHost>> {
    let key = ThisHost::key(&ThisHostKey)?;
    if let Some(entry) = local.store().get(&key).await?
        && let Err(error) = Versioned::<ThisHost>::read(&entry)
    {
        // Without it nothing can be written; a new host is better than no boot.
        found.unreadable = Some(error.to_string());
        let mut transaction = Transaction::new();
        transaction.delete_raw(&key, entry.revision)?;
        local.commit(transaction).await?;
    }
    let written = local
        .update::<ThisHost>(&ThisHostKey, crate::operation::ATTEMPTS, |before| {
            let next = match before {
                Some(before) => {
                    // Not taken back: a beginning whose answer was lost may have written this boot.
                    found.rebooted |= before.boot != *boot;
                    ThisHost { incarnation: before.incarnation.next(), boot: boot.clone(), ..before.clone() }
                }
                None => ThisHost {
                    host: HostId::generate(),
                    incarnation: Incarnation::ZERO.next(),
                    boot: boot.clone(),
                    client: ClientId::generate(),
                    global: None,
                },
            };
            Ok(Some(next))
        })
        .await
        .map_err(|error| match error.kind() {
            Kind::Conflict => {
                Error::new(ErrorKind::Unavailable, "another controller starts on the same store")
                    .with_source(error)
            }
            _ => error.into(),
        })?;
    written.ok_or_else(|| Error::internal("the record of this host was not written"))
}

/// Which boot of this host it is.
///
/// # Errors
///
/// [`ErrorKind::Unavailable`] if the kernel does not say.
pub(crate) fn this_boot() -> Result<BootId> {
    let text = std::fs::read_to_string(BOOT_ID).map_err(|error| {
        Error::new(ErrorKind::Unavailable, format!("{BOOT_ID} cannot be read: {error}")).with_source(error)
    })?;
    Ok(BootId::new(text.trim())?)
}
