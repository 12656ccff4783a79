//! Attachments of endpoints to sandboxes.

use netkeep_drivers::{Answer, JoinAnswer, JoinRequest, Plan};
use netkeep_model::{Attachment, InterfaceSpec, Object, OperationId, Owner, Timestamp};

use super::{Failure, Join, JoinPhase, Site};
use crate::rules::{Stage, check_claimed, check_join, settle_bindings};
use crate::view::LedgerView;

impl Site {
    /// Plans an attachment from this view, and judges the plan.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// What the driver says.
    pub async fn plan_join(
        &self,
        view: &LedgerView,
        request: &JoinRequest,
    ) -> netkeep_drivers::Result<Plan<JoinAnswer>> {
        let plan = self.driver.plan_join(view, request).await?;
        let endpoint = &request.endpoint.endpoint;
        self.judge(Stage::Join, object_of(request), &plan, view, (&[], &endpoint.bindings_wanted));
        if let Answer::Now(answer) = &plan.answer {
            check_join(&request.endpoint.network.network, endpoint, answer);
            settle_bindings(&mut endpoint.clone(), answer.bindings.clone());
            check_claimed(&answer.bindings, &plan.claims);
        }
        Ok(plan)
    }

    /// Attaches an endpoint to a sandbox: plans, commits to the local store, then to the network's, ensures.
    ///
    /// Cancellation: as if the process ended.
    ///
    /// # Errors
    ///
    /// Why it was not attached; then it was undone.
    pub async fn join(&mut self, request: &JoinRequest) -> Result<Object, Failure> {
        let view = self.view();
        let plan = self.plan_join(&view, request).await.map_err(Failure::Planned)?;
        let what = object_of(request);
        let join = Join {
            sandbox: request.sandbox,
            key: request.sandbox_key.clone(),
            options: request.options.clone(),
            answer: None,
            phase: JoinPhase::Intent,
            published: None,
        };
        let (here, there) =
            plan.records.into_iter().partition::<Vec<_>, _>(|record| record.scope != self.scope);
        self.commit(format!("intent of {what}"), || {
            self.take(&plan.claims, &Owner::from(what), true);
            self.keep(&here);
            self.local().joins.insert(what, join);
            if plan.ensure {
                self.realize(what);
            }
        })
        .await;
        let (answer, called) = match plan.answer {
            Answer::Now(answer) => (Some(answer), false),
            Answer::FromCall => (None, true),
        };
        self.commit(format!("commit of {what}"), || {
            self.keep(&there);
            self.attach(what, answer);
        })
        .await;
        // The intent is done with in a commit of its own: a process may end before it.
        let phase = if called { JoinPhase::Creating } else { JoinPhase::Ready };
        self.commit(format!("end of the intent of {what}"), || self.set_join_phase(&what, phase)).await;
        self.renew().await;
        if plan.ensure { self.ensure_join(what, called).await.map(|()| what) } else { Ok(what) }
    }

    /// Says where the network namespace of a sandbox is, and ensures the attachment again.
    ///
    /// Cancellation: as if the process ended.
    ///
    /// # Errors
    ///
    /// What the driver says; the attachment stays.
    pub async fn set_key(&mut self, join: Object, key: String) -> Result<(), Failure> {
        self.commit(format!("key of {join}"), || {
            if let Some(found) = self.local().joins.get_mut(&join) {
                found.key = Some(key);
            }
        })
        .await;
        let state = self.join_state(&join);
        let answer = self.driver.ensure_join(&self.notes(), &state).await.map_err(Failure::Ensured)?;
        check_join(&state.endpoint.network.network, &state.endpoint.endpoint, &answer);
        Ok(())
    }

    /// Takes an endpoint out of its sandbox; what it publishes is taken back first.
    ///
    /// Cancellation: as if the process ended.
    ///
    /// # Errors
    ///
    /// Why it is still there.
    pub async fn leave(&mut self, join: Object) -> Result<(), Failure> {
        self.withdraw(join).await?;
        if self.is_called() {
            let deleting = JoinPhase::Deleting;
            self.commit(format!("deletion of {join}"), || self.set_join_phase(&join, deleting)).await;
        }
        self.take_down(join).await
    }

    pub(super) fn set_join_phase(&self, join: &Object, phase: JoinPhase) {
        if let Some(found) = self.local().joins.get_mut(join) {
            found.phase = phase;
        }
    }

    /// Whether the endpoint says that it is attached so.
    pub(super) fn is_attached(&self, join: &Object) -> bool {
        let Object::Join(network, endpoint, sandbox) = join else { return false };
        let store = self.store();
        let attachment =
            store.endpoints.get(&(*network, *endpoint)).and_then(|found| found.attachment.as_ref());
        attachment.is_some_and(|attachment| attachment.sandbox == *sandbox)
    }

    /// Writes to the endpoint that it is attached, and what the driver has answered, if it has.
    pub(super) fn attach(&self, join: Object, answer: Option<JoinAnswer>) {
        let Object::Join(network, endpoint, sandbox) = join else { return };
        if let Some(found) = self.store().endpoints.get_mut(&(network, endpoint)) {
            found.attachment.get_or_insert_with(|| {
                let since = Timestamp::from_unix_millis(1_700_000_000_000);
                Box::new(Attachment::new(sandbox, self.host, OperationId::generate(), since))
            });
            if let Some(answer) = &answer {
                for (interface, names) in found.interfaces.iter_mut().zip(&answer.interfaces) {
                    interface.names = Some(names.clone());
                }
                settle_bindings(found, answer.bindings.clone());
            }
        }
        for entry in answer.iter().flat_map(|answer| answer.table_entries.clone()) {
            let twin = self.store().entries.insert((network, entry.table, entry.key), (join, entry.value));
            let others = twin.filter(|(of, _)| *of != join);
            assert!(others.is_none(), "D-OWN-6: {join} publishes what {others:?} publishes already");
        }
        if let Some(found) = self.local().joins.get_mut(&join)
            && answer.is_some()
        {
            found.answer = answer;
        }
    }

    /// Takes all that back from the endpoint.
    pub(super) fn detach(&self, join: Object) {
        let Object::Join(network, endpoint, sandbox) = join else { return };
        let answer = self.local().joins.get(&join).and_then(|found| found.answer.clone());
        self.store().entries.retain(|_, (of, _)| *of != join);
        if let Some(found) = self.store().endpoints.get_mut(&(network, endpoint))
            && found.attachment.as_ref().is_some_and(|attachment| attachment.sandbox == sandbox)
        {
            found.attachment = None;
            let settled = answer.map(|answer| answer.bindings).unwrap_or_default();
            found.bindings.retain(|binding| !settled.contains(binding));
            for interface in &mut found.interfaces {
                *interface = InterfaceSpec { names: None, ..interface.clone() };
            }
        }
    }

    async fn ensure_join(&mut self, join: Object, called: bool) -> Result<(), Failure> {
        let state = self.join_state(&join);
        match self.driver.ensure_join(&self.notes(), &state).await {
            Ok(answer) => {
                check_join(&state.endpoint.network.network, &state.endpoint.endpoint, &answer);
                if called {
                    self.commit(format!("answer to {join}"), || {
                        self.attach(join, Some(answer));
                        self.set_join_phase(&join, JoinPhase::Ready);
                    })
                    .await;
                }
                Ok(())
            }
            Err(error) => Err(self.undo(join, error).await),
        }
    }
}

/// What a request would make.
fn object_of(request: &JoinRequest) -> Object {
    Object::Join(request.endpoint.network.id, request.endpoint.id, request.sandbox)
}
