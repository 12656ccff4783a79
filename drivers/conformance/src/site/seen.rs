//! Judging plans.

use std::fmt;
use std::sync::PoisonError;

use netkeep_drivers::{Answer, Plan, PlannedRecord};
use netkeep_model::{Claim, NetworkPool, Object, PortBinding};

use super::Site;
use crate::rules::{Asked, Stage};
use crate::view::LedgerView;

/// What a plan was, but for its answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SeenPlan {
    pub(crate) stage: Stage,
    pub(crate) what: Object,
    pub(crate) records: Vec<PlannedRecord>,
    pub(crate) claims: Vec<Claim>,
    pub(crate) ensure: bool,
    pub(crate) from_call: bool,
}

impl Site {
    /// Judges a plan by what every plan has to keep to.
    pub(super) fn judge<T: fmt::Debug>(
        &self,
        stage: Stage,
        what: Object,
        plan: &Plan<T>,
        view: &LedgerView,
        (pools, wanted): (&[NetworkPool], &[PortBinding]),
    ) {
        let granted = pools.iter().filter_map(|pool| Some(pool.granted.as_ref()?.pool.clone()));
        let mode = self.driver.info().mode;
        let asked = Asked { stage, what, scope: self.scope, mode, pools: granted.collect(), wanted, view };
        asked.check(plan);
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).push(SeenPlan {
            stage,
            what,
            records: plan.records.clone(),
            claims: plan.claims.clone(),
            ensure: plan.ensure,
            from_call: matches!(plan.answer, Answer::FromCall),
        });
    }

    /// Every plan that was made on this site, oldest first.
    pub(crate) fn seen(&self) -> Vec<SeenPlan> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
