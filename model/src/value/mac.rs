//! Hardware addresses.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// An Ethernet address, written as in `02:42:0a:00:00:05`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MacAddress([u8; 6]);

impl MacAddress {
    /// The address with these bytes.
    pub const fn new(bytes: [u8; 6]) -> Self {
        Self(bytes)
    }

    /// A random address that no vendor gave out: locally administered, unicast.
    pub fn random() -> Self {
        Self::locally_administered(rand::random())
    }

    /// The locally administered unicast address that is nearest to these bytes: only the two lowest bits of the
    /// first byte change.
    pub const fn locally_administered(mut bytes: [u8; 6]) -> Self {
        bytes[0] = (bytes[0] | 2) & !1;
        Self(bytes)
    }

    /// The bytes, in the order in which they are written.
    pub const fn bytes(self) -> [u8; 6] {
        self.0
    }

    /// Whether it names one interface, not a group.
    pub const fn is_unicast(self) -> bool {
        self.0[0] & 1 == 0
    }

    /// Whether it was made locally, not by a vendor.
    pub const fn is_locally_administered(self) -> bool {
        self.0[0] & 2 != 0
    }
}

impl FromStr for MacAddress {
    type Err = Error;

    /// Takes six pairs of hex digits, in either case, with colons or hyphens between them.
    fn from_str(text: &str) -> Result<Self> {
        parse(text).ok_or_else(|| {
            Error::invalid("MAC address", text, "a MAC address is written as in \"02:42:0a:00:00:05\"")
        })
    }
}

fn parse(text: &str) -> Option<MacAddress> {
    let separator = if text.contains('-') { '-' } else { ':' };
    let mut bytes = [0; 6];
    let mut parts = text.split(separator);
    for byte in &mut bytes {
        let part = parts.next()?;
        if part.len() != 2 || !part.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        *byte = u8::from_str_radix(part, 16).ok()?;
    }
    parts.next().is_none().then_some(MacAddress(bytes))
}

impl fmt::Display for MacAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        f.pad(&format!("{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}"))
    }
}

impl fmt::Debug for MacAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TryFrom<String> for MacAddress {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<MacAddress> for String {
    fn from(mac: MacAddress) -> Self {
        mac.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::MacAddress;

    #[test]
    fn both_separators_and_cases_are_read_and_one_form_is_written() {
        for text in ["02:42:0a:00:00:05", "02-42-0A-00-00-05", "02:42:0A:00:00:05"] {
            assert_eq!(text.parse::<MacAddress>().unwrap().to_string(), "02:42:0a:00:00:05");
        }
        for text in [
            "",
            "02:42:0a:00:00",
            "02:42:0a:00:00:05:06",
            "2:42:0a:00:00:05",
            "02:42-0a:00:00:05",
            "+2:42:0a:00:00:05",
        ] {
            assert!(text.parse::<MacAddress>().is_err(), "{text}");
        }
    }

    #[test]
    fn local_addresses_are_unicast_and_keep_all_other_bits() {
        for first in 0..=255 {
            let mac = MacAddress::locally_administered([first, 1, 2, 3, 4, 5]);
            assert!(mac.is_unicast() && mac.is_locally_administered());
            assert_eq!(mac.bytes()[0] & 0xfc, first & 0xfc);
            assert_eq!(mac.bytes()[1..], [1, 2, 3, 4, 5]);
        }
        assert_ne!(MacAddress::random(), MacAddress::random());
    }
}
