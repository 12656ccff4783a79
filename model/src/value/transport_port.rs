//! Ports of a protocol.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Protocol;
use crate::{Error, Result};

/// One port of one protocol, as in `80/tcp`, also in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TransportPort {
    /// The protocol.
    pub protocol: Protocol,
    /// The port.
    pub port: u16,
}

impl fmt::Display for TransportPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.port, self.protocol)
    }
}

impl FromStr for TransportPort {
    type Err = Error;

    /// Takes `80/tcp`; `80` alone means TCP.
    fn from_str(text: &str) -> Result<Self> {
        let (port, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
        match (port.parse(), protocol.parse()) {
            (Ok(port), Ok(protocol)) => Ok(Self { protocol, port }),
            _ => {
                Err(Error::invalid("port", text, "a port is written as in \"80/tcp\", \"53/udp\" or \"80\""))
            }
        }
    }
}

impl TryFrom<String> for TransportPort {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<TransportPort> for String {
    fn from(port: TransportPort) -> Self {
        port.to_string()
    }
}
