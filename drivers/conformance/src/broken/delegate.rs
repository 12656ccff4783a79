//! What a driver with a flaw is asked, and what it does with it.

use async_trait::async_trait;
use netkeep_drivers::{
    Answer, ClusterAllocator, Discovery, DriverInfo, DriverRecovery, EndpointAnswer, EndpointRequest,
    EndpointState, EnsureError, Error, ErrorKind, ExternalConnectivity, HostNotes, HostState, JoinAnswer,
    JoinRequest, JoinState, NetworkAnswer, NetworkDriver, NetworkRequest, NetworkState, Origin, Plan,
    PlanView, Remains, RemoveError, Result, TableDriver,
};
use netkeep_model::{Object, Options, PortBinding};

use super::notes::BentNotes;
use super::plans::{bend, bend_endpoint, bend_here, bend_join, bend_network, known, link};
use super::{BrokenDriver, Flaw};
use crate::TestHost;

#[async_trait]
impl NetworkDriver for BrokenDriver {
    fn info(&self) -> &DriverInfo {
        self.inner.info()
    }

    async fn plan_network(
        &self,
        view: &dyn PlanView,
        request: &NetworkRequest,
    ) -> Result<Plan<NetworkAnswer>> {
        let mut request = request.clone();
        let what = Object::Network(request.id);
        match self.flaw {
            Flaw::MakesWhenItPlans => self.make(link("planned0")).await,
            Flaw::TakesAnyOption => request.network.options = known(&request.network.options),
            Flaw::RemembersPlans if !self.remember(what) => {
                return Err(Error::forbidden(format!("{what} was planned already")));
            }
            Flaw::KeepsStateFromPlanToEnsure | Flaw::MakesOnlyItsOwn => {
                self.remember(what);
            }
            _ => {}
        }
        let mut plan = match self.bent(view) {
            Some(bent) => self.inner.plan_network(&bent, &request).await?,
            None => self.inner.plan_network(view, &request).await?,
        };
        bend(self.flaw, &mut plan);
        bend_network(self.flaw, &mut plan, self.instance);
        Ok(plan)
    }

    async fn plan_here(&self, view: &dyn PlanView, state: &NetworkState) -> Result<Plan<()>> {
        let mut plan = self.inner.plan_here(view, state).await?;
        bend_here(self.flaw, Object::Network(state.id), &mut plan);
        Ok(plan)
    }

    async fn plan_endpoint(
        &self,
        view: &dyn PlanView,
        request: &EndpointRequest,
    ) -> Result<Plan<EndpointAnswer>> {
        let mut request = request.clone();
        match self.flaw {
            Flaw::TakesAnyOption => request.endpoint.options = known(&request.endpoint.options),
            Flaw::TakesNoticesForRequests if request.origin == Origin::Elsewhere => {
                request.origin = Origin::Requested;
                request.endpoint.bindings.clear();
            }
            Flaw::KeepsStateFromPlanToEnsure => {
                self.remember(Object::Endpoint(request.network.id, request.id));
            }
            _ => {}
        }
        let mut plan = match self.bent(view) {
            Some(bent) => self.inner.plan_endpoint(&bent, &request).await?,
            None => self.inner.plan_endpoint(view, &request).await?,
        };
        bend(self.flaw, &mut plan);
        bend_endpoint(self.flaw, &mut plan);
        Ok(plan)
    }

    async fn plan_join(&self, view: &dyn PlanView, request: &JoinRequest) -> Result<Plan<JoinAnswer>> {
        let mut request = request.clone();
        match self.flaw {
            Flaw::TakesAnyOption => request.options = known(&request.options),
            Flaw::JoinsOnce if !self.remember(request.endpoint.id) => {
                return Err(Error::forbidden("the endpoint has joined a sandbox already"));
            }
            _ => {}
        }
        let mut plan = self.inner.plan_join(view, &request).await?;
        bend(self.flaw, &mut plan);
        if let Answer::Now(answer) = &mut plan.answer {
            bend_join(self.flaw, request.endpoint.network.id, answer);
        }
        Ok(plan)
    }

    async fn may_remove(&self, view: &dyn PlanView, what: &Object) -> Result<()> {
        if self.flaw == Flaw::ChangesItsMind && self.instance % 2 == 1 {
            return Err(Error::forbidden(format!("{what} is to be kept, for now")));
        }
        match self.bent(view) {
            Some(bent) => self.inner.may_remove(&bent, what).await,
            None => self.inner.may_remove(view, what).await,
        }
    }

    async fn ensure_network(
        &self,
        notes: &dyn HostNotes,
        state: &NetworkState,
    ) -> Result<NetworkAnswer, EnsureError> {
        let answer = || NetworkAnswer {
            tables: state.network.tables.clone(),
            allocated: state.network.allocated.clone(),
        };
        self.remember_made(state.object());
        match self.flaw {
            Flaw::MakesOnlyItsOwn if !self.remembers(state.object()) => return Ok(answer()),
            Flaw::KeepsStateFromPlanToEnsure if !self.remembers(state.object()) => return Err(not_planned()),
            _ if self.trusts(&state.notes) => return Ok(answer()),
            _ => {}
        }
        let bent = BentNotes::new(notes, self.flaw);
        let made = self.inner.ensure_network(&bent, state).await;
        bent.finish().await?;
        self.bend_result(state.object(), made, answer)
    }

