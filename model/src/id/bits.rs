//! The bits of an id and its two written forms.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Error, Result, Timestamp};

/// 128 bits: 48 bits of Unix time in milliseconds, then 80 random bits.
///
/// It has two written forms, both of 32 lower-case hex digits, and this type is the only place that converts
/// between them:
///
/// - the **key form**, time first, for keys: what was made together lies together;
/// - the **text form**, randomness first (20 digits of it, then 12 of time), for people, JSON and the API: its
///   first 12 characters tell two ids apart.
///
/// `Display`, `FromStr` and serde use the text form. Ids order by time, as their key forms do.
///
/// ```
/// # use netkeep_model::Id;
/// let id: Id = "00112233445566778899018bcfe56800".parse()?;
/// assert_eq!(id.key_form(), "018bcfe5680000112233445566778899");
/// assert_eq!(Id::from_key_form(&id.key_form())?, id);
/// # Ok::<(), netkeep_model::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Id(u128);

const RANDOM_BITS: u32 = 80;
const TIME_BITS: u32 = 48;
const RANDOM_MASK: u128 = (1 << RANDOM_BITS) - 1;
const TIME_MASK: u128 = (1 << TIME_BITS) - 1;

impl Id {
    /// A new id of the present time.
    pub fn generate() -> Self {
        Self::new(Timestamp::now(), rand::random())
    }

    /// The id with this time, of which the lower 48 bits count, and these random bits.
    pub fn new(at: Timestamp, random: [u8; 10]) -> Self {
        let random = random.iter().fold(0, |bits, byte| (bits << 8) | u128::from(*byte));
        Self(((u128::from(at.unix_millis()) & TIME_MASK) << RANDOM_BITS) | random)
    }

    /// The id with this key form.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidValue`] unless `text` is 32 lower-case hex digits.
    pub fn from_key_form(text: &str) -> Result<Self> {
        bits(text).map(Self)
    }

    /// The key form: 12 digits of time, then 20 of randomness.
    pub fn key_form(self) -> String {
        format!("{:032x}", self.0)
    }

    /// The text form: 20 digits of randomness, then 12 of time.
    pub fn text_form(self) -> String {
        format!("{:032x}", self.text_bits())
    }

    /// When the id was made, by the clock of the host that made it.
    pub fn time(self) -> Timestamp {
        let millis = self.0 >> RANDOM_BITS;
        Timestamp::from_unix_millis(u64::try_from(millis).unwrap_or(u64::MAX))
    }

    /// The first 12 characters of the text form, which is what lists show.
    pub fn short(self) -> String {
        let mut text = self.text_form();
        text.truncate(12);
        text
    }

    fn text_bits(self) -> u128 {
        ((self.0 & RANDOM_MASK) << TIME_BITS) | (self.0 >> RANDOM_BITS)
    }
}

fn bits(text: &str) -> Result<u128> {
    let strict = text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    match u128::from_str_radix(text, 16) {
        Ok(bits) if strict => Ok(bits),
        _ => Err(Error::invalid("id", text, "an id has 32 lower-case hex digits")),
    }
}

impl FromStr for Id {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let bits = bits(text)?;
        Ok(Self(((bits & TIME_MASK) << RANDOM_BITS) | (bits >> TIME_BITS)))
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text_form())
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text_form())
    }
}

impl TryFrom<String> for Id {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<Id> for String {
    fn from(id: Id) -> Self {
        id.text_form()
    }
}
