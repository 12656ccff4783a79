//! What this host was told to make.

use std::collections::BTreeMap;

use netkeep_store::Segment;
use netkeep_store::datastore::{Local, Record, RecordId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::value::is_default;
use crate::{BootId, DriverKind, Incarnation, Object, ObjectKind, Scope, Timestamp};

/// What this host was told to make, with the notes of those who made it, at `realized/<kind>/<id>`.
///
/// It is written before the first side effect, so that what was made can be undone after the object's own record
/// is gone, and by whom: `driver` says whom to ask.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Realized {
    /// The driver that was told to.
    pub driver: DriverKind,
    /// The store in which the object's own record is, or was.
    pub scope: Scope,
    /// The boot in which it was told; what a kernel held is gone in another.
    pub boot: BootId,
    /// The start of the daemon that told it.
    pub incarnation: Incarnation,
    /// When.
    pub since: Timestamp,
    /// What it was told: the object as it was then.
    #[serde(default, skip_serializing_if = "is_default")]
    pub told: Value,
    /// The notes, by driver and name.
    #[serde(default, skip_serializing_if = "is_default")]
    pub notes: BTreeMap<DriverKind, BTreeMap<Segment, Value>>,
}

impl Record for Realized {
    type Home = Local;
    type Id = RealizedKey;
    const KIND: &'static str = "realized";
    const VERSION: u32 = 1;
    const ROOT: &'static str = "realized";
}

/// The place of a [`Realized`]: the kind of the object, then its ids in key form with hyphens between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RealizedKey(pub Object);

impl RecordId for RealizedKey {
    fn segments(&self) -> Vec<Segment> {
        let ids: Vec<String> = self.0.segments().iter().map(|id| id.as_str().to_owned()).collect();
        vec![Segment::escape(self.0.kind().as_str()), Segment::escape(&ids.join("-"))]
    }

    fn from_segments(segments: &[Segment]) -> Option<Self> {
        let [kind, ids] = segments else { return None };
        let kind = ObjectKind::ALL.into_iter().find(|known| known.as_str() == kind.as_str())?;
        let ids: Vec<Segment> = ids.as_str().split('-').map(Segment::escape).collect();
        let object = Object::from_segments(&ids)?;
        (object.kind() == kind).then_some(Self(object))
    }
}
