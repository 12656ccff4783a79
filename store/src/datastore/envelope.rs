//! The stored form.

use std::io;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Levels, Record, Unknown};
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

/// What is written of a record.
#[derive(Serialize)]
struct Written<'a, R> {
    kind: &'a str,
    version: u32,
    record: &'a R,
}

/// What is read of a record that this host could have written.
#[derive(Deserialize)]
struct Read<'a, R> {
    kind: &'a str,
    version: u32,
    record: R,
}

pub(super) fn encode<T: Record>(record: &T, unknown: Option<&Unknown>) -> Result<Bytes> {
    let Some(unknown) = unknown else { return written::<T>(record) };
    let mut fields = serde_json::to_value(record).map_err(|error| unwritable::<T>(&error))?;
    unknown.put_back(&mut fields);
    written::<T>(&fields)
}

/// The stored form of a `T` with these fields.
fn written<T: Record>(record: &impl Serialize) -> Result<Bytes> {
    let (mut text, mut levels) = (Vec::new(), Levels::default());
    let mut writer = serde_json::Serializer::with_formatter(&mut text, &mut levels);
    Written { kind: T::KIND, version: T::VERSION, record }
        .serialize(&mut writer)
        .map_err(|error| unwritable::<T>(&error))?;
    // The envelope is one.
    if levels.most() > MOST_LEVELS + 1 {
        return Err(Error::invalid(format!(
            "a {} holds JSON of too many levels to be surely read again; {MOST_LEVELS} are the most",
            T::KIND
        )));
    }
    Ok(text.into())
}

fn unwritable<T: Record>(error: &serde_json::Error) -> Error {
    Error::new(Kind::Unexpected, format!("a {} cannot be written as JSON: {error}", T::KIND))
}

pub(super) fn decode<T: Record>(key: &Key, value: &[u8]) -> Result<Decoded<T>> {
    if let Some(record) = own(value) {
        return Ok(Decoded { record, version: T::VERSION, unknown: None });
    }
    let corrupt =
        |why: String| Error::new(Kind::Corrupt, format!("{key} holds no readable {}: {why}", T::KIND));
    let envelope = Envelope::parse(value).map_err(|error| corrupt(error.message().to_owned()))?;
    if envelope.kind != T::KIND {
        return Err(corrupt(format!("it holds a {:?}", envelope.kind)));
    }
    let record = T::deserialize(&envelope.record).map_err(|error| {
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

/// The record, if `value` is to the byte what this host writes of it: then there is nothing in it that is not known,
/// and it need not be looked for.
fn own<T: Record>(value: &[u8]) -> Option<T> {
    let Read { kind, version, record } = serde_json::from_slice::<Read<'_, T>>(value).ok()?;
    let mut rest = Same(value);
    serde_json::to_writer(&mut rest, &Written { kind, version, record: &record }).ok()?;
    (kind == T::KIND && version == T::VERSION && rest.0.is_empty()).then_some(record)
}

/// Takes what it holds and nothing else.
struct Same<'a>(&'a [u8]);

impl io::Write for Same<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.strip_prefix(bytes).ok_or(io::ErrorKind::InvalidData)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
