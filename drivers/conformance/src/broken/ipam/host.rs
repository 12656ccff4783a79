//! A harness for a broken IPAM driver.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use netkeep_drivers::IpamDriver;
use netkeep_drivers::ipam::builtin::{BuiltinIpam, GLOBAL_POOLS, LOCAL_POOLS, SERIAL};
use netkeep_drivers::ipam::null::NullIpam;
use netkeep_model::Options;

use super::{BrokenIpam, IpamBase, IpamFlaw};
use crate::Faults;
use crate::ipam::{FreePools, IpamHarness, IpamSample, Planner};
use crate::models::RemoteIpam;

/// A harness of an IPAM driver that has a flaw, or, without one, of the driver as it is.
#[derive(Clone)]
pub struct BrokenIpamHost {
    inner: Arc<dyn IpamHarness>,
    flaw: Option<IpamFlaw>,
    /// How many instances there were.
    instances: Arc<AtomicUsize>,
}

impl BrokenIpamHost {
    /// The driver with this flaw.
    pub fn of(flaw: IpamFlaw) -> Self {
        Self::new(flaw.base(), Some(flaw))
    }

    /// The driver as it is.
    pub fn right(base: IpamBase) -> Self {
        Self::new(base, None)
    }

    fn new(base: IpamBase, flaw: Option<IpamFlaw>) -> Self {
        let inner: Arc<dyn IpamHarness> = match base {
            IpamBase::Default => Arc::new(Planner::new(builtin, with_four_pools())),
            IpamBase::Null => Arc::new(Planner::new(null, without_addresses())),
            IpamBase::Remote => Arc::new(RemoteIpam::harness()),
        };
        Self { inner, flaw, instances: Arc::default() }
    }
}

/// The built-in driver with four pools of each family in each space.
pub(super) fn builtin() -> Arc<dyn IpamDriver> {
    let lists =
        |v4: &str, v6: &str| serde_json::json!([{ "base": v4, "size": 24 }, { "base": v6, "size": 64 }]);
    let config: Options = [
        (LOCAL_POOLS.to_owned(), lists("10.200.0.0/22", "fd20::/62")),
        (GLOBAL_POOLS.to_owned(), lists("10.210.0.0/22", "fd21::/62")),
    ]
    .into_iter()
    .collect();
    Arc::new(BuiltinIpam::new(&config).expect("the lists are well-formed"))
}

fn null() -> Arc<dyn IpamDriver> {
    Arc::new(NullIpam::new(&Options::new()).expect("its configuration is empty"))
}

fn with_four_pools() -> IpamSample {
    let four = FreePools::Exclusive { ipv4: 4, ipv6: 4 };
    IpamSample {
        namespaces: &["com.docker.network.ipam.", "com.netkeep.ipam."],
        local: four,
        global: four,
        pools_rest: true,
        lowest_gateway: true,
        orders: || {
            use netkeep_drivers::Order::{Lowest, Next};
            let serial = |on: bool| [(SERIAL.to_owned(), on.into())].into_iter().collect();
            vec![(Options::new(), Next), (serial(true), Next), (serial(false), Lowest)]
        },
        ..IpamSample::default()
    }
}

fn without_addresses() -> IpamSample {
    let (local, global) = (FreePools::Shared, FreePools::Shared);
    IpamSample { local, global, named: false, addresses: false, ..IpamSample::default() }
}

#[async_trait]
impl IpamHarness for BrokenIpamHost {
    async fn restart(&self) -> Arc<dyn IpamDriver> {
        let driver = self.inner.restart().await;
        let Some(flaw) = self.flaw else { return driver };
        let instance = self.instances.fetch_add(1, Ordering::Relaxed);
        Arc::new(BrokenIpam::new(flaw, driver, instance))
    }

    async fn fresh(&self) -> Arc<dyn IpamHarness> {
        Arc::new(Self { inner: self.inner.fresh().await, ..self.clone() })
    }

    fn sample(&self) -> IpamSample {
        self.inner.sample()
    }

    fn outside(&self) -> BTreeSet<String> {
        self.inner.outside()
    }

    fn faults(&self) -> &Faults {
        self.inner.faults()
    }
}
