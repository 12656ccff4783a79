//! A registry over memory stores, and drivers that do next to nothing.

use std::sync::Arc;

use netkeep_drivers::ipam::null::NullIpam;
use netkeep_drivers::network::manual::Manual;
use netkeep_drivers::*;
use netkeep_model::{DriverKind, IpamKind, Object, Options};
use netkeep_store::datastore::{GlobalStore, LocalStore};
use netkeep_store::{LeasedDirectories, MemoryStore};

/// A registry over two fresh memory stores.
pub(crate) fn registry() -> DriverRegistry {
    let store = || Arc::new(MemoryStore::open(LeasedDirectories::default()));
    DriverRegistry::new(
        &LocalStore::new(store(), None),
        Some(&GlobalStore::new(store())),
        Arc::new(NoPlugins),
        Arc::new(NoHook),
    )
}

pub(crate) fn toy_kind() -> DriverKind {
    DriverKind::new("vendor/toy:latest").unwrap()
}

/// A network driver of a chosen kind, which behaves as `manual`.
#[derive(Debug)]
pub(crate) struct Toy {
    info: DriverInfo,
    manual: Manual,
    /// Drivers keep it, so it must not keep the registry.
    _context: DriverContext,
}

impl Toy {
    pub(crate) fn driver(
        kind: &DriverKind,
        built_in: bool,
        context: DriverContext,
    ) -> Arc<dyn NetworkDriver> {
        let manual = Manual::new(&Options::new()).unwrap();
        let info = DriverInfo { kind: kind.clone(), built_in, ..manual.info().clone() };
        Arc::new(Self { info, manual, _context: context })
    }
}

#[async_trait::async_trait]
impl NetworkDriver for Toy {
    fn info(&self) -> &DriverInfo {
        &self.info
    }

    async fn plan_network(&self, v: &dyn PlanView, r: &NetworkRequest) -> Result<Plan<NetworkAnswer>> {
        self.manual.plan_network(v, r).await
    }

    async fn plan_here(&self, v: &dyn PlanView, s: &NetworkState) -> Result<Plan<()>> {
        self.manual.plan_here(v, s).await
    }

    async fn plan_endpoint(&self, v: &dyn PlanView, r: &EndpointRequest) -> Result<Plan<EndpointAnswer>> {
        self.manual.plan_endpoint(v, r).await
    }

    async fn plan_join(&self, v: &dyn PlanView, r: &JoinRequest) -> Result<Plan<JoinAnswer>> {
        self.manual.plan_join(v, r).await
    }

    async fn may_remove(&self, v: &dyn PlanView, what: &Object) -> Result<()> {
        self.manual.may_remove(v, what).await
    }

    async fn ensure_network(
        &self,
        n: &dyn HostNotes,
        s: &NetworkState,
    ) -> Result<NetworkAnswer, EnsureError> {
        self.manual.ensure_network(n, s).await
    }

    async fn ensure_endpoint(
        &self,
        n: &dyn HostNotes,
        s: &EndpointState,
    ) -> Result<EndpointAnswer, EnsureError> {
        self.manual.ensure_endpoint(n, s).await
    }

    async fn ensure_join(&self, n: &dyn HostNotes, s: &JoinState) -> Result<JoinAnswer, EnsureError> {
        self.manual.ensure_join(n, s).await
    }

    async fn remove(&self, n: &dyn HostNotes, left: &Remains) -> Result<(), RemoveError> {
        self.manual.remove(n, left).await
    }

    async fn recover(
        &self,
        n: &dyn HostNotes,
        wanted: HostState,
        noted: Vec<Remains>,
    ) -> Result<DriverRecovery> {
        self.manual.recover(n, wanted, noted).await
    }

    async fn endpoint_info(&self, s: &EndpointState) -> Result<Options> {
        self.manual.endpoint_info(s).await
    }

    fn external(&self) -> Option<&dyn ExternalConnectivity> {
        None
    }

    fn cluster(&self) -> Option<&dyn ClusterAllocator> {
        None
    }

    fn tables(&self) -> Option<&dyn TableDriver> {
        None
    }

    fn discovery(&self) -> Option<&dyn Discovery> {
        None
    }
}

/// An IPAM driver of a chosen kind, which behaves as `null`.
#[derive(Debug)]
pub(crate) struct ToyIpam {
    info: IpamInfo,
    null: NullIpam,
}

impl ToyIpam {
    pub(crate) fn driver(kind: &IpamKind, built_in: bool) -> Arc<dyn IpamDriver> {
        let null = NullIpam::new(&Options::new()).unwrap();
        let info = IpamInfo { kind: kind.clone(), built_in, ..null.info().clone() };
        Arc::new(Self { info, null })
    }
}

#[async_trait::async_trait]
impl IpamDriver for ToyIpam {
    fn info(&self) -> &IpamInfo {
        &self.info
    }

    async fn plan_pool(&self, v: &dyn PlanView, r: &PoolRequest) -> Result<Plan<PoolGrant>> {
        self.null.plan_pool(v, r).await
    }

    async fn plan_address(&self, v: &dyn PlanView, r: &AddressRequest) -> Result<Plan<AddressGrant>> {
        self.null.plan_address(v, r).await
    }

    async fn call_pool(&self, r: &PoolRequest) -> Result<PoolGrant, EnsureError> {
        self.null.call_pool(r).await
    }

    async fn call_address(&self, r: &AddressRequest) -> Result<AddressGrant, EnsureError> {
        self.null.call_address(r).await
    }

    async fn release(&self, grant: &Grant) -> Result<(), RemoveError> {
        self.null.release(grant).await
    }
}
