//! Networks and endpoints that keep.
//!
//! A [`Controller`] creates and deletes networks and endpoints, each in one transaction, answers every read from
//! memory, and brings store and host back into agreement when it is opened.
//!
//! | Room | What is in it |
//! |---|---|
//! | `network`, `endpoint`, `ipam` | the operations, one file each |
//! | `operation` | what all operations are made of: draft, view, assembly, attempts |
//! | `replica` | the state of the store in memory |
//! | `recovery` | what happens at a start |
//! | `check` | the invariants |

mod check;
mod config;
mod controller;
mod endpoint;
mod error;
mod host;
mod info;
mod ipam;
mod lookup;
mod making;
mod network;
mod operation;
mod queues;
mod recovery;
mod replica;
mod site;
mod spec;
mod status;

pub use check::{CheckReport, Invariant, Violation};
pub use config::ControllerConfig;
pub use controller::Controller;
pub use error::{Error, ErrorKind, Result};
pub use info::{AddressInfo, ControllerStatus, EndpointInfo, NetworkInfo, PoolInfo};
pub use recovery::RecoveryReport;
pub use replica::SyncState;
pub use spec::{AddressRequestSpec, EndpointSpec, IpamSpec, NetworkSpec, PoolRequestSpec, PoolSpec};
