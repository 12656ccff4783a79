//! What is asked for, as clients write it.

use netkeep_controller::{AddressRequestSpec, EndpointSpec, NetworkSpec, PoolRequestSpec};
use netkeep_model::{Pool, Space};
use serde_json::Value;

/// A network.
pub(crate) fn network(json: Value) -> NetworkSpec {
    serde_json::from_value(json).unwrap()
}

/// An endpoint.
pub(crate) fn endpoint(json: Value) -> EndpointSpec {
    serde_json::from_value(json).unwrap()
}

/// A pool that is asked for by itself.
pub(crate) fn pool_request(json: Value) -> PoolRequestSpec {
    serde_json::from_value(json).unwrap()
}

/// An address that is asked for by itself.
pub(crate) fn address_request(json: Value) -> AddressRequestSpec {
    serde_json::from_value(json).unwrap()
}

/// A pool.
pub(crate) fn pool(text: &str) -> Pool {
    text.parse().unwrap()
}

/// An address space.
pub(crate) fn space(text: &str) -> Space {
    text.parse().unwrap()
}
