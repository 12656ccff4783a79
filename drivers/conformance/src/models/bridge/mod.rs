//! A driver in the shape of a bridge: one interface a network, one an endpoint, ports that are listened on.

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
use netkeep_model::{DriverKind, Object, Options, PortBinding, Scope};
use tokio::sync::Mutex;

use super::{FakeKernel, ports};
use crate::Sample;
use options::{EARLY, KEEP, NAME, NAMESPACE, SHARED};

/// The bridge model.
///
/// A network is a bridge, which it has alone unless its options say that it is shared. An endpoint is an
/// interface on that bridge, which moves into the sandbox as soon as the sandbox has a key. Ports are published
/// while an endpoint is the way out of its sandbox, or, by an option of the network, as long as the endpoint is.
#[derive(Debug)]
pub struct Bridge {
    info: DriverInfo,
    kernel: FakeKernel,
    /// Who makes or deletes a bridge, looks at it first.
    holding: Mutex<()>,
}

impl Bridge {
    /// The driver on this kernel.
    ///
    /// # Panics
    ///
    /// Never: its kind is well-formed.
    pub fn new(kernel: FakeKernel) -> Self {
        let info = DriverInfo {
            kind: DriverKind::new("model-bridge").expect("the kind of a model is well-formed"),
            built_in: false,
            data_scopes: vec![Scope::Local],
            connectivity: Scope::Local,
            mode: Mode::Planned,
            addresses: true,
            max_networks: None,
        };
        Self { info, kernel, holding: Mutex::new(()) }
    }

    /// Networks with a bridge of their own, whose endpoints publish ports while they are the way out.
    pub fn sample() -> Sample {
        let kept = || [(KEEP.to_owned(), true.into())].into_iter().collect();
        Sample { namespace: NAMESPACE, ports: true, ipv6: true, kept: Some(kept), ..Sample::default() }
    }

    /// Networks that share one bridge, and publish ports as soon as there is an endpoint.
    pub fn shared_sample() -> Sample {
        let network = |_| {
            let shared = [(NAME, "br0".into()), (SHARED, true.into()), (EARLY, true.into())];
            shared.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
        };
        Sample { network, kept: None, ..Self::sample() }
    }
}

#[async_trait]
impl NetworkDriver for Bridge {
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
        view: &dyn PlanView,
        request: &EndpointRequest,
    ) -> Result<Plan<EndpointAnswer>> {
        plan::endpoint(view, request)
    }

    async fn plan_join(&self, _view: &dyn PlanView, request: &JoinRequest) -> Result<Plan<JoinAnswer>> {
        plan::join(request)
    }

    async fn may_remove(&self, view: &dyn PlanView, what: &Object) -> Result<()> {
        plan::may_remove(view, what)
    }

    async fn ensure_network(
        &self,
        notes: &dyn HostNotes,
        state: &NetworkState,
    ) -> Result<NetworkAnswer, EnsureError> {
        ensure::network(self, notes, state).await
    }

    async fn ensure_endpoint(
        &self,
        notes: &dyn HostNotes,
        state: &EndpointState,
    ) -> Result<EndpointAnswer, EnsureError> {
        ensure::endpoint(self, notes, state).await?;
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

    async fn endpoint_info(&self, state: &EndpointState) -> Result<Options> {
        let mut info = Options::new();
        if let Some(mac) = state.endpoint.interfaces.iter().find_map(|interface| interface.mac) {
            info.insert("mac", mac.to_string());
        }
        let ports = ports::of(&state.endpoint.bindings);
        info.insert("ports", ports.iter().map(|(_, _, port)| port.to_string()).collect::<Vec<_>>());
        Ok(info)
    }

    fn external(&self) -> Option<&dyn ExternalConnectivity> {
        Some(self)
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

#[async_trait]
impl ExternalConnectivity for Bridge {
    async fn plan_program(&self, view: &dyn PlanView, state: &JoinState) -> Result<Plan<Vec<PortBinding>>> {
        plan::program(view, state)
    }

    async fn ensure_program(
        &self,
        notes: &dyn HostNotes,
        state: &JoinState,
    ) -> Result<Vec<PortBinding>, EnsureError> {
        ensure::program(self, notes, state).await?;
        Ok(state.endpoint.endpoint.bindings.clone())
    }

    async fn revoke(&self, notes: &dyn HostNotes, left: &Remains) -> Result<(), RemoveError> {
        remove::revoke(self, notes, left).await
    }
}
