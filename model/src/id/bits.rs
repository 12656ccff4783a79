//! The bits of an id and its two written forms.

use std::fmt;
use std::str::FromStr;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::value::from_text;
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
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id([u8; 16]);

/// How many of its bytes are time; the others are random.
const TIME_BYTES: usize = 6;

impl Id {
    /// A new id of the present time.
    pub fn generate() -> Self {
        Self::new(Timestamp::now(), rand::random())
    }

    /// The id with this time, of which the lower 48 bits count, and these random bits.
    pub fn new(at: Timestamp, random: [u8; 10]) -> Self {
        let [_, _, time @ ..] = at.unix_millis().to_be_bytes();
        let mut bytes = [0; 16];
        bytes[..TIME_BYTES].copy_from_slice(&time);
        bytes[TIME_BYTES..].copy_from_slice(&random);
        Self(bytes)
    }

    /// The id with this key form.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidValue`] unless `text` is 32 lower-case hex digits.
    pub fn from_key_form(text: &str) -> Result<Self> {
        read(text).map(Self)
    }

    /// The key form: 12 digits of time, then 20 of randomness.
    pub fn key_form(self) -> String {
        HEXLOWER.encode(&self.0)
    }

    /// The text form: 20 digits of randomness, then 12 of time.
    pub fn text_form(self) -> String {
        HEXLOWER.encode(&self.text_bytes())
    }

    /// When the id was made, by the clock of the host that made it.
    pub fn time(self) -> Timestamp {
        let millis = self.0[..TIME_BYTES].iter().fold(0, |millis, byte| (millis << 8) | u64::from(*byte));
        Timestamp::from_unix_millis(millis)
    }

    /// The first 12 characters of the text form, which is what lists show.
    pub fn short(self) -> String {
        let mut text = self.text_form();
        text.truncate(12);
        text
    }

    fn text_bytes(mut self) -> [u8; 16] {
        self.0.rotate_left(TIME_BYTES);
        self.0
    }
}

fn read(text: &str) -> Result<[u8; 16]> {
    let mut bytes = [0; 16];
    if text.len() == 32 && HEXLOWER.decode_mut(text.as_bytes(), &mut bytes).is_ok() {
        return Ok(bytes);
    }
    Err(Error::invalid("id", text, "an id has 32 lower-case hex digits"))
}

impl FromStr for Id {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut bytes = read(text)?;
        bytes.rotate_right(TIME_BYTES);
        Ok(Self(bytes))
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

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut digits = [0; 32];
        HEXLOWER.encode_mut(&self.text_bytes(), &mut digits);
        serializer.serialize_str(std::str::from_utf8(&digits).map_err(serde::ser::Error::custom)?)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer)
    }
}
