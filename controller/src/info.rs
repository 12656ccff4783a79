//! What callers are told.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use netkeep_model::{
    Endpoint, EndpointId, HostId, Incarnation, Network, NetworkId, NetworkName, Owner, Phase, Pool,
    PortBinding, Sandbox, SandboxId, Space,
};
use serde::{Deserialize, Serialize};

use crate::{GlobalStatus, Stale, SyncState};

/// A network as it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NetworkInfo {
    /// Which.
    pub id: NetworkId,
    /// The commit that wrote its record.
    pub revision: u64,
    /// How old this is, if the global store, in which it is, is not followed now; absent while it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stale: Option<Stale>,
    /// Its record.
    #[serde(flatten)]
    pub network: Network,
}

/// An endpoint as it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EndpointInfo {
    /// Which.
    pub id: EndpointId,
    /// Its network.
    pub network: NetworkId,
    /// What its network is called.
    pub network_name: NetworkName,
    /// The commit that wrote its record.
    pub revision: u64,
    /// How old this is, if the global store, in which it is, is not followed now; absent while it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stale: Option<Stale>,
    /// Its record.
    #[serde(flatten)]
    pub endpoint: Endpoint,
}

/// A sandbox as it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SandboxInfo {
    /// Which.
    pub id: SandboxId,
    /// The commit that wrote its record.
    pub revision: u64,
    /// Of all its endpoints the one that is its way out; absent if none has a gateway on a network that is not
    /// internal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub way_out: Option<WayOutInfo>,
    /// Its record.
    #[serde(flatten)]
    pub sandbox: Sandbox,
}

/// The endpoint that is the way out of a sandbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WayOutInfo {
    /// Its network.
    pub network: NetworkId,
    /// The endpoint.
    pub endpoint: EndpointId,
    /// The ports that the host publishes because it is the way out: what the endpoint wants and has not published
    /// already, then what the sandbox wants.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bindings: Vec<PortBinding>,
}

/// A pool, or a part of one, that someone holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolInfo {
    /// Where.
    pub space: Space,
    /// The whole pool.
    pub pool: Pool,
    /// The part of it that is held; `None` for the pool itself.
    pub sub: Option<Pool>,
    /// Who holds it; `None` for a pool that stands only for its parts.
    pub owner: Option<Owner>,
    /// Whether it is whole.
    pub phase: Phase,
    /// How many of its addresses are given.
    pub given: usize,
    /// The commit that wrote its record.
    pub revision: u64,
    /// How old this is, if the global store, in which it is, is not followed now; absent while it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stale: Option<Stale>,
}

/// An address that is given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddressInfo {
    /// Where.
    pub space: Space,
    /// The whole pool.
    pub pool: Pool,
    /// The address.
    pub address: IpAddr,
    /// Who holds it.
    pub owner: Owner,
    /// The commit that wrote its record.
    pub revision: u64,
    /// How old this is, if the global store, in which it is, is not followed now; absent while it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stale: Option<Stale>,
}

/// How a controller is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ControllerStatus {
    /// This host.
    pub host: HostId,
    /// Which start of the controller this is.
    pub incarnation: Incarnation,
    /// The backend of the local store.
    pub store: String,
    /// Where the local store is.
    pub endpoints: Vec<String>,
    /// Whether the replica agrees with the local store.
    pub sync: SyncState,
    /// For how long that has been so.
    pub sync_since: Duration,
    /// The newest commit that is known of.
    pub revision: u64,
    /// How many records there are of each kind.
    pub records: BTreeMap<String, usize>,
    /// How many claims on ports there are.
    pub ports: usize,
    /// The records that cannot be read: key and reason.
    pub quarantine: BTreeMap<String, String>,
    /// The kinds of network drivers.
    pub drivers: Vec<String>,
    /// The kinds of IPAM drivers.
    pub ipam_drivers: Vec<String>,
    /// How the global store is; `None` if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub global: Option<GlobalStatus>,
}
