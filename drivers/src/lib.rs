//! Network and IPAM drivers.
//!
//! A driver **plans** (decides, as a value), **ensures** (makes this host agree with what was committed) and
//! **removes**. See [`NetworkDriver`] and [`IpamDriver`].
//!
//! | Room | What is in it |
//! |---|---|
//! | here | what a driver is, is asked and answers |
//! | [`registry`] | which drivers there are, and the stores that each of them gets |
//! | [`network`] | the network drivers that are compiled in, one folder each |
//! | [`ipam`] | the IPAM drivers that are compiled in, one folder each |

mod error;
mod info;
pub mod ipam;
mod ipam_driver;
pub mod network;
mod network_driver;
mod notes;
mod outcome;
mod plan;
pub mod registry;
mod request;
mod reserved;
mod state;
mod view;
mod want;

pub use error::{Error, ErrorKind, Result};
pub use info::{DriverInfo, IpamInfo, Mode};
pub use ipam_driver::{AddressGrant, AddressRequest, Grant, IpamDriver, PoolGrant, PoolRequest, Purpose};
pub use netkeep_model::{Claim, Object};
pub use network_driver::{
    ClusterAllocator, Discovery, ExternalConnectivity, HostEvent, NetworkDriver, TableDriver, TableEvent,
};
pub use notes::{HostNotes, Notes, Remains};
pub use outcome::{DriverRecovery, EnsureError, RemoveError};
pub use plan::{Answer, Plan, PlannedRecord};
pub use registry::{
    DriverConfigs, DriverContext, DriverRegistry, DriverStore, Fence, FenceChange, NoHook, NoPlugins,
    PluginGetter, PluginRole, Registrar, RegistryHook, register_builtin,
};
pub use request::{
    EndpointAnswer, EndpointRequest, JoinAnswer, JoinRequest, NetworkAnswer, NetworkRequest, Origin,
};
pub use state::{EndpointState, HostState, JoinState, NetworkState};
pub use view::{PlanView, PoolView};
pub use want::{Order, Want};
