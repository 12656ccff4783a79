//! The IPAM driver `null`: for networks whose addresses are nobody's business here.
//!
//! It has one pool, `0.0.0.0/0` of space `null`, which any number of networks may have, and gives no addresses.

mod plan;

use std::sync::Arc;

use async_trait::async_trait;
use netkeep_model::{IpamKind, Options, Space};

use crate::{
    AddressGrant, AddressRequest, DriverContext, EnsureError, Error, ErrorKind, Grant, IpamDriver, IpamInfo,
    Mode, Plan, PlanView, PoolGrant, PoolRequest, RemoveError, Result,
};

/// What the driver is called.
pub const KIND: &str = "null";
/// Its only space.
pub const SPACE: &str = "null";

/// The IPAM driver `null`; see the [module](self).
#[derive(Debug)]
pub struct NullIpam {
    info: IpamInfo,
}

/// Registers the driver.
///
/// Cancel safe: it is registered or not.
///
/// # Errors
///
/// As [`NullIpam::new`] and [`Registrar::ipam`](crate::Registrar::ipam).
pub async fn init(context: DriverContext) -> Result<()> {
    let build = async |context: DriverContext| {
        let driver: Arc<dyn IpamDriver> = Arc::new(NullIpam::new(&context.config)?);
        Ok(driver)
    };
    context.registrar.ipam(IpamKind::new(KIND)?, build).await
}

impl NullIpam {
    /// The driver; its configuration is empty.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] names an entry of the configuration.
    pub fn new(config: &Options) -> Result<Self> {
        config.refuse_unknown(&[])?;
        let space = Space::new(SPACE)?;
        Ok(Self {
            info: IpamInfo {
                kind: IpamKind::new(KIND)?,
                built_in: true,
                local_space: space.clone(),
                global_space: space,
                mode: Mode::Planned,
                needs_mac: false,
                replay: false,
            },
        })
    }
}

#[async_trait]
impl IpamDriver for NullIpam {
    fn info(&self) -> &IpamInfo {
        &self.info
    }

    async fn plan_pool(&self, _view: &dyn PlanView, request: &PoolRequest) -> Result<Plan<PoolGrant>> {
        plan::pool(request)
    }

    async fn plan_address(
        &self,
        _view: &dyn PlanView,
        request: &AddressRequest,
    ) -> Result<Plan<AddressGrant>> {
        plan::address(request)
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
