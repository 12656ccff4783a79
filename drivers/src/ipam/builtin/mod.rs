//! The IPAM driver `default`: chooses pools and addresses from what the view shows, and keeps nothing.
//!
//! # Pools
//!
//! - No two pools of one space overlap. Nothing else is checked for a pool that is named; a pool that is chosen
//!   freely overlaps no network that the host already reaches either ([`PoolRequest::avoid`]).
//! - A sub-pool lies in its pool and may be asked for whether or not the pool was; two different sub-pools of a
//!   pool may overlap, because addresses are always held under the pool itself. The same pool, or the same
//!   sub-pool, is never given twice.
//! - A pool that stands only for its sub-pools is not given as a whole: it has no owner of its own, and the end
//!   of its last sub-pool is its end.
//! - Freely chosen pools come from a list, of which each space has its own, in its order: a pool that was
//!   released is not given again before the list has been gone through. Only the two default spaces have one.
//!
//! # Addresses
//!
//! - The first address of a pool is never given, nor, in IPv4, the last: pools of length 31 and 32 have no usable
//!   address. The first and the last of a sub-pool are addresses as any other.
//! - A fixed address may be anywhere in the pool, also outside the sub-pool: a sub-pool says where addresses are
//!   chosen freely.
//! - Of an IPv6 pool shorter than 64 bits, only the first 64-bit run of the pool, or of the sub-pool, is used for
//!   free choice.
//! - A gateway that is chosen freely is the lowest free address, always; every other address follows
//!   [`Order::Next`](crate::Order::Next), or the lowest is taken if option
//!   [`com.docker.network.ipam.serial`](SERIAL) is `false`.

mod options;
mod plan;
mod predefined;
mod range;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use netkeep_model::{IpamKind, Options, Pool, Space};

use crate::{
    AddressGrant, AddressRequest, DriverContext, EnsureError, Error, ErrorKind, Grant, IpamDriver, IpamInfo,
    Mode, Plan, PlanView, PoolGrant, PoolRequest, RemoveError, Result,
};

use options::IpamConfig;
pub use options::{GLOBAL_POOLS, LOCAL_POOLS, SERIAL};
use predefined::{Predefined, Taken};

/// What the driver is called.
pub const KIND: &str = "default";
/// The space of networks of local scope.
pub const LOCAL_SPACE: &str = "LocalDefault";
/// The space of networks of global scope.
pub const GLOBAL_SPACE: &str = "GlobalDefault";

/// The IPAM driver `default`; see the [module](self).
pub struct BuiltinIpam {
    info: IpamInfo,
    local: Predefined,
    global: Predefined,
    /// Where the search for a free pool begins, by space and whether it is for IPv6.
    cursors: Mutex<BTreeMap<(Space, bool), u128>>,
}

/// Registers the driver.
///
/// Cancel safe: it is registered or not.
///
/// # Errors
///
/// As [`BuiltinIpam::new`] and [`Registrar::ipam`](crate::Registrar::ipam).
pub async fn init(context: DriverContext) -> Result<()> {
    let build = async |context: DriverContext| {
        let driver: Arc<dyn IpamDriver> = Arc::new(BuiltinIpam::new(&context.config)?);
        Ok(driver)
    };
    context.registrar.ipam(IpamKind::new(KIND)?, build).await
}

impl BuiltinIpam {
    /// The driver with this configuration: [`LOCAL_POOLS`] and [`GLOBAL_POOLS`].
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] names the entry of the configuration that is wrong.
    pub fn new(config: &Options) -> Result<Self> {
        let config = IpamConfig::read(config)?;
        let info = IpamInfo {
            kind: IpamKind::new(KIND)?,
            built_in: true,
            local_space: Space::new(LOCAL_SPACE)?,
            global_space: Space::new(GLOBAL_SPACE)?,
            mode: Mode::Planned,
            needs_mac: false,
            replay: false,
        };
        Ok(Self { info, local: config.local, global: config.global, cursors: Mutex::default() })
    }

    /// A pool of the list of this space that is not taken.
    fn choose(&self, space: &Space, ipv6: bool, taken: &Taken) -> Result<Pool> {
        let list = match space {
            space if *space == self.info.local_space => &self.local,
            space if *space == self.info.global_space => &self.global,
            other => {
                return Err(Error::invalid(format!(
                    "pool: space {other} has no predefined pools; name the pool, or use space {LOCAL_SPACE} or \
                     {GLOBAL_SPACE}"
                )));
            }
        };
        let mut cursors = self.cursors.lock().unwrap_or_else(PoisonError::into_inner);
        let cursor = cursors.entry((space.clone(), ipv6)).or_default();
        let Some((pool, next)) = list.find(ipv6, *cursor, taken) else {
            let family = if ipv6 { "IPv6" } else { "IPv4" };
            let count = list.count(ipv6);
            return Err(Error::new(
                ErrorKind::NoFreePool,
                format!(
                    "pool: none of the {count} predefined {family} pools of space {space} is free; name a pool, \
                     or configure more"
                ),
            ));
        };
        *cursor = next;
        Ok(pool)
    }
}

#[async_trait]
impl IpamDriver for BuiltinIpam {
    fn info(&self) -> &IpamInfo {
        &self.info
    }

    async fn plan_pool(&self, view: &dyn PlanView, request: &PoolRequest) -> Result<Plan<PoolGrant>> {
        plan::pool(self, view, request)
    }

    async fn plan_address(
        &self,
        view: &dyn PlanView,
        request: &AddressRequest,
    ) -> Result<Plan<AddressGrant>> {
        plan::address(view, request)
    }

    async fn call_pool(&self, _request: &PoolRequest) -> Result<PoolGrant, EnsureError> {
        Err(not_called().into())
    }

    async fn call_address(&self, _request: &AddressRequest) -> Result<AddressGrant, EnsureError> {
        Err(not_called().into())
    }

    async fn release(&self, _grant: &Grant) -> Result<(), RemoveError> {
        Ok(())
    }
}

fn not_called() -> Error {
    Error::new(ErrorKind::Unsupported, format!("IPAM driver {KIND} plans; it is not called"))
}

impl fmt::Debug for BuiltinIpam {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BuiltinIpam").field("local", &self.local).field("global", &self.global).finish()
    }
}
