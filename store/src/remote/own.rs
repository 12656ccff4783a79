//! What a remote store keeps for itself.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::ClientId;
use crate::{Entry, Error, Identity, Key, Kind, Prefix, Result};

/// Under `meta/store`: which store it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct IdentityRecord {
    #[serde(flatten)]
    pub(super) identity: Identity,
    /// Somebody has found that the store went back in time; nobody writes until a person has accepted it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) suspect: bool,
}

impl IdentityRecord {
    pub(super) fn read(entry: &Entry) -> Result<Self> {
        let record: Self = serde_json::from_slice(&entry.value).map_err(|error| {
            Error::new(Kind::Corrupt, "the identity of the store cannot be read").with_source(error)
        })?;
        if record.identity.schema > Identity::SCHEMA {
            return Err(Error::new(
                Kind::Replaced,
                format!(
                    "the store has layout {} of its keys, and this version knows layouts up to {}; use a newer \
                     version",
                    record.identity.schema,
                    Identity::SCHEMA
                ),
            ));
        }
        Ok(record)
    }

    pub(super) fn to_bytes(&self) -> Bytes {
        serde_json::to_vec(self).expect("an identity has no keys but texts").into()
    }
}

/// Under each slot of a client, and as the record of its run: who wrote last, and in which operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SlotRecord {
    /// A name that the client gives itself at each start.
    pub(super) run: ClientId,
    /// A number that the run gives once. 0: none but the making of the slot.
    pub(super) operation: u64,
}

impl SlotRecord {
    pub(super) fn read(entry: &Entry) -> Result<Self> {
        serde_json::from_slice(&entry.value).map_err(|error| {
            Error::new(Kind::Corrupt, format!("the slot {} cannot be read", entry.key)).with_source(error)
        })
    }

    pub(super) fn to_bytes(&self) -> Bytes {
        serde_json::to_vec(self).expect("a slot has no keys but texts").into()
    }
}

fn own(text: &str) -> Key {
    Key::parse(text).expect("the store's own keys are short and plain")
}

/// Where the identity is.
pub(super) fn identity_key() -> Key {
    own("meta/store")
}

/// Where a client says which of its runs is the present one.
pub(super) fn run_key(client: ClientId) -> Key {
    own(&format!("slots/{client}/run"))
}

/// Where the slot of this number is.
pub(super) fn slot_key(client: ClientId, number: usize) -> Key {
    own(&format!("slots/{client}/{number}"))
}

/// Where all slots of a client are, and its run.
pub(super) fn slots_prefix(client: ClientId) -> Prefix {
    Prefix::parse(&format!("slots/{client}")).expect("the store's own prefixes are short and plain")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Revision;

    fn entry(value: &str) -> Entry {
        let value = Bytes::copy_from_slice(value.as_bytes());
        Entry { key: identity_key(), value, revision: Revision::new(1), lease: None }
    }

    #[test]
    fn an_identity_comes_back_and_a_newer_layout_is_refused() {
        let record = IdentityRecord { identity: Identity::fresh(), suspect: false };
        let text = String::from_utf8(record.to_bytes().to_vec()).unwrap();
        assert!(!text.contains("suspect"), "{text}");
        assert_eq!(IdentityRecord::read(&entry(&text)).unwrap(), record);
        let newer = text.replace("\"schema\":1", "\"schema\":2");
        assert_eq!(IdentityRecord::read(&entry(&newer)).unwrap_err().kind(), Kind::Replaced);
        assert_eq!(IdentityRecord::read(&entry("{")).unwrap_err().kind(), Kind::Corrupt);
    }

    #[test]
    fn a_slot_comes_back() {
        let record = SlotRecord { run: ClientId::random(), operation: 7 };
        let text = String::from_utf8(record.to_bytes().to_vec()).unwrap();
        assert_eq!(SlotRecord::read(&entry(&text)).unwrap(), record);
        assert!(slots_prefix(record.run).contains(&slot_key(record.run, 3)));
        assert!(slots_prefix(record.run).contains(&run_key(record.run)));
    }
}
