//! Ids: 128 bits of time and randomness.

mod bits;
mod prefix;
mod typed;

pub use bits::Id;
pub use prefix::IdPrefix;
pub use typed::{ClientId, EndpointId, HostId, NetworkId, OperationId, RequestId, SandboxId, TypedId};
