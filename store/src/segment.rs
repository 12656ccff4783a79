//! One part of a key, between two slashes.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// One part of a [`Key`](crate::Key): any text, escaped so that every store takes it.
///
/// The escape is reversible and canonical: each text has exactly one segment, and each segment stands for
/// exactly one text. Letters and digits of ASCII, the characters `- _ . : @ + ~ = ,` and the characters
/// U+00A0 to U+D7FF and U+F900 to U+FFEF stand for themselves; every other byte becomes `%` and two upper-case
/// hex digits. The empty text is `%`, and the texts `.` and `..` have their first dot escaped, because
/// ZooKeeper refuses such path parts.
///
/// ```
/// # use netkeep_store::Segment;
/// let segment = Segment::escape("vendor/net:latest");
/// assert_eq!(segment.as_str(), "vendor%2Fnet:latest");
/// assert_eq!(segment.text(), "vendor/net:latest");
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Segment(Arc<str>);

impl Segment {
    /// The segment that stands for `text`.
    pub fn escape(text: &str) -> Self {
        Self(escape(text).into())
    }

    /// Takes a segment in its escaped form.
    ///
    /// # Errors
    ///
    /// [`Kind::Invalid`](crate::Kind::Invalid) if `escaped` is not the form that [`Segment::escape`] gives for
    /// some text.
    pub fn parse(escaped: &str) -> Result<Self> {
        Self::check(escaped).map(|()| Self::from_checked(escaped))
    }

    /// The errors of [`parse`](Self::parse). Lists check each segment of each key that a store gives.
    pub(crate) fn check(escaped: &str) -> Result<()> {
        if is_plain(escaped) {
            return Ok(());
        }
        match unescape(escaped) {
            Some(text) if escape(&text) == escaped => Ok(()),
            _ => Err(Error::invalid(format!(
                "key segment {escaped:?} is not in canonical escaped form; escape the text with Segment::escape"
            ))),
        }
    }

    pub(crate) fn from_checked(escaped: &str) -> Self {
        Self(escaped.into())
    }

    /// The escaped form, as it stands in a key.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text that the segment stands for.
    pub fn text(&self) -> String {
        unescape(&self.0).expect("a segment holds only what escape made or parse checked")
    }
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl TryFrom<String> for Segment {
    type Error = Error;

    fn try_from(escaped: String) -> Result<Self> {
        Self::parse(&escaped)
    }
}

impl From<Segment> for String {
    fn from(segment: Segment) -> Self {
        segment.0.to_string()
    }
}

fn stands_for_itself(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || "-_.:@+~=,".contains(c)
        || ('\u{A0}'..='\u{D7FF}').contains(&c)
        || ('\u{F900}'..='\u{FFEF}').contains(&c)
}

/// True only if the text is its own escaped form. Most are, and this asks the least of a processor.
fn is_plain(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:@+~=,".contains(&byte);
    !matches!(text, "" | "." | "..") && text.bytes().all(plain)
}

fn escape(text: &str) -> String {
    if text.is_empty() {
        return "%".into();
    }
    let mut escaped = String::with_capacity(text.len());
    let mut rest = text;
    if text == "." || text == ".." {
        escaped.push_str("%2E");
        rest = &text[1..];
    }
    for c in rest.chars() {
        if stands_for_itself(c) {
            escaped.push(c);
        } else {
            for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                escaped.push('%');
                escaped.push(char::from(b"0123456789ABCDEF"[usize::from(byte >> 4)]));
                escaped.push(char::from(b"0123456789ABCDEF"[usize::from(byte & 15)]));
            }
        }
    }
    escaped
}

fn unescape(escaped: &str) -> Option<String> {
    if escaped == "%" {
        return Some(String::new());
    }
    let mut text = Vec::with_capacity(escaped.len());
    let mut bytes = escaped.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let high = char::from(bytes.next()?).to_digit(16)?;
            let low = char::from(bytes.next()?).to_digit(16)?;
            text.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            text.push(byte);
        }
    }
    String::from_utf8(text).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Segment;

    proptest! {
        #[test]
        fn any_text_survives_the_escape(text in any::<String>()) {
            let segment = Segment::escape(&text);
            prop_assert_eq!(segment.text(), text);
            prop_assert_eq!(Segment::parse(segment.as_str()).unwrap(), segment);
        }

        #[test]
        fn what_is_plain_is_its_own_escape(text in "[aZ0%/.,:~ ]{0,4}") {
            prop_assert_eq!(super::is_plain(&text), super::escape(&text) == text);
        }

        #[test]
        fn what_parses_is_canonical(escaped in "[a%/.2EeF é]{0,6}") {
            if let Ok(segment) = Segment::parse(&escaped) {
                let again = Segment::escape(&segment.text());
                prop_assert_eq!(again.as_str(), escaped.as_str());
            }
        }
    }

    #[test]
    fn no_segment_holds_a_slash_a_control_or_a_dot_path() {
        for text in
            ["", ".", "..", "a/b", "a\u{0}b", "\u{7f}", "\u{1F600}", "\u{E000}", "10.0.0.0/8", "fe80::/64"]
        {
            let escaped = Segment::escape(text).as_str().to_owned();
            assert!(
                !escaped.contains('/') && !escaped.is_empty() && escaped != "." && escaped != "..",
                "{escaped}"
            );
            assert!(!escaped.chars().any(char::is_control), "{escaped:?}");
        }
    }

    #[test]
    fn other_spellings_are_refused() {
        for escaped in ["%2f", "%41", "a/b", "%4", "%zz", "%FF", "", "%00%", "."] {
            assert!(Segment::parse(escaped).is_err(), "{escaped}");
        }
    }
}
