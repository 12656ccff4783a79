//! The stored form.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Record;
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

/// A record as it was read, with what this host does not know of it.
pub(super) struct Decoded<T> {
    pub(super) record: T,
    pub(super) version: u32,
    pub(super) unknown: Option<Value>,
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

pub(super) fn encode<T: Record>(record: &T, unknown: Option<&Value>) -> Result<Bytes> {
    let mut fields = serde_json::to_value(record).map_err(|error| {
        Error::new(Kind::Unexpected, format!("a {} cannot be written as JSON: {error}", T::KIND))
    })?;
    if let Some(unknown) = unknown {
        add_missing(&mut fields, unknown);
    }
    let envelope = Envelope { kind: T::KIND.to_owned(), version: T::VERSION, record: fields };
    let text = serde_json::to_vec(&envelope).map_err(|error| {
        Error::new(Kind::Unexpected, format!("a {} cannot be written as JSON: {error}", T::KIND))
    })?;
    Ok(text.into())
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
    let unknown = missing_from(&known, &envelope.record);
    Ok(Decoded { record, version: envelope.version, unknown })
}

/// The fields of `stored` that are not in `known`, at any depth of objects.
fn missing_from(known: &Value, stored: &Value) -> Option<Value> {
    let (Value::Object(known), Value::Object(stored)) = (known, stored) else { return None };
    let mut unknown = Map::new();
    for (name, value) in stored {
        let rest = match known.get(name) {
            None => Some(value.clone()),
            Some(known) => missing_from(known, value),
        };
        if let Some(rest) = rest {
            unknown.insert(name.clone(), rest);
        }
    }
    (!unknown.is_empty()).then_some(Value::Object(unknown))
}

/// Adds what is in `unknown` and not yet in `fields`.
fn add_missing(fields: &mut Value, unknown: &Value) {
    let (Value::Object(fields), Value::Object(unknown)) = (fields, unknown) else { return };
    for (name, value) in unknown {
        match fields.get_mut(name) {
            None => {
                fields.insert(name.clone(), value.clone());
            }
            Some(field) => add_missing(field, value),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_not_known_is_found_and_put_back_at_any_depth() {
        let stored = json!({"a": 1, "new": {"x": 1}, "inner": {"b": 2, "later": [1]}});
        let known = json!({"a": 1, "inner": {"b": 2}});
        let unknown = missing_from(&known, &stored).unwrap();
        assert_eq!(unknown, json!({"new": {"x": 1}, "inner": {"later": [1]}}));

        let mut changed = json!({"a": 5, "inner": {"b": 3}});
        add_missing(&mut changed, &unknown);
        assert_eq!(changed, json!({"a": 5, "new": {"x": 1}, "inner": {"b": 3, "later": [1]}}));
        assert_eq!(missing_from(&stored, &stored), None);
    }
}
