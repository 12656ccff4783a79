//! Ports that are published while an endpoint is its sandbox's way out.

use netkeep_drivers::{Answer, EnsureError, RemoveError};
use netkeep_model::{Claim, Object, Owner};

use super::{Failure, MAX_TAKEN, Published, Site};
use crate::rules::{Stage, check_claimed, settle_bindings};

impl Site {
    /// Publishes the ports of an endpoint that is attached, if the driver does so and has not yet.
    ///
    /// Cancellation: as if the process ended.
    ///
    /// # Errors
    ///
    /// Why nothing is published; then it was undone.
    pub async fn publish(&mut self, join: Object) -> Result<(), Failure> {
        let mut taken = Vec::new();
        loop {
            match self.try_publish(join, &taken).await {
                Err(Failure::Ensured(EnsureError::Taken(claim, _))) if taken.len() < MAX_TAKEN => {
                    taken.push(claim);
                }
                result => return result,
            }
        }
    }

    /// As [`publish`](Site::publish), and gives up at once if a stranger holds what was claimed.
    ///
    /// Cancellation: as if the process ended.
    ///
    /// # Errors
    ///
    /// Why nothing is published; then it was undone.
    pub async fn try_publish(&mut self, join: Object, taken: &[Claim]) -> Result<(), Failure> {
        let driver = self.driver.clone();
        let Some(external) = driver.external() else { return Ok(()) };
        if self.local().joins.get(&join).is_none_or(|found| found.published.is_some()) {
            return Ok(());
        }
        let state = self.join_state(&join);
        let view = self.view().without(taken);
        let plan = external.plan_program(&view, &state).await.map_err(Failure::Planned)?;
        let wanted = &state.endpoint.endpoint.bindings_wanted;
        self.judge(Stage::Program, join, &plan, &view, (&[], wanted));
        let Answer::Now(bindings) = plan.answer else {
            panic!("D-CALL-1: ports are planned, also by a driver that is called");
        };
        check_claimed(&bindings, &plan.claims);
        let after = state.endpoint.endpoint.bindings.len();
        let published = Published { after, claims: plan.claims, ensured: plan.ensure };
        self.commit(format!("publication of {join}"), || {
            self.take(&published.claims, &Owner::from(join), true);
            self.keep(&plan.records);
            if let Object::Join(network, endpoint, _) = join
                && let Some(found) = self.store().endpoints.get_mut(&(network, endpoint))
            {
                settle_bindings(found, bindings.clone());
            }
            if plan.ensure {
                self.realize(join);
            }
            if let Some(found) = self.local().joins.get_mut(&join) {
                found.published = Some(published);
            }
        })
        .await;
        if !plan.ensure {
            return Ok(());
        }
        self.renew().await;
        let driver = self.driver.clone();
        let Some(external) = driver.external() else {
            panic!("D-SHOW-2: a new instance of the driver publishes no ports any more");
        };
        let state = self.join_state(&join);
        match external.ensure_program(&self.notes(), &state).await {
            Ok(answer) => {
                assert_eq!(answer, bindings, "D-ENSURE-5: other bindings were published than planned");
                Ok(())
            }
            Err(error) => {
                // A driver that refuses has left nothing, so it is not asked to take anything back.
                if let EnsureError::Unknown(_) = &error
                    && let Err(RemoveError::Retry(_)) =
                        external.revoke(&self.notes(), &self.remains(join)).await
                {
                    return Err(Failure::Ensured(error));
                }
                self.unpublish(join).await;
                Err(Failure::Ensured(error))
            }
        }
    }

    /// Takes back what an endpoint publishes, if it does.
    ///
    /// Cancellation: as if the process ended.
    ///
    /// # Errors
    ///
    /// Why it is still published.
    pub async fn withdraw(&mut self, join: Object) -> Result<(), Failure> {
        let driver = self.driver.clone();
        let Some(external) = driver.external() else { return Ok(()) };
        let published = self.local().joins.get(&join).and_then(|found| found.published.clone());
        let Some(published) = published else { return Ok(()) };
        if !published.ensured {
            self.unpublish(join).await;
            return Ok(());
        }
        match external.revoke(&self.notes(), &self.remains(join)).await {
            Ok(()) | Err(RemoveError::Ignored(_)) => {
                self.unpublish(join).await;
                Ok(())
            }
            Err(error) => Err(Failure::Removed(error)),
        }
    }

    async fn unpublish(&mut self, join: Object) {
        self.commit(format!("end of the publication of {join}"), || self.forget_publication(join)).await;
    }

    pub(super) fn forget_publication(&self, join: Object) {
        let published = self.local().joins.get_mut(&join).and_then(|found| found.published.take());
        let Some(Published { after, claims, .. }) = published else { return };
        for claim in &claims {
            self.local().release_one(claim, &Owner::from(join));
        }
        if let Object::Join(network, endpoint, _) = join
            && let Some(found) = self.store().endpoints.get_mut(&(network, endpoint))
        {
            found.bindings.truncate(after);
        }
    }
}
