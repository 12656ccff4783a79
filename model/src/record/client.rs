//! What a host keeps as a client of the global store.

use netkeep_store::Segment;
use netkeep_store::datastore::{Local, Record, RecordId};
use netkeep_store::remote::{ClientId, KnownStore};
use serde::{Deserialize, Serialize};

use crate::value::is_default;

/// What this host is called by the servers of the global store, and what it knows of that store, at `meta/client` in
/// the local store.
///
/// A record of its own, since it is written every few seconds, and every commit to the local store guards
/// [`ThisHost`](super::ThisHost).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreClient {
    /// Its name at the servers, kept across restarts.
    pub client: ClientId,
    /// The store as it was known last.
    #[serde(default, skip_serializing_if = "is_default")]
    pub known: Option<KnownStore>,
}

impl Record for StoreClient {
    type Home = Local;
    type Id = StoreClientKey;
    const KIND: &'static str = "store-client";
    const VERSION: u32 = 1;
    const ROOT: &'static str = "meta";
}

/// The place of [`StoreClient`]; there is one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StoreClientKey;

impl RecordId for StoreClientKey {
    fn segments(&self) -> Vec<Segment> {
        vec![Segment::escape("client")]
    }

    fn from_segments(segments: &[Segment]) -> Option<Self> {
        match segments {
            [name] if name.as_str() == "client" => Some(Self),
            _ => None,
        }
    }
}
