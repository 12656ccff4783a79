//! What Netkeep stores.
//!
//! | Room | What is in it |
//! |---|---|
//! | `id` | ids of 128 bits, with a form for keys and one for people |
//! | `name` | texts with a rule: names, kinds, spaces |
//! | `value` | what records are made of: pools, ports, phases, owners, options |
//!
//! Nothing here does I/O. All types are plain values; those with a rule check it whenever they are made, also
//! when they are read from JSON.

mod error;
mod id;
mod name;
mod value;

pub use error::{Error, Result};
pub use id::{EndpointId, HostId, Id, IdPrefix, NetworkId, OperationId, RequestId, SandboxId, TypedId};
pub use name::{
    BootId, Class, ContainerId, DriverKind, EndpointName, ForeignId, IpamKind, LinkName, NetworkName,
    ServiceId, Space, TableKey, TableName,
};
pub use value::{
    Claim, HostRef, Incarnation, InterfaceNames, InterfaceSpec, Labels, LinkUse, MacAddress, Object,
    ObjectKind, Options, Owner, Phase, Pool, PoolRef, PortBinding, PortRange, Protocol, Route, Scope,
    Service, ServicePort, TableEntry, TableValue, Timestamp, TransportPort, address_from_segment,
    address_segment,
};
