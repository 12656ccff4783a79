//! Endpoints.

use netkeep_drivers::{Answer, EndpointAnswer, EndpointRequest, EnsureError, Plan};
use netkeep_model::{Claim, Endpoint, EndpointId, NetworkId, Object, OperationId, Owner, Phase};

use super::request::endpoint_claims;
use super::{Failure, MAX_TAKEN, Site};
use crate::rules::{Stage, check_claimed, check_endpoint_again, settle_endpoint};
use crate::view::LedgerView;

impl Site {
    /// Plans an endpoint from this view, and judges the plan.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// What the driver says.
    pub async fn plan_endpoint(
        &self,
        view: &LedgerView,
        request: &EndpointRequest,
    ) -> netkeep_drivers::Result<Plan<EndpointAnswer>> {
        let plan = self.driver.plan_endpoint(view, request).await?;
        let what = Object::Endpoint(request.network.id, request.id);
        let pools = &request.network.network.ipam.pools;
        self.judge(Stage::Endpoint, what, &plan, view, (pools, &request.endpoint.bindings_wanted));
        if let Answer::Now(answer) = plan.answer.clone() {
            let mut endpoint = request.endpoint.clone();
            settle_endpoint(&mut endpoint, answer, &request.endpoint);
            check_claimed(&endpoint.bindings, &plan.claims);
        }
        Ok(plan)
    }

    /// Makes an endpoint: plans, commits, ensures; before that, this host is prepared for its network.
    ///
    /// Cancellation: as if the process ended.
    ///
    /// # Errors
    ///
    /// Why it was not made; then it was undone.
    pub async fn create_endpoint(&mut self, request: &EndpointRequest) -> Result<EndpointId, Failure> {
        let mut taken = Vec::new();
        loop {
            match self.try_endpoint(request, &taken).await {
                Err(Failure::Ensured(EnsureError::Taken(claim, _))) if taken.len() < MAX_TAKEN => {
                    taken.push(claim);
                }
                Err(failure) => return Err(failure),
                Ok(()) => return Ok(request.id),
            }
        }
    }

    /// As [`create_endpoint`](Site::create_endpoint), and gives up at once if a stranger holds what was claimed.
    ///
    /// Cancellation: as if the process ended.
    ///
    /// # Errors
    ///
    /// Why it was not made; then it was undone.
    pub async fn try_endpoint(&mut self, request: &EndpointRequest, taken: &[Claim]) -> Result<(), Failure> {
        let network = request.network.id;
        self.use_network(network).await?;
        let request = EndpointRequest { network: self.network_state(network), ..request.clone() };
        let view = self.view().without(taken);
        let plan = self.plan_endpoint(&view, &request).await.map_err(Failure::Planned)?;
        let what = Object::Endpoint(network, request.id);
        let mut endpoint = request.endpoint.clone();
        let called = match plan.answer.clone() {
            Answer::Now(answer) => {
                settle_endpoint(&mut endpoint, answer, &request.endpoint);
                false
            }
            Answer::FromCall => {
                endpoint.phase = self.creating();
                true
            }
        };
        self.commit(format!("commit of {what}"), || {
            let owner = Owner::from(what);
            self.take(&endpoint_claims(&endpoint), &owner, false);
            self.take(&plan.claims, &owner, false);
            self.keep(&plan.records);
            self.store().endpoints.insert((network, request.id), endpoint);
            if plan.ensure {
                self.realize(what);
            }
        })
        .await;
        self.renew().await;
        if plan.ensure { self.ensure_endpoint(network, request.id, called).await } else { Ok(()) }
    }

    /// Removes an endpoint that is in no sandbox.
    ///
    /// Cancellation: as if the process ended.
    ///
    /// # Errors
    ///
    /// Why it is still there.
    pub async fn remove_endpoint(&mut self, network: NetworkId, id: EndpointId) -> Result<(), Failure> {
        let what = Object::Endpoint(network, id);
        self.driver.may_remove(&self.view(), &what).await.map_err(Failure::Vetoed)?;
        if self.is_called() {
            let phase = Phase::Deleting { by: self.host, operation: OperationId::generate() };
            self.commit(format!("deletion of {what}"), || self.set_endpoint_phase(network, id, phase)).await;
        }
        self.take_down(what).await
    }

    pub(super) fn set_endpoint_phase(&self, network: NetworkId, id: EndpointId, phase: Phase) {
        if let Some(endpoint) = self.store().endpoints.get_mut(&(network, id)) {
            endpoint.phase = phase;
        }
    }

    async fn ensure_endpoint(
        &mut self,
        network: NetworkId,
        id: EndpointId,
        called: bool,
    ) -> Result<(), Failure> {
        let what = Object::Endpoint(network, id);
        let state = self.endpoint_state(network, id);
        match self.driver.ensure_endpoint(&self.notes(), &state).await {
            Ok(answer) if called => {
                let mut endpoint = Endpoint { phase: Phase::Ready, ..state.endpoint.clone() };
                settle_endpoint(&mut endpoint, answer, &state.endpoint);
                self.commit(format!("answer to {what}"), || {
                    self.store().endpoints.insert((network, id), endpoint);
                })
                .await;
                Ok(())
            }
            Ok(answer) => {
                check_endpoint_again(&state.endpoint, answer);
                Ok(())
            }
            Err(error) => Err(self.undo(what, error).await),
        }
    }
}
