//! A driver in the shape of macvlan: interfaces on a parent that networks share.

mod ensure;
mod options;
mod plan;
mod recover;
mod remove;

use async_trait::async_trait;
use netkeep_drivers::{
    ClusterAllocator, Discovery, DriverInfo, DriverRecovery, EndpointAnswer, EndpointRequest, EndpointState,
    EnsureError, ExternalConnectivity, HostNotes, HostState, JoinAnswer, JoinRequest, JoinState, Mode,
    NetworkAnswer, NetworkDriver, NetworkRequest, NetworkState, Plan, PlanView, Remains, RemoveError, Result,
    TableDriver,
};
use netkeep_model::{DriverKind, Object, Options, Scope};
use tokio::sync::Mutex;

use super::FakeKernel;
use crate::Sample;
use options::{NAMESPACE, PARENT};

/// The macvlan model.
///
/// A network uses a parent interface, which it shares with all networks that name the same; the first of them
/// makes it, unless it is there, and the last one deletes it, unless someone else had made it. The interface of
/// an endpoint is made when the endpoint joins a sandbox.
#[derive(Debug)]
pub struct Macvlan {
    info: DriverInfo,
    kernel: FakeKernel,
    /// Who makes or deletes a parent, looks at it first.
    holding: Mutex<()>,
}

impl Macvlan {
    /// The driver on this kernel.
    ///
    /// # Panics
    ///
    /// Never: its kind is well-formed.
    pub fn new(kernel: FakeKernel) -> Self {
        let info = DriverInfo {
            kind: DriverKind::new("model-macvlan").expect("the kind of a model is well-formed"),
            built_in: false,
            data_scopes: vec![Scope::Local],
            connectivity: Scope::Global,
            mode: Mode::Planned,
            addresses: true,
            max_networks: None,
        };
        Self { info, kernel, holding: Mutex::new(()) }
    }

    /// Networks that all have the same parent.
    pub fn sample() -> Sample {
        let network = |_| [(PARENT.to_owned(), "parent0".into())].into_iter().collect();
        Sample { namespace: NAMESPACE, network, ipv6: true, ..Sample::default() }
    }
}

#[async_trait]
impl NetworkDriver for Macvlan {
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

    async fn plan_here(&self, _view: &dyn PlanView, _state: &NetworkState) -> Result<Plan<()>> {
        Ok(Plan::answer(()))
    }

    async fn plan_endpoint(
        &self,
        _view: &dyn PlanView,
        request: &EndpointRequest,
    ) -> Result<Plan<EndpointAnswer>> {
        plan::endpoint(request)
    }

    async fn plan_join(&self, _view: &dyn PlanView, request: &JoinRequest) -> Result<Plan<JoinAnswer>> {
        plan::join(request)
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
        Ok(plan::answer_to_join(&state.endpoint, &state.options)?)
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
        None
    }

    fn tables(&self) -> Option<&dyn TableDriver> {
        None
    }

    fn discovery(&self) -> Option<&dyn Discovery> {
        None
    }
}