    async fn ensure_endpoint(
        &self,
        notes: &dyn HostNotes,
        state: &EndpointState,
    ) -> Result<EndpointAnswer, EnsureError> {
        let endpoint = &state.endpoint;
        let answer = || EndpointAnswer {
            interfaces: endpoint.interfaces.clone(),
            bindings: endpoint.bindings.clone(),
        };
        self.remember_made(state.object());
        match self.flaw {
            Flaw::MakesAnew => self.make(link(&format!("anew{}", self.turn()))).await,
            Flaw::DoesMoreThanPlanned => self.make(link("more0")).await,
            Flaw::KeepsStateFromPlanToEnsure if !self.remembers(state.object()) => return Err(not_planned()),
            _ if self.trusts(&state.notes) => return Ok(answer()),
            _ => {}
        }
        let bent = BentNotes::new(notes, self.flaw);
        let made = self.inner.ensure_endpoint(&bent, state).await;
        bent.finish().await?;
        let mut answered = self.bend_result(state.object(), made, answer)?;
        if self.flaw == Flaw::AnswersSomethingElse {
            answered.bindings = endpoint.bindings.iter().skip(1).cloned().collect();
        }
        Ok(answered)
    }

    async fn ensure_join(&self, notes: &dyn HostNotes, state: &JoinState) -> Result<JoinAnswer, EnsureError> {
        let mut state = state.clone();
        self.remember_made(state.object());
        if self.flaw == Flaw::ForgetsTheKey && !state.notes.is_empty() {
            state.sandbox_key = None;
        }
        let bent = BentNotes::new(notes, self.flaw);
        let made = self.inner.ensure_join(&bent, &state).await;
        bent.finish().await?;
        let mut answer = self.bend_result(state.object(), made, JoinAnswer::default)?;
        bend_join(self.flaw, state.endpoint.network.id, &mut answer);
        Ok(answer)
    }

    async fn remove(&self, notes: &dyn HostNotes, left: &Remains) -> Result<(), RemoveError> {
        match (self.flaw, left.on) {
            (Flaw::ForgetsToRemove, Object::Endpoint(..)) => return Ok(()),
            (Flaw::MissesWhatIsGone, _) if left.notes.is_empty() => {
                let gone = format!("{} is not there", left.on);
                return Err(RemoveError::Retry(Error::new(ErrorKind::NotFound, gone)));
            }
            (Flaw::NeedsRecords, Object::Network(_)) if left.records.is_empty() => return Ok(()),
            (Flaw::RemovesOnlyItsOwn, on) if !self.remembers(format!("made {on}")) => return Ok(()),
            (Flaw::LeavesWhatIsUnknown, on) if self.remembers(format!("unknown {on}")) => return Ok(()),
            (Flaw::TakesTheParentAlong, Object::Network(_)) => self.kernel().lose("link parent0"),
            (Flaw::TakesTheOthersAlong, Object::Endpoint(..)) => {
                for thing in self.kernel().present().iter().filter(|thing| thing.starts_with("link ve")) {
                    self.kernel().lose(thing);
                }
            }
            _ => {}
        }
        match (self.flaw, self.inner.remove(notes, left).await) {
            (Flaw::GivesUpRemovals, Err(RemoveError::Retry(error))) => Err(RemoveError::Ignored(error)),
            (Flaw::SaysAllIsWell, Err(_)) => Ok(()),
            (_, removed) => removed,
        }
    }

    async fn recover(
        &self,
        notes: &dyn HostNotes,
        wanted: HostState,
        noted: Vec<Remains>,
    ) -> Result<DriverRecovery> {
        self.recover_badly(notes, wanted, noted).await
    }

    async fn endpoint_info(&self, state: &EndpointState) -> Result<Options> {
        if self.flaw == Flaw::MakesWhatItShows {
            self.make(link("shown0")).await;
        }
        self.inner.endpoint_info(state).await
    }

    fn external(&self) -> Option<&dyn ExternalConnectivity> {
        let lost = self.flaw == Flaw::LosesAFacet && self.instance > 0;
        self.inner.external().filter(|_| !lost).map(|_| self as &dyn ExternalConnectivity)
    }

    fn cluster(&self) -> Option<&dyn ClusterAllocator> {
        self.inner.cluster()
    }

    fn tables(&self) -> Option<&dyn TableDriver> {
        self.inner.tables().map(|_| self as &dyn TableDriver)
    }

    fn discovery(&self) -> Option<&dyn Discovery> {
        self.inner.discovery()
    }
}

#[async_trait]
impl ExternalConnectivity for BrokenDriver {
    async fn plan_program(&self, view: &dyn PlanView, state: &JoinState) -> Result<Plan<Vec<PortBinding>>> {
        let Some(inner) = self.inner.external() else { return Ok(Plan::answer(Vec::new())) };
        if matches!(self.flaw, Flaw::LeavesPortsOut) {
            return Ok(Plan::answer(Vec::new()));
        }
        inner.plan_program(view, state).await
    }

    async fn ensure_program(
        &self,
        notes: &dyn HostNotes,
        state: &JoinState,
    ) -> Result<Vec<PortBinding>, EnsureError> {
        let Some(inner) = self.inner.external() else { return Ok(Vec::new()) };
        let bent = BentNotes::new(notes, self.flaw);
        let made = inner.ensure_program(&bent, state).await;
        bent.finish().await?;
        self.bend_result(state.object(), made, || state.endpoint.endpoint.bindings.clone())
    }

    async fn revoke(&self, notes: &dyn HostNotes, left: &Remains) -> Result<(), RemoveError> {
        let Some(inner) = self.inner.external() else { return Ok(()) };
        let revoked = inner.revoke(&BentNotes::new(notes, self.flaw), left).await;
        if self.flaw == Flaw::SaysAllIsWell { Ok(()) } else { revoked }
    }
}

fn not_planned() -> EnsureError {
    EnsureError::Refused(Error::new(ErrorKind::NotFound, "this was not planned here"))
}
