//! Names of entries.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Error, Limits, Prefix, Result, Segment};

/// The name of one entry: segments joined by `/`, 1 to 512 bytes in all, without a slash at either end.
///
/// Keys order by their bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Key(Arc<str>);

impl Key {
    /// Takes a key in its written form.
    ///
    /// # Errors
    ///
    /// [`Kind::Invalid`](crate::Kind::Invalid) if `text` is empty, longer than 512 bytes, or has a part that is
    /// no [`Segment`].
    pub fn parse(text: &str) -> Result<Self> {
        if text.is_empty() || text.len() > Limits::PORTABLE.key_bytes {
            return Err(Error::invalid(format!(
                "key {text:?} has {} bytes; a key has 1 to {}",
                text.len(),
                Limits::PORTABLE.key_bytes
            )));
        }
        for part in text.split('/') {
            Segment::check(part)?;
        }
        Ok(Self(text.into()))
    }

    /// The key made of these segments.
    ///
    /// # Errors
    ///
    /// [`Kind::Invalid`](crate::Kind::Invalid) if there is no segment, or if the key is longer than 512 bytes.
    pub fn of<'a>(segments: impl IntoIterator<Item = &'a Segment>) -> Result<Self> {
        let mut text = String::new();
        for segment in segments {
            if !text.is_empty() {
                text.push('/');
            }
            text.push_str(segment.as_str());
        }
        if text.is_empty() || text.len() > Limits::PORTABLE.key_bytes {
            return Err(Error::invalid(format!(
                "key {text:?} has {} bytes; a key has 1 to {}",
                text.len(),
                Limits::PORTABLE.key_bytes
            )));
        }
        Ok(Self(text.into()))
    }

    /// The written form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The segments, first to last.
    pub fn segments(&self) -> impl DoubleEndedIterator<Item = Segment> + '_ {
        self.0.split('/').map(Segment::from_checked)
    }

    /// The directory of this key: all but its last segment.
    pub fn directory(&self) -> Prefix {
        match self.0.rsplit_once('/') {
            Some((directory, _)) => Prefix::from_checked(directory),
            None => Prefix::root(),
        }
    }

    pub(crate) fn from_checked(text: &str) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl std::str::FromStr for Key {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Key {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        Self::parse(&text)
    }
}

impl From<Key> for String {
    fn from(key: Key) -> Self {
        key.0.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::Key;

    #[test]
    fn a_key_is_one_to_512_bytes_of_segments() {
        assert!(Key::parse("a").is_ok());
        assert!(Key::parse(&"a".repeat(512)).is_ok());
        for bad in ["", "/a", "a/", "a//b", "a/../b", "a b", &"a".repeat(513)] {
            assert!(Key::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_directory_is_all_but_the_last_segment() {
        assert_eq!(Key::parse("a/b/c").unwrap().directory().as_str(), "a/b");
        assert_eq!(Key::parse("a").unwrap().directory().as_str(), "");
    }
}
