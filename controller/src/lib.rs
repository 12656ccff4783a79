//! Networks and endpoints that keep.
//!
//! A [`Controller`] creates and deletes networks and endpoints, each in one transaction, answers every read from
//! memory, and brings store and host back into agreement when it is opened.
//!
//! ```
//! # use std::sync::Arc;
//! # use netkeep_controller::{Controller, ControllerConfig, EndpointSpec, NetworkSpec};
//! # use netkeep_drivers::DriverConfigs;
//! # use netkeep_store::{LeasedDirectories, MemoryStore, datastore::LocalStore};
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let store = Arc::new(MemoryStore::open(LeasedDirectories::default()));
//! let local = Arc::new(LocalStore::new(store, None));
//! let config = ControllerConfig::builtin(local, &DriverConfigs::default()).await?;
//! let controller = Controller::open(config).await?;
//!
//! controller.create_network(NetworkSpec::new("blue".parse()?, "manual".parse()?)).await?;
//! let web = controller.create_endpoint("blue", EndpointSpec::new("web".parse()?)).await?;
//! assert_eq!(controller.endpoint("blue", "web")?, web);
//! assert!(web.endpoint.interfaces[0].ipv4.is_some());
//! # controller.close().await;
//! # Ok(())
//! # }
//! ```
//!
//! The examples of this package show more: `first_network` keeps its networks in a file, sets options and opens again;
//! `custom_driver` brings a driver of its own.
//!
//! | Room | What is in it |
//! |---|---|
//! | `network`, `endpoint`, `sandbox`, `ipam` | the operations, one file each |
//! | `attachment` | joining endpoints and sandboxes, over one store or both |
//! | `operation` | what all operations are made of: draft, view, assembly, attempts |
//! | `sides`, `global` | which of the two stores something is in; getting to the one that hosts share |
//! | `hosts` | who is up, and what becomes of what those had who are not |
//! | `tables` | what drivers publish to other hosts |
//! | `replica` | the state of a store in memory |
//! | `recovery` | what happens at a start, and to what others have left in between |
//! | `metrics` | what operations did, and how often they met others |
//! | `check`, `repair` | the invariants, and how what breaks them is mended |

mod attachment;
mod check;
mod client;
mod config;
mod controller;
mod endpoint;
mod error;
mod fence;
mod global;
mod host;
mod hosts;
mod info;
mod ipam;
mod lookup;
mod making;
mod metrics;
mod network;
mod operation;
mod queues;
mod recovery;
mod repair;
mod replica;
mod sandbox;
mod sides;
mod site;
mod spec;
mod status;
mod tables;

pub use check::{CheckReport, GlobalCheck, Invariant, UnderWay, Violation};
pub use client::KeptClient;
pub use config::ControllerConfig;
pub use controller::Controller;
pub use error::{Error, ErrorKind, Result};
pub use global::{GlobalState, GlobalStatus, SnapshotFile, Stale};
pub use hosts::{Eviction, HostDetails, HostInfo, HostState, HostsConfig, Owned, SignStatus};
pub use info::{AddressInfo, ControllerStatus, EndpointInfo, NetworkInfo, PoolInfo, SandboxInfo, WayOutInfo};
pub use metrics::{Operation, OperationFigures};
pub use recovery::RecoveryReport;
pub use repair::{
    Condition, Mended, QuarantinedRecord, Repair, RepairOperation, RepairOutcome, RepairPlan, RepairReport,
    StorePlan,
};
pub use replica::SyncState;
pub use sandbox::SandboxSpec;
pub use spec::{AddressRequestSpec, EndpointSpec, IpamSpec, NetworkSpec, PoolRequestSpec, PoolSpec};
pub use tables::TableEntryInfo;
