//! What Netkeep stores.
//!
//! | Room | What is in it |
//! |---|---|
//! | `id` | ids of 128 bits, with a form for keys and one for people |
//! | `name` | texts with a rule: names, kinds, spaces |
//! | `value` | what records are made of: pools, ports, phases, owners, options |
//! | `record` | the records, each with its key; [`RECORD_KINDS`] lists them |
//! | `stores` | what the records ask of the stores that hold them |
//!
//! Nothing here does I/O. All types are plain values; those with a rule check it whenever they are made, also
//! when they are read from JSON.
//!
//! A stored form leaves out what has its default, and reads what an older version wrote. Enumerations with
//! values have their variant in the field `is`, beside the values.

mod error;
mod id;
mod name;
mod record;
mod stores;
mod value;

pub use error::{Error, Result};
pub use id::{
    ClientId, EndpointId, HostId, Id, IdPrefix, NetworkId, OperationId, RequestId, SandboxId, TypedId,
};
pub use name::{
    BootId, Class, ContainerId, DriverKind, EndpointName, ForeignId, IpamKind, LinkName, NetworkName,
    ServiceId, Space, TableKey, TableName,
};
pub use record::{
    AddressKey, AddressRecord, AddressRole, AddressSpace, Alive, Attachment, DnsServer, DriverRecord,
    DriverRecordKey, Endpoint, EndpointKey, EndpointNameKey, EndpointNameRecord, ExternalId, ExternalKey,
    ExternalKind, ExternalTarget, ExtraHost, Gone, GrantedPool, Host, Intent, IntentAction, KnownStore, Link,
    LoadBalancerMode, Mark, Network, NetworkIpam, NetworkNameRecord, NetworkPool, NumberKey, NumberRecord,
    Place, PoolKey, PoolRecord, PortBlock, PortBlockKey, PortClaim, PublishedEntry, PublishedEntryKey,
    RECORD_KINDS, Realized, RealizedKey, RecordKind, RequestedAddresses, RequestedPool, Sandbox,
    SandboxEndpoint, SandboxRole, StoreClient, StoreClientKey, SubPoolKey, SubPoolRecord, ThisHost,
    ThisHostKey, Way, WayOut,
};
pub use stores::{leased_directories, not_transferred};
pub use value::{
    Claim, HostRef, Incarnation, InterfaceNames, InterfaceSpec, Labels, MacAddress, Object, ObjectKind,
    Options, Owner, Phase, Pool, PoolRef, PortBinding, PortRange, Protocol, Route, Scope, Service,
    ServicePort, TableEntry, TableValue, Timestamp, TransportPort, address_from_segment, address_segment,
};
