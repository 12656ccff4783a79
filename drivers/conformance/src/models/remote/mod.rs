//! A driver in the shape of a plugin: it decides nothing by itself, and is called.

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

use super::FakePlugin;
use crate::Sample;
use options::NAMESPACE;

/// The remote model.
///
/// Each object is made by a call of a plugin, whose answer is kept in a second commit. It keeps no notes: the
/// plugin knows objects by their ids.
#[derive(Debug)]
pub struct Remote {
    info: DriverInfo,
    plugin: FakePlugin,
}

impl Remote {
    /// The driver of this plugin.
    ///
    /// # Panics
    ///
    /// Never: its kind is well-formed.
    pub fn new(plugin: FakePlugin) -> Self {
        let info = DriverInfo {
            kind: DriverKind::new("model-remote").expect("the kind of a model is well-formed"),
            built_in: false,
            data_scopes: vec![Scope::Local],
            connectivity: Scope::Local,
            mode: Mode::Called,
            addresses: true,
            max_networks: None,
        };
        Self { info, plugin }
    }

    /// Networks without options.
    pub fn sample() -> Sample {
        Sample { namespace: NAMESPACE, ..Sample::default() }
    }
}

#[async_trait]
impl NetworkDriver for Remote {
    fn info(&self) -> &DriverInfo {
        &self.info
    }

    async fn plan_network(
        &self,
        _view: &dyn PlanView,
        request: &NetworkRequest,
    ) -> Result<Plan<NetworkAnswer>> {
        plan::network(request)
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
        _notes: &dyn HostNotes,
        state: &NetworkState,
    ) -> Result<NetworkAnswer, EnsureError> {
        ensure::make(self, &state.object()).await?;
        Ok(NetworkAnswer::default())
    }

    async fn ensure_endpoint(
        &self,
        _notes: &dyn HostNotes,
        state: &EndpointState,
    ) -> Result<EndpointAnswer, EnsureError> {
        ensure::make(self, &state.object()).await?;
        Ok(ensure::endpoint(self, state))
    }

    async fn ensure_join(
        &self,
        _notes: &dyn HostNotes,
        state: &JoinState,
    ) -> Result<JoinAnswer, EnsureError> {
        ensure::make(self, &state.object()).await?;
        Ok(ensure::join(state)?)
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
