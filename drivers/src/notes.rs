//! What this host was told to make.

use std::collections::BTreeMap;

use async_trait::async_trait;
use netkeep_model::Object;
use netkeep_store::Segment;

use crate::{PlannedRecord, Result};

/// A driver's notes on one object.
pub type Notes = BTreeMap<Segment, serde_json::Value>;

/// Notes of this host: kept in the local store, so that what was made can be undone after its record is gone.
#[async_trait]
pub trait HostNotes: Send + Sync {
    /// Keeps a note; durable when it returns. Note **before** the side effect. States and remains carry the
    /// notes back.
    ///
    /// Cancellation: the note may be kept all the same.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) if the local store cannot keep it: then the
    /// side effect must not happen.
    async fn note(&self, on: &Object, name: &Segment, value: serde_json::Value) -> Result<()>;
}

/// What is left of an object on this host. Its records may be gone.
#[derive(Clone, Debug, PartialEq)]
pub struct Remains {
    /// What it was.
    pub on: Object,
    /// The driver's notes on it.
    pub notes: Notes,
    /// The driver's records on it, if there still are any.
    pub records: Vec<PlannedRecord>,
}
