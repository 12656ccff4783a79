//! Published ports.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{PortRange, Protocol, is_default};

/// A port of an endpoint that the host is to publish, or does.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PortBinding {
    /// The protocol.
    pub protocol: Protocol,
    /// The port of the endpoint.
    pub port: u16,
    /// The address of the endpoint; filled by the driver.
    #[serde(default, skip_serializing_if = "is_default")]
    pub ip: Option<IpAddr>,
    /// The address of the host; none means the driver's default.
    #[serde(default, skip_serializing_if = "is_default")]
    pub host_ip: Option<IpAddr>,
    /// The port of the host, or the ports of which one is to be taken; none means any free one. In an actual
    /// binding it is one port.
    #[serde(default, skip_serializing_if = "is_default")]
    pub host_ports: Option<PortRange>,
}
