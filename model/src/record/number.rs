//! Numbers that are given.

use netkeep_store::Segment;
use netkeep_store::datastore::{Either, Record, RecordId};
use serde::{Deserialize, Serialize};

use crate::{Class, Owner};

/// One number that is given, such as a VNI, at `numbers/<class>/<number>`: that it exists means that it is taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NumberRecord {
    /// Who holds it.
    pub owner: Owner,
}

impl Record for NumberRecord {
    type Home = Either;
    type Id = NumberKey;
    const KIND: &'static str = "number";
    const VERSION: u32 = 1;
    const ROOT: &'static str = "numbers";
}

/// The place of a [`NumberRecord`]; in the key the number has 16 hex digits, so that keys sort as numbers do.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NumberKey {
    /// The class.
    pub class: Class,
    /// The number.
    pub n: u64,
}

impl RecordId for NumberKey {
    fn segments(&self) -> Vec<Segment> {
        vec![self.class.segment(), Segment::escape(&format!("{:016x}", self.n))]
    }

    fn from_segments(segments: &[Segment]) -> Option<Self> {
        let [class, number] = segments else { return None };
        let key =
            Self { class: Class::from_segment(class)?, n: u64::from_str_radix(number.as_str(), 16).ok()? };
        (key.segments() == segments).then_some(key)
    }
}
