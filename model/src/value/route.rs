//! Routes inside a sandbox.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{Pool, is_default};

/// A route that a sandbox gets with an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Route {
    /// Where it leads.
    pub destination: Pool,
    /// The gateway; none means that the destination is connected to the interface.
    #[serde(default, skip_serializing_if = "is_default")]
    pub next_hop: Option<IpAddr>,
}
