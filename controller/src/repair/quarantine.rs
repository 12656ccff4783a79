//! Records that cannot be read.

use netkeep_model::Scope;
use netkeep_store::{Key, Revision, Txn};
use serde::{Deserialize, Serialize};

use crate::sides::Sides;
use crate::{Error, ErrorKind, Result};

/// A record that cannot be read. It stays where it is, in nobody's way, until a person takes it out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuarantinedRecord {
    /// The store.
    pub scope: Scope,
    /// Where it is.
    pub key: Key,
    /// The commit that wrote it.
    pub revision: u64,
    /// What is wrong with it.
    pub reason: String,
    /// How many bytes it has.
    pub bytes: usize,
    /// What stands there, two hexadecimal digits a byte.
    pub value: String,
}

/// All of them that are known of.
pub(crate) async fn quarantined(sides: &Sides) -> Result<Vec<QuarantinedRecord>> {
    let mut records = Vec::new();
    for inner in sides.known() {
        let site = &inner.site;
        let unreadable: Vec<_> = site.replica.read().tables.unreadable.values().cloned().collect();
        for found in unreadable {
            // It may have gone, or have been mended, meanwhile.
            let Some(entry) = site.store().get(&found.key).await? else { continue };
            if entry.revision == found.revision {
                records.push(QuarantinedRecord {
                    scope: site.scope,
                    key: found.key,
                    revision: entry.revision.get(),
                    reason: found.reason,
                    bytes: entry.value.len(),
                    value: entry.value.iter().map(|byte| format!("{byte:02x}")).collect(),
                });
            }
        }
    }
    Ok(records)
}

/// Takes one out of its store.
///
/// # Errors
///
/// [`ErrorKind::NotFound`] if nothing unreadable stands there, as this commit has left it;
/// [`ErrorKind::Unavailable`] if the store cannot be had.
pub(crate) async fn take_out(sides: &Sides, scope: Scope, key: Key, revision: u64) -> Result<()> {
    let inner = match (scope, &sides.global) {
        (Scope::Global, Some(side)) => side.open()?,
        (Scope::Local, _) => std::sync::Arc::clone(&sides.local),
        (Scope::Global, None) => return Err(Error::invalid("scope: this host has no global store")),
    };
    let site = &inner.site;
    let known = site.replica.read().tables.unreadable.get(&key).map(|found| found.revision.get());
    if known != Some(revision) {
        return Err(Error::not_found(format!(
            "key: no unreadable record of revision {revision} stands at {key}; list them again"
        )));
    }
    let txn = Txn::new().unchanged(key.clone(), Revision::new(revision)).delete(key.clone());
    match site.commit_anything(&txn).await {
        Err(error) if error.kind() == ErrorKind::Conflict => {
            Err(Error::new(ErrorKind::Conflict, format!("{key} has changed meanwhile; list them again"))
                .with_source(error))
        }
        outcome => outcome.map(drop),
    }
}
