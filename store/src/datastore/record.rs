//! What can be kept.

use std::fmt;
use std::hash::Hash;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Home;
use crate::{Key, Prefix, Result, Segment};

/// A typed value with a kind, a version and a place of its own.
///
/// A record knows neither its id, which is in its key, nor its revision: reading yields a
/// [`Versioned`](super::Versioned), and only that lets you change it.
pub trait Record:
    Serialize + DeserializeOwned + Clone + fmt::Debug + PartialEq + Send + Sync + 'static
{
    /// The store that it lives in.
    type Home: Home;
    /// Its place below [`Record::ROOT`].
    type Id: RecordId;
    /// What it is called in its stored form.
    const KIND: &'static str;
    /// The version of its stored form; raised by a change that older hosts must not ignore.
    const VERSION: u32;
    /// The first segment of its keys.
    const ROOT: &'static str;

    /// The key of the record with this id.
    ///
    /// # Errors
    ///
    /// [`Kind::Invalid`](crate::Kind::Invalid) if the key is longer than 512 bytes.
    fn key(id: &Self::Id) -> Result<Key> {
        let mut segments = vec![Segment::escape(Self::ROOT)];
        segments.extend(id.segments());
        Key::of(&segments)
    }

    /// The id in a key; `None` if no record of this type can have that key.
    fn id(key: &Key) -> Option<Self::Id> {
        let rest = key.as_str().strip_prefix(Self::ROOT)?.strip_prefix('/')?;
        let segments: Vec<Segment> = rest.split('/').map(Segment::from_checked).collect();
        Self::Id::from_segments(&segments)
    }

    /// The directory below which all records of this type lie.
    fn root() -> Prefix {
        Prefix::from_checked(Self::ROOT)
    }
}

/// The typed place of a record.
pub trait RecordId: Clone + Ord + Hash + fmt::Debug + Send + Sync + 'static {
    /// The segments of the key below the root.
    fn segments(&self) -> Vec<Segment>;

    /// The id with these segments: the strict inverse of [`RecordId::segments`], `None` for all others.
    fn from_segments(segments: &[Segment]) -> Option<Self>;
}
