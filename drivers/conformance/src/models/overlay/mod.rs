//! A driver in the shape of an overlay: networks that all hosts share, each with a device of its own on each host.

mod ensure;
mod options;
mod peers;
mod plan;
mod recover;
mod remove;

use std::collections::BTreeMap;

use async_trait::async_trait;
use netkeep_drivers::{
    ClusterAllocator, Discovery, DriverInfo, DriverRecovery, EndpointAnswer, EndpointRequest, EndpointState,
    EnsureError, ExternalConnectivity, HostNotes, HostState, JoinAnswer, JoinRequest, JoinState, Mode,
    NetworkAnswer, NetworkDriver, NetworkRequest, NetworkState, Plan, PlanView, Remains, RemoveError, Result,
    TableDriver,
};
use netkeep_model::{DriverKind, Object, Options, Scope};

use super::FakeKernel;
use crate::Sample;
use options::NAMESPACE;

/// The overlay model.
///
/// A network is a number in the global store. Each host that uses it makes a device of its own, with a local
/// record and a local claim; it goes when the host hears that the network is gone. Where endpoints are, hosts
/// tell each other through a table.
#[derive(Debug)]
pub struct Overlay {
    info: DriverInfo,
    kernel: FakeKernel,
}

impl Overlay {
    /// The driver on this kernel.
    ///
    /// # Panics
    ///
    /// Never: its kind is well-formed.
    pub fn new(kernel: FakeKernel) -> Self {
        let info = DriverInfo {
            kind: DriverKind::new("model-overlay").expect("the kind of a model is well-formed"),
            built_in: false,
            data_scopes: vec![Scope::Global],
            connectivity: Scope::Global,
            mode: Mode::Planned,
            addresses: true,
            max_networks: None,
        };
        Self { info, kernel }
    }

    /// Networks whose numbers are free choices.
    pub fn sample() -> Sample {
        Sample { namespace: NAMESPACE, ..Sample::default() }
    }
}

#[async_trait]
impl NetworkDriver for Overlay {
    fn info(&self) -> &DriverInfo {
        &self.info
    }

    async fn plan_network(
        &self,
        view: &dyn PlanView,
        request: &NetworkRequest,
    ) -> Result<Plan<NetworkAnswer>> {
        plan::network(view, request)
    }

    async fn plan_here(&self, view: &dyn PlanView, state: &NetworkState) -> Result<Plan<()>> {
        plan::here(view, state)
    }

    async fn plan_endpoint(
        &self,
        _view: &dyn PlanView,
        request: &EndpointRequest,
    ) -> Result<Plan<EndpointAnswer>> {
        plan::endpoint(request)
    }

    async fn plan_join(&self, _view: &dyn PlanView, request: &JoinRequest) -> Result<Plan<JoinAnswer>> {
        plan::join(request, self.kernel.address())
    }

    async fn may_remove(&self, _view: &dyn PlanView, _what: &Object) -> Result<()> {
        Ok(())
    }

    async fn ensure_network(
        &self,
        notes: &dyn HostNotes,
        state: &NetworkState,
    ) -> Result<NetworkAnswer, EnsureError> {
        ensure::network(self, notes, state).await?;
        Ok(NetworkAnswer { tables: state.network.tables.clone(), allocated: state.network.allocated.clone() })
    }

    async fn ensure_endpoint(
        &self,
        _notes: &dyn HostNotes,
        state: &EndpointState,
    ) -> Result<EndpointAnswer, EnsureError> {
        let endpoint = &state.endpoint;
        Ok(EndpointAnswer { interfaces: endpoint.interfaces.clone(), bindings: endpoint.bindings.clone() })
    }

    async fn ensure_join(&self, notes: &dyn HostNotes, state: &JoinState) -> Result<JoinAnswer, EnsureError> {
        ensure::join(self, notes, state).await?;
        Ok(plan::answer_to_join(&state.endpoint, &state.options, self.kernel.address())?)
    }

    async fn remove(&self, _notes: &dyn HostNotes, left: &Remains) -> Result<(), RemoveError> {
        remove::remove(self, left).await
    }

    async fn recover(
        &self,
        notes: &dyn HostNotes,
        wanted: HostState,
        noted: Vec<Remains>,
    ) -> Result<DriverRecovery> {
        Ok(recover::recover(self, notes, &wanted, noted).await)
    }

    async fn endpoint_info(&self, _state: &EndpointState) -> Result<Options> {
        Ok(Options::new())
    }

    fn external(&self) -> Option<&dyn ExternalConnectivity> {
        None
    }

    fn cluster(&self) -> Option<&dyn ClusterAllocator> {
        Some(self)
    }

    fn tables(&self) -> Option<&dyn TableDriver> {
        Some(self)
    }

    fn discovery(&self) -> Option<&dyn Discovery> {
        None
    }
}

#[async_trait]
impl ClusterAllocator for Overlay {
    async fn allocate(
        &self,
        view: &dyn PlanView,
        request: &NetworkRequest,
    ) -> Result<Plan<BTreeMap<String, String>>> {
        plan::allocate(view, request)
    }

    async fn free(&self, _state: &NetworkState) -> Result<(), RemoveError> {
        Ok(())
    }
}
