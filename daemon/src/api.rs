//! What the daemon and its clients say to each other, beside the controller's own types.
//!
//! All paths begin with `/v1`; all bodies but the metrics are JSON. Whatever fails is answered with an [`ErrorBody`].
//!
//! | Request | Answer |
//! |---|---|
//! | `GET /v1/openapi.json` | all of this in the form of OpenAPI 3.1 |
//! | `GET /v1/version` | [`Version`] |
//! | `GET /v1/status` | [`DaemonStatus`] |
//! | `GET /v1/check` | `CheckReport` |
//! | `POST /v1/repair` | from a `RepairPlan` a `RepairReport`; nothing is changed without `?apply=true` |
//! | `GET`, `DELETE /v1/quarantine` | list of `QuarantinedRecord`; nothing |
//! | `GET /v1/recovery` | `RecoveryReport` |
//! | `GET /v1/records` | [`Records`] |
//! | `POST /v1/sync` | [`Synced`]: what is read after it is as new as the request; by [`SyncParams`] |
//! | `GET /v1/metrics` | figures in Prometheus' text format |
//! | `GET`, `POST /v1/networks` | list of `NetworkInfo`; from a `NetworkSpec` a `NetworkInfo` |
//! | `GET`, `DELETE /v1/networks/{network}` | `NetworkInfo`; nothing |
//! | `GET`, `POST /v1/networks/{network}/endpoints` | list of `EndpointInfo`; from an `EndpointSpec` an `EndpointInfo` |
//! | `GET /v1/networks/{network}/tables` | list of `TableEntryInfo` |
//! | `GET`, `DELETE /v1/networks/{network}/endpoints/{endpoint}` | `EndpointInfo`; nothing; by [`Removal`] |
//! | `POST /v1/networks/{network}/endpoints/{endpoint}/join`, `…/leave` | from an [`Attaching`] an `EndpointInfo` |
//! | `GET`, `POST /v1/sandboxes` | list of `SandboxInfo`; from a `SandboxSpec` a `SandboxInfo` |
//! | `GET`, `DELETE /v1/sandboxes/{sandbox}` | `SandboxInfo`; nothing; by [`Removal`] |
//! | `PUT /v1/sandboxes/{sandbox}/key` | from a [`SandboxKey`] a `SandboxInfo` |
//! | `GET /v1/hosts` | list of `HostInfo` |
//! | `GET /v1/hosts/{host}` | `HostDetails` |
//! | `POST /v1/hosts/{host}/evict` | from a [`HostEviction`] an `Eviction` |
//! | `GET`, `POST`, `DELETE /v1/ipam/pools` | list of `PoolInfo`; from a `PoolRequestSpec` a `PoolInfo`; nothing |
//! | `GET`, `POST`, `DELETE /v1/ipam/addresses` | list of `AddressInfo`; from an `AddressRequestSpec` an `AddressInfo`; nothing |
//!
//! `{network}`, `{endpoint}` and `{host}` are a name, an id, or the beginning of an id that fits only one, percent-encoded;
//! `{sandbox}` is the id of a container, an id, or the beginning of one.

use std::collections::BTreeMap;
use std::net::IpAddr;

use netkeep_controller::{ControllerStatus, ErrorKind};
use netkeep_model::{Pool, Scope, Space};
use netkeep_store::Key;
use serde::{Deserialize, Serialize};

/// The version of the API, and the first part of every path.
pub const API_VERSION: &str = "v1";

/// The most bytes that the body of a request may have.
pub const MOST_BODY_BYTES: usize = 1024 * 1024;

/// The most bytes that a plan of repair may have.
pub const MOST_PLAN_BYTES: usize = 64 * 1024 * 1024;

/// The body of every answer that is no success.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// What went wrong.
    pub error: ErrorAnswer,
}

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorAnswer {
    /// What a caller would do about it.
    pub kind: ErrorKind,
    /// What it was: the thing, the value, and what would be right.
    pub message: String,
}

/// What answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// The version of the daemon.
    pub version: String,
    /// The versions of the API that it speaks.
    pub api: Vec<String>,
    /// Its process id.
    pub pid: u32,
}

/// How the daemon is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DaemonStatus {
    /// The version of the daemon.
    pub version: String,
    /// Its process id.
    pub pid: u32,
    /// For how many seconds it has been serving.
    pub uptime_seconds: u64,
    /// The store of this host.
    pub local: StoreStatus,
    /// The store that it shares with others; `None` if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub global: Option<StoreStatus>,
    /// How its controller is.
    pub controller: ControllerStatus,
}

/// How a store is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreStatus {
    /// The backend.
    pub backend: String,
    /// Where it is.
    pub endpoints: Vec<String>,
    /// The version of its server or of the format of its file; `None` while it does not answer.
    pub version: Option<String>,
    /// Why it does not answer.
    pub error: Option<String>,
}

/// How much there is of each kind in the store of this host, and in the one that hosts share.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Records {
    /// The records, by kind.
    pub records: BTreeMap<String, usize>,
    /// The claims on ports; a record holds those of a block of ports.
    pub ports: usize,
    /// The records of the store that hosts share, by kind, as far as they are known; absent if there is no such store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub global: Option<BTreeMap<String, usize>>,
}

/// Of which store everything is to be known that anybody has committed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SyncParams {
    /// Of this one; of all that there are if it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
}

/// Up to which commit everything is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Synced {
    /// The revision of the store of this host, if that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local: Option<u64>,
    /// The revision of the store that hosts share, if that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub global: Option<u64>,
}

/// Which addresses to list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddressFilter {
    /// Those of this space.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub space: Option<Space>,
    /// Those of this pool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<Pool>,
    /// This one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
}

/// Whether a plan is to be done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RepairParams {
    /// Whether it is done, and not only shown.
    #[serde(default)]
    pub apply: bool,
}

/// Which record that cannot be read to take out of its store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnreadableRecord {
    /// The store.
    pub scope: Scope,
    /// Where it is.
    pub key: Key,
    /// The commit that wrote it: what somebody else has written since stays.
    pub revision: u64,
}

/// How to evict a host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostEviction {
    /// Also if it gives signs of life.
    #[serde(default)]
    pub force: bool,
}

/// Which pool to release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PoolRelease {
    /// Its space.
    pub space: Space,
    /// The whole pool.
    pub pool: Pool,
    /// The part of it that was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub: Option<Pool>,
}

/// Which address to release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddressRelease {
    /// Its space.
    pub space: Space,
    /// Its pool.
    pub pool: Pool,
    /// The address.
    pub address: IpAddr,
}

/// Which sandbox an endpoint joins or leaves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attaching {
    /// The sandbox: the id of its container, an id, or the beginning of one.
    pub sandbox: String,
}

/// How something is deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Removal {
    /// Whether an endpoint that is attached, or a sandbox with endpoints in it, goes too: they part first.
    #[serde(default)]
    pub force: bool,
}

/// Where the network namespace of a sandbox is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SandboxKey {
    /// The path of the namespace.
    pub key: String,
}
