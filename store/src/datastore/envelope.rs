//! The stored form.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Record, Unknown};
use crate::{Error, Key, Kind, Result};

/// The JSON around every stored record: `{"kind": …, "version": …, "record": …}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Envelope {
    /// [`Record::KIND`].
    pub kind: String,
    /// [`Record::VERSION`] of the host that wrote it.
    pub version: u32,
    /// The fields.
    pub record: Value,
}

/// How many levels of objects and lists a record may have. A reader of JSON takes 127; the others are for what
/// surrounds a record, here and in the answers of an API.
const MOST_LEVELS: usize = 100;

/// A record as it was read, with what this host does not know of it.
pub(super) struct Decoded<T> {
    pub(super) record: T,
    pub(super) version: u32,
    pub(super) unknown: Option<Unknown>,
}

impl Envelope {
    /// Takes the stored form.
    ///
    /// # Errors
    ///
    /// [`Kind::Corrupt`] if `value` is not such JSON.
    pub fn parse(value: &[u8]) -> Result<Self> {
        serde_json::from_slice(value)
            .map_err(|error| Error::new(Kind::Corrupt, format!("not a stored record: {error}")))
    }
}

pub(super) fn encode<T: Record>(record: &T, unknown: Option<&Unknown>) -> Result<Bytes> {
    let mut fields = serde_json::to_value(record).map_err(|error| {
        Error::new(Kind::Unexpected, format!("a {} cannot be written as JSON: {error}", T::KIND))
    })?;
    if let Some(unknown) = unknown {
        unknown.put_back(&mut fields);
    }
    if levels(&fields) > MOST_LEVELS {
        return Err(Error::invalid(format!(
            "a {} holds JSON of too many levels to be surely read again; {MOST_LEVELS} are the most",
            T::KIND
        )));
    }
    let envelope = Envelope { kind: T::KIND.to_owned(), version: T::VERSION, record: fields };
    let text = serde_json::to_vec(&envelope).map_err(|error| {
        Error::new(Kind::Unexpected, format!("a {} cannot be written as JSON: {error}", T::KIND))
    })?;
    Ok(text.into())
}

/// How deep objects and lists are nested; 0 for any other value.
fn levels(value: &Value) -> usize {
    match value {
        Value::Object(fields) => 1 + fields.values().map(levels).max().unwrap_or(0),
        Value::Array(elements) => 1 + elements.iter().map(levels).max().unwrap_or(0),
        _ => 0,
    }
}

pub(super) fn decode<T: Record>(key: &Key, value: &[u8]) -> Result<Decoded<T>> {
    let corrupt =
        |why: String| Error::new(Kind::Corrupt, format!("{key} holds no readable {}: {why}", T::KIND));
    let envelope = Envelope::parse(value).map_err(|error| corrupt(error.message().to_owned()))?;
    if envelope.kind != T::KIND {
        return Err(corrupt(format!("it holds a {:?}", envelope.kind)));
    }
    let record: T = serde_json::from_value(envelope.record.clone()).map_err(|error| {
        let newer = if envelope.version > T::VERSION {
            format!(" (it has version {}, this host knows {})", envelope.version, T::VERSION)
        } else {
            String::new()
        };
        corrupt(format!("{error}{newer}"))
    })?;
    let known = serde_json::to_value(&record).map_err(|error| corrupt(error.to_string()))?;
    let unknown = Unknown::of(&known, &envelope.record);
    Ok(Decoded { record, version: envelope.version, unknown })
}
