//! Bodies of requests: what is taken is written the same again, and can be stored.

use std::fmt::Debug;

use netkeep::api::{AddressFilter, AddressRelease, PoolRelease};
use netkeep_controller::{AddressRequestSpec, EndpointSpec, NetworkSpec, PoolRequestSpec};
use netkeep_model::{Network, Options};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::record;

/// Reads the body of each request that has one.
///
/// # Panics
///
/// If a body that is taken is not written as what it means, or if options that are taken are stored in a form
/// that cannot be read.
pub fn api_body(data: &[u8]) {
    if let Some(spec) = body::<NetworkSpec>(data) {
        options(&spec.options);
        options(&spec.ipam.options);
    }
    if let Some(spec) = body::<EndpointSpec>(data) {
        options(&spec.options);
        options(&spec.ipam_options);
    }
    if let Some(spec) = body::<PoolRequestSpec>(data) {
        options(&spec.options);
    }
    if let Some(spec) = body::<AddressRequestSpec>(data) {
        options(&spec.options);
    }
    body::<AddressFilter>(data);
    body::<AddressRelease>(data);
    body::<PoolRelease>(data);
}

fn body<T: Serialize + DeserializeOwned + PartialEq + Debug>(data: &[u8]) -> Option<T> {
    let spec: T = serde_json::from_slice(data).ok()?;
    let written = serde_json::to_vec(&spec).expect("what was JSON can be JSON again");
    assert_eq!(serde_json::from_slice(&written).ok().as_ref(), Some(&spec));
    Some(spec)
}

/// A network with these options is stored and read, or refused before it is stored.
fn options(options: &Options) {
    let minimal = json!({"name": "a", "driver": "manual", "scope": "local", "created": 0});
    let mut network: Network = serde_json::from_value(minimal).expect("the smallest network");
    network.options = options.clone();
    record::created(&network);
}
