//! The notes of one host.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use netkeep_drivers::{Error, ErrorKind, HostNotes, Result};
use netkeep_model::Object;
use netkeep_store::Segment;
use serde_json::Value;

use crate::{Fault, Faults, Ledger, Place};

/// Keeps notes in the local ledger of a host. They are durable when `note` returns, and may be so before.
#[derive(Clone, Debug)]
pub struct NoteBook {
    local: Arc<Mutex<Ledger>>,
    faults: Faults,
}

impl NoteBook {
    pub(crate) fn new(local: Arc<Mutex<Ledger>>, faults: Faults) -> Self {
        Self { local, faults }
    }
}

#[async_trait]
impl HostNotes for NoteBook {
    async fn note(&self, on: &Object, name: &Segment, value: Value) -> Result<()> {
        let failed = |_: Fault| Error::new(ErrorKind::Unavailable, "the local store cannot keep the note");
        self.faults.reach(Place::Note, format!("before note {name} on {on}")).await.map_err(failed)?;
        {
            let mut local = self.local.lock().unwrap_or_else(PoisonError::into_inner);
            local.notes.entry(*on).or_default().insert(name.clone(), value);
        }
        self.faults.reach(Place::Note, format!("after note {name} on {on}")).await.map_err(failed)
    }
}
