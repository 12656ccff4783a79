//! What an IPAM driver is.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

use async_trait::async_trait;
use ipnet::IpNet;
use netkeep_model::{MacAddress, Options, Pool, Space};

use crate::{EnsureError, IpamInfo, Plan, PlanView, RemoveError, Result};

/// A driver of pools and addresses.
///
/// The built-in one only chooses: what it has chosen is a [`Claim`](crate::Claim), which the controller writes
/// as one record an address, in the commit of the operation that needs it.
///
/// # Cancellation
///
/// As [`NetworkDriver`](crate::NetworkDriver).
#[async_trait]
pub trait IpamDriver: fmt::Debug + Send + Sync + 'static {
    /// What is known of it without asking it anything.
    fn info(&self) -> &IpamInfo;

    /// Chooses a pool. Cancel safe.
    ///
    /// # Errors
    ///
    /// [`Overlap`](crate::ErrorKind::Overlap), [`NoFreePool`](crate::ErrorKind::NoFreePool),
    /// [`Invalid`](crate::ErrorKind::Invalid); the message names the pool.
    async fn plan_pool(&self, view: &dyn PlanView, request: &PoolRequest) -> Result<Plan<PoolGrant>>;

    /// Chooses an address. Cancel safe.
    ///
    /// # Errors
    ///
    /// [`InUse`](crate::ErrorKind::InUse), [`OutOfRange`](crate::ErrorKind::OutOfRange),
    /// [`NoFreeAddress`](crate::ErrorKind::NoFreeAddress), [`Invalid`](crate::ErrorKind::Invalid); the message
    /// names the address and the pool.
    async fn plan_address(&self, view: &dyn PlanView, request: &AddressRequest)
    -> Result<Plan<AddressGrant>>;

    /// Asks for a pool outside; only for [`Mode::Called`](crate::Mode::Called). Not cancel safe: the answer of
    /// a cancelled call is unknown.
    ///
    /// # Errors
    ///
    /// See [`EnsureError`].
    async fn call_pool(&self, request: &PoolRequest) -> Result<PoolGrant, EnsureError>;

    /// Asks for an address outside; only for [`Mode::Called`](crate::Mode::Called). Not cancel safe: the answer
    /// of a cancelled call is unknown.
    ///
    /// # Errors
    ///
    /// See [`EnsureError`].
    async fn call_address(&self, request: &AddressRequest) -> Result<AddressGrant, EnsureError>;

    /// Gives back what was taken outside the store. Cancel safe; it is repeated.
    ///
    /// # Errors
    ///
    /// See [`RemoveError`].
    async fn release(&self, grant: &Grant) -> Result<(), RemoveError>;
}

/// A pool that is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct PoolRequest {
    /// Where.
    pub space: Space,
    /// Which; `None` for any that is free.
    pub pool: Option<Pool>,
    /// Which part of it; `None` for all of it. Only with `pool`.
    pub sub: Option<Pool>,
    /// True for IPv6; only looked at where `pool` is `None`.
    pub v6: bool,
    /// Options of the driver.
    pub options: Options,
    /// Networks that this host already reaches: a pool that is chosen freely overlaps none of them.
    pub avoid: Vec<IpNet>,
}

/// A pool that was given.
#[derive(Clone, Debug, PartialEq)]
pub struct PoolGrant {
    /// Where.
    pub space: Space,
    /// The whole pool.
    pub pool: Pool,
    /// The part of it that was asked for.
    pub sub: Option<Pool>,
    /// A gateway that comes with the pool.
    pub gateway: Option<IpAddr>,
    /// What else the driver has to say about it.
    pub metadata: BTreeMap<String, String>,
}

/// An address that is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct AddressRequest {
    /// Where.
    pub space: Space,
    /// The whole pool.
    pub pool: Pool,
    /// The part of it that was given.
    pub sub: Option<Pool>,
    /// Which; `None` for any that is free.
    pub address: Option<IpAddr>,
    /// What for.
    pub purpose: Purpose,
    /// The MAC address of the interface that gets it, if it is known.
    pub mac: Option<MacAddress>,
    /// Options of the driver.
    pub options: Options,
}

/// What an address is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The gateway of a network.
    Gateway,
    /// An auxiliary address of a network.
    Auxiliary,
    /// An interface of an endpoint.
    Endpoint,
    /// What a caller makes of it.
    Client,
}

/// An address that was given.
#[derive(Clone, Debug, PartialEq)]
pub struct AddressGrant {
    /// The address with the prefix length of the whole pool; `None` from a driver that gives none (`null`).
    pub address: Option<IpNet>,
    /// What else the driver has to say about it.
    pub metadata: BTreeMap<String, String>,
}

/// Something that an IPAM driver has given.
#[derive(Clone, Debug, PartialEq)]
pub enum Grant {
    /// A pool.
    Pool(PoolGrant),
    /// An address of a pool.
    Address(PoolGrant, IpAddr),
}

fn _object_safe(_: &dyn IpamDriver) {}
