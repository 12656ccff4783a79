//! Services that endpoints belong to.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{Protocol, is_default};
use crate::ServiceId;

/// The service that an endpoint is a task of.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Service {
    /// What the orchestrator calls it.
    pub id: ServiceId,
    /// The name under which it is found.
    pub name: String,
    /// Its virtual address on this network.
    #[serde(default, skip_serializing_if = "is_default")]
    pub vip: Option<IpAddr>,
    /// Its published ports.
    #[serde(default, skip_serializing_if = "is_default")]
    pub ports: Vec<ServicePort>,
    /// Further names of the service.
    #[serde(default, skip_serializing_if = "is_default")]
    pub aliases: Vec<String>,
    /// Whether this task is to get no traffic for now.
    #[serde(default, skip_serializing_if = "is_default")]
    pub disabled: bool,
}

/// A published port of a service.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ServicePort {
    /// What people call it; empty for none.
    #[serde(default, skip_serializing_if = "is_default")]
    pub name: String,
    /// The protocol.
    pub protocol: Protocol,
    /// The port of each task.
    pub target: u16,
    /// The port of the service; 0 if it is not published.
    #[serde(default, skip_serializing_if = "is_default")]
    pub published: u16,
}
