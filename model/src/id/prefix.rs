//! Ids that people shorten.

use std::fmt;
use std::str::FromStr;

use super::TypedId;
use crate::{Error, Result};

/// The beginning of the text form of an id: 1 to 32 hex digits.
///
/// Upper-case digits are taken as lower-case ones.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct IdPrefix(String);

impl IdPrefix {
    /// Whether the text form of `id` begins with this.
    pub fn fits(&self, id: impl TypedId) -> bool {
        id.id().text_form().starts_with(&self.0)
    }

    /// The one id among `ids` that begins with this; `None` if no one does.
    ///
    /// The same id given twice counts once.
    ///
    /// # Errors
    ///
    /// [`Error::AmbiguousId`] if it fits several.
    pub fn unique<I: TypedId>(&self, ids: impl IntoIterator<Item = I>) -> Result<Option<I>> {
        const SHOWN: usize = 8;
        let mut found: Vec<I> = Vec::new();
        for id in ids {
            if self.fits(id) && !found.contains(&id) {
                found.push(id);
                if found.len() == SHOWN {
                    break;
                }
            }
        }
        match found.as_slice() {
            [] => Ok(None),
            [id] => Ok(Some(*id)),
            several => Err(Error::AmbiguousId {
                prefix: self.0.clone(),
                fits: several.iter().map(ToString::to_string).collect(),
            }),
        }
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for IdPrefix {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if (1..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit()) {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(Error::invalid("id", text, "an id, or the beginning of one, has 1 to 32 hex digits"))
        }
    }
}

impl fmt::Display for IdPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for IdPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}
