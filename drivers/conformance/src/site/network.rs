//! Networks.

use netkeep_drivers::{Answer, EnsureError, NetworkAnswer, NetworkRequest, Plan};
use netkeep_model::{Claim, Network, NetworkId, Object, OperationId, Owner, Phase, Scope};

use super::request::network_claims;
use super::{Failure, MAX_TAKEN, Site};
use crate::rules::{Stage, check_network_again, settle_network};
use crate::view::LedgerView;

impl Site {
    /// Plans a network from this view, and judges the plan.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// What the driver says.
    pub async fn plan_network(
        &self,
        view: &LedgerView,
        request: &NetworkRequest,
    ) -> netkeep_drivers::Result<Plan<NetworkAnswer>> {
        let plan = self.driver.plan_network(view, request).await?;
        let pools = &request.network.ipam.pools;
        self.judge(Stage::Network, Object::Network(request.id), &plan, view, (pools, &[]));
        Ok(plan)
    }

    /// Makes a network: plans, commits, ensures; a network of global scope on this host too, if the driver has
    /// something to do for it.
    ///
    /// Cancellation: as if the process ended.
    ///
    /// # Errors
    ///
    /// Why it was not made; then it was undone.
    pub async fn create_network(&mut self, request: &NetworkRequest) -> Result<NetworkId, Failure> {
        let mut taken = Vec::new();
        loop {
            match self.try_network(request, &taken).await {
                Err(Failure::Ensured(EnsureError::Taken(claim, _))) if taken.len() < MAX_TAKEN => {
                    taken.push(claim);
                }
                Err(failure) => return Err(failure),
                Ok(()) => return Ok(request.id),
            }
        }
    }

    /// As [`create_network`](Site::create_network), and gives up at once if a stranger holds what was claimed.
    ///
    /// Cancellation: as if the process ended.
    ///
    /// # Errors
    ///
    /// Why it was not made; then it was undone.
    pub async fn try_network(&mut self, request: &NetworkRequest, taken: &[Claim]) -> Result<(), Failure> {
        let view = self.view().without(taken);
        let plan = self.plan_network(&view, request).await.map_err(Failure::Planned)?;
        let NetworkRequest { id, network } = request;
        let what = Object::Network(*id);
        let mut network = network.clone();
        let called = match plan.answer.clone() {
            Answer::Now(answer) => {
                settle_network(&mut network, answer);
                false
            }
            Answer::FromCall => {
                network.phase = self.creating();
                true
            }
        };
        let here = plan.ensure && self.scope == Scope::Local;
        self.commit(format!("commit of {what}"), || {
            let owner = Owner::from(what);
            self.take(&network_claims(&network), &owner, false);
            self.take(&plan.claims, &owner, false);
            self.keep(&plan.records);
            self.store().networks.insert(*id, network);
            if here || called {
                self.realize(what);
            }
        })
        .await;
        self.renew().await;
        if called || here {
            self.ensure_network(*id, called).await
        } else if plan.ensure {
            let used = self.use_network(*id).await;
            if used.is_err() {
                self.commit(format!("end of {what}"), || self.store().remove(&what)).await;
            }
            used
        } else {
            Ok(())
        }
    }

    /// Prepares this host for a network of global scope before its first use here; does nothing for others, and
    /// nothing the second time.
    ///
    /// Cancellation: as if the process ended.
    ///
    /// # Errors
    ///
    /// Why it cannot be used here; what was done for it here was undone.
    pub async fn use_network(&mut self, id: NetworkId) -> Result<(), Failure> {
        if self.scope == Scope::Local || self.local().here.contains(&id) {
            return Ok(());
        }
        let what = Object::Network(id);
        let view = self.view();
        let state = self.network_state(id);
        let plan = self.driver.plan_here(&view, &state).await.map_err(Failure::Planned)?;
        self.judge(Stage::Here, what, &plan, &view, (&[], &[]));
        self.commit(format!("first use of {what}"), || {
            self.take(&plan.claims, &Owner::from(what), true);
            self.keep(&plan.records);
            self.local().here.insert(id);
            if plan.ensure {
                self.realize(what);
            }
        })
        .await;
        self.renew().await;
        if plan.ensure { self.ensure_network(id, false).await } else { Ok(()) }
    }

    /// Removes a network that has no endpoints.
    ///
    /// Cancellation: as if the process ended.
    ///
    /// # Errors
    ///
    /// Why it is still there.
    pub async fn remove_network(&mut self, id: NetworkId) -> Result<(), Failure> {
        let what = Object::Network(id);
        self.driver.may_remove(&self.view(), &what).await.map_err(Failure::Vetoed)?;
        let phase = Phase::Deleting { by: self.host, operation: OperationId::generate() };
        self.commit(format!("deletion of {what}"), || self.set_network_phase(id, phase)).await;
        self.take_down(what).await
    }

    pub(super) fn set_network_phase(&self, id: NetworkId, phase: Phase) {
        if let Some(network) = self.store().networks.get_mut(&id) {
            network.phase = phase;
        }
    }

    pub(super) fn creating(&self) -> Phase {
        Phase::Creating { by: self.host, operation: OperationId::generate() }
    }

    async fn ensure_network(&mut self, id: NetworkId, called: bool) -> Result<(), Failure> {
        let state = self.network_state(id);
        match self.driver.ensure_network(&self.notes(), &state).await {
            Ok(answer) if called => {
                let mut network = Network { phase: Phase::Ready, ..state.network };
                settle_network(&mut network, answer);
                self.commit(format!("answer to {}", Object::Network(id)), || {
                    self.store().networks.insert(id, network);
                    if self.scope == Scope::Global {
                        self.local().here.insert(id);
                    }
                })
                .await;
                Ok(())
            }
            Ok(answer) => {
                check_network_again(&state.network, answer);
                Ok(())
            }
            Err(error) => Err(self.undo(Object::Network(id), error).await),
        }
    }
}
