//! A driver that makes things, in both modes; its calls are steps.

use std::sync::Arc;

use async_trait::async_trait;
use netkeep_drivers::{
    Answer, ClusterAllocator, Discovery, DriverInfo, DriverRecovery, EndpointAnswer, EndpointRequest,
    EndpointState, EnsureError, Error, ErrorKind, ExternalConnectivity, HostNotes, HostState, JoinAnswer,
    JoinRequest, JoinState, Mode, NetworkAnswer, NetworkDriver, NetworkRequest, NetworkState, Object, Plan,
    PlanView, PlannedRecord, Remains, RemoveError, Result, TableDriver, Want,
};
use netkeep_model::{Class, DriverKind, Options, Scope};
use netkeep_store::Segment;
use serde_json::json;

use crate::host::Host;
use crate::steps::Steps;

/// True for the drivers of this file.
pub(crate) fn makes_things(kind: &DriverKind) -> bool {
    kind.as_str() == "planned" || kind.as_str() == "called"
}

/// Makes one thing for each network and each endpoint.
#[derive(Debug)]
pub(crate) struct Maker {
    info: DriverInfo,
    host: Host,
    steps: Steps,
}

impl Maker {
    pub(crate) fn driver(mode: Mode, host: &Host, steps: &Steps) -> Arc<dyn NetworkDriver> {
        let kind = if mode == Mode::Called { "called" } else { "planned" };
        Arc::new(Self {
            info: DriverInfo {
                kind: DriverKind::new(kind).unwrap(),
                built_in: false,
                data_scopes: vec![Scope::Local],
                connectivity: Scope::Local,
                mode,
                addresses: true,
                max_networks: None,
            },
            host: host.clone(),
            steps: steps.clone(),
        })
    }

    fn plan<T: Default>(&self, view: &dyn PlanView, on: Object) -> Result<Plan<T>> {
        let want = Want::Number { class: Class::new("thing")?, from: 1, to: 1000 };
        let claim = view.free(&want).ok_or_else(|| Error::new(ErrorKind::InUse, "no number is free"))?;
        let value = Some(json!({"of": on.to_string()}));
        let name = Segment::escape("config");
        let record = PlannedRecord { scope: Scope::Local, on, name, value };
        let answer = match self.info.mode {
            Mode::Planned => Answer::Now(T::default()),
            Mode::Called => Answer::FromCall,
        };
        Ok(Plan { answer, records: vec![record], claims: vec![claim], ensure: true })
    }

    async fn ensure(&self, notes: &dyn HostNotes, on: Object) -> Result<(), EnsureError> {
        notes.note(&on, &Segment::escape("made"), json!(true)).await?;
        let made = self.steps.take("make", async { self.host.make(on) }).await;
        made.map_err(|_| EnsureError::Unknown(crashed()))
    }

    async fn take_down(&self, on: Object) -> Result<(), RemoveError> {
        let removed = self.steps.take("remove", async { self.host.remove(on) }).await;
        removed.map_err(|_| RemoveError::Retry(crashed()))
    }
}

fn crashed() -> Error {
    Error::new(ErrorKind::Unavailable, "the run has crashed")
}

#[async_trait]
impl NetworkDriver for Maker {
    fn info(&self) -> &DriverInfo {
        &self.info
    }

    async fn plan_network(
        &self,
        view: &dyn PlanView,
        request: &NetworkRequest,
    ) -> Result<Plan<NetworkAnswer>> {
        self.plan(view, Object::Network(request.id))
    }

    async fn plan_here(&self, _: &dyn PlanView, _: &NetworkState) -> Result<Plan<()>> {
        Ok(Plan::answer(()))
    }

    async fn plan_endpoint(
        &self,
        view: &dyn PlanView,
        request: &EndpointRequest,
    ) -> Result<Plan<EndpointAnswer>> {
        self.plan(view, Object::Endpoint(request.network.id, request.id))
    }

    async fn plan_join(&self, _: &dyn PlanView, _: &JoinRequest) -> Result<Plan<JoinAnswer>> {
        Err(Error::new(ErrorKind::Unsupported, "nothing joins here"))
    }

    async fn may_remove(&self, _: &dyn PlanView, _: &Object) -> Result<()> {
        Ok(())
    }

    async fn ensure_network(
        &self,
        notes: &dyn HostNotes,
        state: &NetworkState,
    ) -> Result<NetworkAnswer, EnsureError> {
        self.ensure(notes, state.object()).await?;
        Ok(NetworkAnswer::default())
    }

    async fn ensure_endpoint(
        &self,
        notes: &dyn HostNotes,
        state: &EndpointState,
    ) -> Result<EndpointAnswer, EnsureError> {
        self.ensure(notes, state.object()).await?;
        Ok(EndpointAnswer::default())
    }

    async fn ensure_join(&self, _: &dyn HostNotes, _: &JoinState) -> Result<JoinAnswer, EnsureError> {
        Err(Error::new(ErrorKind::Unsupported, "nothing joins here").into())
    }

    async fn remove(&self, _: &dyn HostNotes, left: &Remains) -> Result<(), RemoveError> {
        self.take_down(left.on).await
    }

    async fn recover(
        &self,
        notes: &dyn HostNotes,
        wanted: HostState,
        noted: Vec<Remains>,
    ) -> Result<DriverRecovery> {
        let mut done = DriverRecovery::default();
        let wanted = wanted
            .networks
            .iter()
            .map(NetworkState::object)
            .chain(wanted.endpoints.iter().map(EndpointState::object));
        for on in wanted.filter(|on| !self.host.things().contains(on)) {
            match self.ensure(notes, on).await {
                Ok(()) => done.ensured.push(on),
                Err(
                    EnsureError::Refused(error) | EnsureError::Taken(_, error) | EnsureError::Unknown(error),
                ) => {
                    done.failed.push((on, error));
                }
            }
        }
        for left in noted {
            match self.take_down(left.on).await {
                Ok(()) => done.removed.push(left.on),
                Err(RemoveError::Retry(error) | RemoveError::Ignored(error)) => {
                    done.failed.push((left.on, error));
                }
            }
        }
        Ok(done)
    }

    async fn endpoint_info(&self, _: &EndpointState) -> Result<Options> {
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
