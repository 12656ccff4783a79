//! What a host knows of itself.

use netkeep_store::datastore::{Local, Record, RecordId};
use netkeep_store::{Identity, Revision, Segment};
use serde::{Deserialize, Serialize};

use crate::value::is_default;
use crate::{BootId, ClientId, HostId, Incarnation, Timestamp};

/// What this host knows of itself, at `meta/host` in the local store.
///
/// Each start sets the incarnation above both this one and that of its [`Host`](super::Host); in a local store
/// every lower incarnation is dead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThisHost {
    /// The host.
    pub host: HostId,
    /// The start of the daemon that runs now, or ran last.
    pub incarnation: Incarnation,
    /// The boot in which that was.
    pub boot: BootId,
    /// What it calls itself towards the global store.
    pub client: ClientId,
    /// The global store that it worked with last.
    #[serde(default, skip_serializing_if = "is_default")]
    pub global: Option<KnownStore>,
}

impl Record for ThisHost {
    type Home = Local;
    type Id = ThisHostKey;
    const KIND: &'static str = "this-host";
    const VERSION: u32 = 1;
    const ROOT: &'static str = "meta";
}

/// What a host remembers of a store, so that it notices when the store was restored or exchanged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownStore {
    /// Which store it is.
    pub identity: Identity,
    /// The newest revision of one of this host's outcome slots that it knows of.
    pub slot: Revision,
    /// When it was that.
    pub at: Timestamp,
}

/// The place of [`ThisHost`]; there is one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ThisHostKey;

impl RecordId for ThisHostKey {
    fn segments(&self) -> Vec<Segment> {
        vec![Segment::escape("host")]
    }

    fn from_segments(segments: &[Segment]) -> Option<Self> {
        match segments {
            [name] if name.as_str() == "host" => Some(Self),
            _ => None,
        }
    }
}
