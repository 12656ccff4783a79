//! Parts of the tree of keys.

use std::fmt;
use std::sync::Arc;

use crate::{Error, Key, Limits, Result, Segment};

/// A part of the tree of keys: every key below one directory, or the whole tree.
///
/// A prefix ends between segments: `a/b` holds `a/b/c` and `a/b/c/d`, and neither `a/b` nor `a/bc`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix(Arc<str>);

impl Prefix {
    /// The whole tree.
    pub fn root() -> Self {
        Self("".into())
    }

    /// Takes a prefix in its written form: segments joined by `/`, or nothing for the whole tree.
    ///
    /// # Errors
    ///
    /// [`Kind::Invalid`](crate::Kind::Invalid) if `text` is longer than 510 bytes or has a part that is no
    /// [`Segment`].
    pub fn parse(text: &str) -> Result<Self> {
        if text.is_empty() {
            return Ok(Self::root());
        }
        if text.len() + 2 > Limits::PORTABLE.key_bytes {
            return Err(Error::invalid(format!(
                "prefix {text:?} has {} bytes, and no key fits below it; a prefix has at most {}",
                text.len(),
                Limits::PORTABLE.key_bytes - 2
            )));
        }
        Ok(Self(Key::parse(text)?.as_str().into()))
    }

    /// The prefix made of these segments.
    ///
    /// # Errors
    ///
    /// As [`Prefix::parse`].
    pub fn of<'a>(segments: impl IntoIterator<Item = &'a Segment>) -> Result<Self> {
        let parts: Vec<&str> = segments.into_iter().map(Segment::as_str).collect();
        Self::parse(&parts.join("/"))
    }

    /// The written form, empty for the whole tree.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True for the whole tree.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// True if `key` lies below this prefix.
    pub fn contains(&self, key: &Key) -> bool {
        self.is_root() || key.as_str().strip_prefix(&*self.0).is_some_and(|rest| rest.starts_with('/'))
    }

    /// The key at `rest` below this prefix.
    ///
    /// # Errors
    ///
    /// [`Kind::Invalid`](crate::Kind::Invalid) if the key is longer than 512 bytes.
    pub fn join(&self, rest: &Key) -> Result<Key> {
        if self.is_root() {
            return Ok(rest.clone());
        }
        let text = format!("{}/{}", self.0, rest.as_str());
        if text.len() > Limits::PORTABLE.key_bytes {
            return Err(Error::invalid(format!(
                "key {text:?} has {} bytes; a key has at most {}",
                text.len(),
                Limits::PORTABLE.key_bytes
            )));
        }
        Ok(Key::from_checked(&text))
    }

    /// The prefix at `rest` below this one.
    ///
    /// # Errors
    ///
    /// As [`Prefix::parse`].
    pub fn join_prefix(&self, rest: &Prefix) -> Result<Prefix> {
        match (self.is_root(), rest.is_root()) {
            (true, _) => Ok(rest.clone()),
            (_, true) => Ok(self.clone()),
            _ => Prefix::parse(&format!("{}/{}", self.0, rest.0)),
        }
    }

    /// What remains of `key` below this prefix; `None` if it does not lie below it.
    pub fn strip(&self, key: &Key) -> Option<Key> {
        if self.is_root() {
            return Some(key.clone());
        }
        let rest = key.as_str().strip_prefix(&*self.0)?.strip_prefix('/')?;
        Some(Key::from_checked(rest))
    }

    /// The bounds between which all keys below this prefix lie, as bytes: from the first, included, to the
    /// second, excluded. `None` for the whole tree.
    pub fn bounds(&self) -> Option<(String, String)> {
        // '0' is the character after '/'.
        (!self.is_root()).then(|| (format!("{}/", self.0), format!("{}0", self.0)))
    }

    pub(crate) fn from_checked(text: &str) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl std::str::FromStr for Prefix {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::{Key, Prefix};

    #[test]
    fn a_prefix_ends_between_segments() {
        let prefix = Prefix::parse("a/b").unwrap();
        assert!(prefix.contains(&Key::parse("a/b/c").unwrap()));
        for outside in ["a/b", "a/bc", "a/bc/d", "a", "b/a/b/c"] {
            assert!(!prefix.contains(&Key::parse(outside).unwrap()), "{outside}");
        }
        assert!(Prefix::root().contains(&Key::parse("a").unwrap()));
    }

    #[test]
    fn bounds_hold_just_what_is_below() {
        let (from, to) = Prefix::parse("a/b").unwrap().bounds().unwrap();
        for (key, below) in
            [("a/b/~", true), ("a/b/%", true), ("a/b", false), ("a/b.", false), ("a/b0", false)]
        {
            assert_eq!(from.as_str() <= key && key < to.as_str(), below, "{key}");
        }
    }

    #[test]
    fn strip_undoes_join() {
        let prefix = Prefix::parse("a/b").unwrap();
        let rest = Key::parse("c/d").unwrap();
        assert_eq!(prefix.strip(&prefix.join(&rest).unwrap()), Some(rest));
    }
}
