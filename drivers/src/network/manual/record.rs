//! The record on each network and endpoint.

use netkeep_model::{Object, Scope};
use netkeep_store::Segment;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::{Error, ErrorKind, PlannedRecord, Result};

/// What the record is called.
const NAME: &str = "config";

/// What is kept: the options as they were understood, and what was settled.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Kept<C> {
    #[serde(flatten)]
    pub(super) config: C,
    /// The number that it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) allocated_number: Option<u64>,
}

/// The record of an object.
pub(super) fn planned<C: Serialize>(scope: Scope, on: Object, kept: &Kept<C>) -> Result<PlannedRecord> {
    let value = serde_json::to_value(kept).map_err(|error| {
        Error::new(ErrorKind::Internal, format!("record {NAME} of {on} cannot be written: {error}"))
    })?;
    Ok(PlannedRecord { scope, on, name: Segment::escape(NAME), value: Some(value) })
}

/// What is kept in the record among `records`, if it is there.
pub(super) fn read<C: DeserializeOwned>(records: &[PlannedRecord]) -> Result<Option<Kept<C>>> {
    let record = records.iter().find(|record| record.name.as_str() == NAME);
    let Some((on, value)) = record.and_then(|record| Some((record.on, record.value.as_ref()?))) else {
        return Ok(None);
    };
    Kept::deserialize(value).map(Some).map_err(|error| {
        Error::new(ErrorKind::Internal, format!("record {NAME} of {on} cannot be read: {error}"))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::network::manual::options::{EndpointConfig, NetworkConfig};

    fn read_and_written<C: Serialize + DeserializeOwned>(golden: &str) -> (Value, Value) {
        let stored: Value = serde_json::from_str(golden).unwrap();
        let kept: Kept<C> = serde_json::from_value(stored.clone()).unwrap();
        assert_eq!(kept.allocated_number, Some(4097));
        (serde_json::to_value(kept).unwrap(), stored)
    }

    #[test]
    fn the_first_form_of_each_record_is_read_and_written() {
        let golden = include_str!("../../../tests/golden/manual-network-config-1.json");
        let (written, stored) = read_and_written::<NetworkConfig>(golden);
        assert_eq!(written, stored);
        let golden = include_str!("../../../tests/golden/manual-endpoint-config-1.json");
        let (written, stored) = read_and_written::<EndpointConfig>(golden);
        assert_eq!(written, stored);
    }
}
