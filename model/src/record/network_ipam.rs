//! Where the addresses of a network are from.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::value::is_default;
use crate::{IpamKind, Labels, Options, Pool, PoolRef, Space};

/// The IPAM driver of a network and its pools; by default none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkIpam {
    /// The IPAM driver; none for a network without addresses.
    #[serde(default, skip_serializing_if = "is_default")]
    pub driver: Option<IpamKind>,
    /// What it is told.
    #[serde(default, skip_serializing_if = "is_default")]
    pub options: Options,
    /// The address space.
    #[serde(default, skip_serializing_if = "is_default")]
    pub space: Option<Space>,
    /// The pools, in the order in which endpoints are given addresses from them.
    #[serde(default, skip_serializing_if = "is_default")]
    pub pools: Vec<NetworkPool>,
}

/// One pool of a network.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkPool {
    /// What was asked for.
    #[serde(default, skip_serializing_if = "is_default")]
    pub requested: RequestedPool,
    /// What was granted; none only while the network is being made.
    #[serde(default, skip_serializing_if = "is_default")]
    pub granted: Option<GrantedPool>,
    /// The gateway, with the prefix length of the pool.
    #[serde(default, skip_serializing_if = "is_default")]
    pub gateway: Option<IpNet>,
    /// Addresses that the driver or people use otherwise, by name.
    #[serde(default, skip_serializing_if = "is_default")]
    pub auxiliary: BTreeMap<String, IpAddr>,
    /// What the IPAM driver said of the pool.
    #[serde(default, skip_serializing_if = "is_default")]
    pub metadata: Labels,
}

/// What was asked for of a pool; what is empty was left to the IPAM driver.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestedPool {
    /// Whether an IPv6 pool is wanted; says something only where `pool` is empty.
    #[serde(default, skip_serializing_if = "is_default")]
    pub ipv6: bool,
    /// The pool.
    #[serde(default, skip_serializing_if = "is_default")]
    pub pool: Option<Pool>,
    /// The part of it from which addresses are given.
    #[serde(default, skip_serializing_if = "is_default")]
    pub sub: Option<Pool>,
    /// The gateway.
    #[serde(default, skip_serializing_if = "is_default")]
    pub gateway: Option<IpAddr>,
    /// Auxiliary addresses, by name.
    #[serde(default, skip_serializing_if = "is_default")]
    pub auxiliary: BTreeMap<String, IpAddr>,
}

/// A pool that a network holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantedPool {
    /// Which.
    pub pool: PoolRef,
    /// What the IPAM driver calls it, where it does not know it by its addresses.
    #[serde(default, skip_serializing_if = "is_default")]
    pub foreign_id: Option<String>,
}

impl NetworkIpam {
    /// The pools that were granted, in order.
    pub fn granted(&self) -> impl Iterator<Item = &PoolRef> {
        self.pools.iter().filter_map(|pool| pool.granted.as_ref()).map(|granted| &granted.pool)
    }
}
