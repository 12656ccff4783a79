//! Notes that are not what they seem.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use netkeep_drivers::{HostNotes, Result};
use netkeep_model::Object;
use netkeep_store::Segment;
use serde_json::Value;

use super::Flaw;

/// Notes of a driver with a flaw.
pub(super) struct BentNotes<'a> {
    inner: &'a dyn HostNotes,
    flaw: Flaw,
    late: Mutex<Vec<(Object, Segment, Value)>>,
}

impl<'a> BentNotes<'a> {
    pub(super) fn new(inner: &'a dyn HostNotes, flaw: Flaw) -> Self {
        Self { inner, flaw, late: Mutex::default() }
    }

    /// Keeps what was held back.
    pub(super) async fn finish(self) -> Result<()> {
        let late = self.late.into_inner().unwrap_or_else(PoisonError::into_inner);
        for (on, name, value) in late {
            self.inner.note(&on, &name, value).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl HostNotes for BentNotes<'_> {
    async fn note(&self, on: &Object, name: &Segment, value: Value) -> Result<()> {
        match self.flaw {
            Flaw::NotesLate => {
                let mut late = self.late.lock().unwrap_or_else(PoisonError::into_inner);
                late.push((*on, name.clone(), value));
                Ok(())
            }
            Flaw::GoesOnWithoutNotes => {
                let _ = self.inner.note(on, name, value).await;
                Ok(())
            }
            // What is given back is remembered.
            Flaw::RemembersPorts if value.is_null() => Ok(()),
            _ => self.inner.note(on, name, value).await,
        }
    }
}
