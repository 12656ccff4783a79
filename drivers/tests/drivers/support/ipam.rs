//! The built-in IPAM driver with a view, as a controller would use them.

use std::net::IpAddr;

use netkeep_drivers::ipam::builtin::BuiltinIpam;
use netkeep_drivers::{AddressRequest, Answer, IpamDriver, PoolRequest, Result};
use netkeep_model::{Claim, Options, Pool};

use super::{View, owner};

/// Plans, and takes what was planned.
#[derive(Debug)]
pub(crate) struct Ipam {
    pub(crate) driver: BuiltinIpam,
    pub(crate) view: View,
}

impl Ipam {
    pub(crate) fn new() -> Self {
        Self::configured(&Options::new())
    }

    pub(crate) fn configured(config: &Options) -> Self {
        Self { driver: BuiltinIpam::new(config).unwrap(), view: View::new() }
    }

    pub(crate) async fn pool(&self, request: &PoolRequest) -> Result<Pool> {
        let plan = self.driver.plan_pool(&self.view, request).await?;
        let Answer::Now(grant) = plan.answer else { panic!("the driver plans") };
        assert!(plan.records.is_empty() && !plan.ensure);
        let claim = Claim::Pool { space: grant.space.clone(), pool: grant.pool, sub: grant.sub };
        assert_eq!(plan.claims, [claim]);
        assert_eq!((&grant.space, grant.sub), (&request.space, request.sub));
        self.view.take(&owner(), &plan.claims);
        Ok(grant.pool)
    }

    /// The address that was given; its prefix length is that of the pool.
    pub(crate) async fn address(&self, request: &AddressRequest) -> Result<IpAddr> {
        let plan = self.driver.plan_address(&self.view, request).await?;
        let Answer::Now(grant) = plan.answer else { panic!("the driver plans") };
        assert!(plan.records.is_empty() && !plan.ensure);
        let net = grant.address.expect("the driver gives addresses");
        let (space, pool) = (request.space.clone(), request.pool);
        assert_eq!(net.prefix_len(), pool.prefix_len());
        assert_eq!(plan.claims, [Claim::Address { space, pool, ip: net.addr() }]);
        self.view.take(&owner(), &plan.claims);
        Ok(net.addr())
    }

    /// As [`Ipam::address`], as text.
    pub(crate) async fn given(&self, request: &AddressRequest) -> String {
        self.address(request).await.unwrap().to_string()
    }

    pub(crate) async fn pool_error(&self, request: &PoolRequest) -> netkeep_drivers::Error {
        self.driver.plan_pool(&self.view, request).await.unwrap_err()
    }

    pub(crate) async fn address_error(&self, request: &AddressRequest) -> netkeep_drivers::Error {
        self.driver.plan_address(&self.view, request).await.unwrap_err()
    }
}
