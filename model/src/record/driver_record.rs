//! Drivers' own records.

use netkeep_store::Segment;
use netkeep_store::datastore::{Either, Record, RecordId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{DriverKind, Object};

/// A record of a driver's own, at `drivers/<driver>/<network>[/<endpoint>[/<sandbox>]]/<name>`.
///
/// It hangs on its object and goes in the same commit, even where the driver is not loaded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DriverRecord {
    /// What only the driver understands.
    pub value: Value,
}

impl Record for DriverRecord {
    type Home = Either;
    type Id = DriverRecordKey;
    const KIND: &'static str = "driver-record";
    const VERSION: u32 = 1;
    const ROOT: &'static str = "drivers";
}

/// The place of a [`DriverRecord`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DriverRecordKey {
    /// The driver.
    pub driver: DriverKind,
    /// What it hangs on.
    pub on: Object,
    /// What the driver calls it there.
    pub name: Segment,
}

impl RecordId for DriverRecordKey {
    fn segments(&self) -> Vec<Segment> {
        let mut segments = vec![self.driver.segment()];
        segments.extend(self.on.segments());
        segments.push(self.name.clone());
        segments
    }

    fn from_segments(segments: &[Segment]) -> Option<Self> {
        let [driver, ids @ .., name] = segments else { return None };
        Some(Self {
            driver: DriverKind::from_segment(driver)?,
            on: Object::from_segments(ids)?,
            name: name.clone(),
        })
    }
}
