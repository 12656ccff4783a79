//! An IPAM driver in the shape of a plugin: it decides nothing by itself, and is called.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use netkeep_drivers::ipam::builtin::{BuiltinIpam, LOCAL_POOLS, SERIAL};
use netkeep_drivers::{
    AddressGrant, AddressRequest, EnsureError, Grant, IpamDriver, IpamInfo, Mode, Order, Plan, PlanView,
    PoolGrant, PoolRequest, RemoveError, Result,
};
use netkeep_model::{IpamKind, Options, Space};

use super::FakeAllocator;
use crate::Faults;
use crate::ipam::{FreePools, IpamHarness, IpamSample};

const FIXED: &str = "what a model is called is well-formed";

/// The remote IPAM model: it is called for each pool and each address, and an allocator in another process keeps
/// what was given.
#[derive(Debug)]
pub struct RemoteIpam {
    info: IpamInfo,
    allocator: FakeAllocator,
}

/// A harness of [`RemoteIpam`].
#[derive(Clone, Debug)]
pub struct RemoteIpamHost {
    allocator: FakeAllocator,
}

impl RemoteIpam {
    /// The driver of this allocator.
    ///
    /// # Panics
    ///
    /// Never: its kind and its space are well-formed.
    pub fn new(allocator: FakeAllocator) -> Self {
        // The allocator chooses as the built-in driver does, so it has pools in that one's space alone.
        let space = Space::new(netkeep_drivers::ipam::builtin::LOCAL_SPACE).expect(FIXED);
        let info = IpamInfo {
            kind: IpamKind::new("model-remote").expect(FIXED),
            built_in: false,
            local_space: space.clone(),
            global_space: space,
            mode: Mode::Called,
            needs_mac: false,
            replay: false,
        };
        Self { info, allocator }
    }

    /// A harness of the driver, with an allocator that has four pools of each family.
    pub fn harness() -> RemoteIpamHost {
        RemoteIpamHost { allocator: FakeAllocator::new(four_pools()) }
    }
}

/// The built-in driver with four pools of each family in its local space.
fn four_pools() -> BuiltinIpam {
    let lists = serde_json::json!([
        { "base": "10.200.0.0/22", "size": 24 },
        { "base": "fd20::/62", "size": 64 },
    ]);
    let config: Options = [(LOCAL_POOLS.to_owned(), lists)].into_iter().collect();
    BuiltinIpam::new(&config).expect("the lists are well-formed")
}

fn orders() -> Vec<(Options, Order)> {
    let serial = |on: bool| [(SERIAL.to_owned(), on.into())].into_iter().collect();
    vec![(Options::new(), Order::Next), (serial(true), Order::Next), (serial(false), Order::Lowest)]
}

#[async_trait]
impl IpamDriver for RemoteIpam {
    fn info(&self) -> &IpamInfo {
        &self.info
    }

    async fn plan_pool(&self, _view: &dyn PlanView, _request: &PoolRequest) -> Result<Plan<PoolGrant>> {
        Ok(Plan::from_call())
    }

    async fn plan_address(
        &self,
        _view: &dyn PlanView,
        _request: &AddressRequest,
    ) -> Result<Plan<AddressGrant>> {
        Ok(Plan::from_call())
    }

    async fn call_pool(&self, request: &PoolRequest) -> Result<PoolGrant, EnsureError> {
        self.allocator.pool(request).await
    }

    async fn call_address(&self, request: &AddressRequest) -> Result<AddressGrant, EnsureError> {
        self.allocator.address(request).await
    }

    async fn release(&self, grant: &Grant) -> Result<(), RemoveError> {
        self.allocator.take_back(grant);
        Ok(())
    }
}

#[async_trait]
impl IpamHarness for RemoteIpamHost {
    async fn restart(&self) -> Arc<dyn IpamDriver> {
        Arc::new(RemoteIpam::new(self.allocator.clone()))
    }

    async fn fresh(&self) -> Arc<dyn IpamHarness> {
        Arc::new(RemoteIpam::harness())
    }

    fn sample(&self) -> IpamSample {
        let four = FreePools::Exclusive { ipv4: 4, ipv6: 4 };
        IpamSample {
            namespaces: &["com.docker.network.ipam.", "com.netkeep.ipam."],
            local: four,
            global: four,
            pools_rest: true,
            lowest_gateway: true,
            orders,
            ..IpamSample::default()
        }
    }

    fn outside(&self) -> BTreeSet<String> {
        self.allocator.held()
    }

    fn faults(&self) -> &Faults {
        self.allocator.faults()
    }
}
