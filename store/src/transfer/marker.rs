//! The mark of a store that a transfer has not finished with.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{Entry, Error, Key, Kind, Result};

/// Where the mark is.
pub(super) fn key() -> Key {
    Key::parse("meta/transfer").expect("the key is short and plain")
}

/// Where the content of an unfinished transfer comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Marker {
    pub(super) from: String,
}

impl Marker {
    pub(super) fn to_bytes(&self) -> Bytes {
        serde_json::to_vec(self).expect("a marker has no keys but texts").into()
    }

    pub(super) fn read(entry: &Entry) -> Result<Self> {
        serde_json::from_slice(&entry.value).map_err(|error| {
            Error::new(Kind::Corrupt, format!("{} of the target cannot be read", key())).with_source(error)
        })
    }
}
