//! What is planned for this host, before its commits.

use netkeep_drivers::{Answer, Plan};
use netkeep_model::{Claim, DriverKind, Object, Owner, Scope};

use super::place::Place;
use super::view::HostView;
use crate::operation::{Adopt, Draft, Taken, View};
use crate::{Error, Result};

/// What goes into the store of this host, and what into that of the network if it is another.
#[derive(Debug)]
pub(super) struct Drafts {
    pub(super) local: Draft,
    pub(super) of: Option<Draft>,
}

impl Drafts {
    pub(super) fn new(place: &Place, taken: &[Taken]) -> Self {
        Self {
            local: Draft::new(&place.local.site.replica, Adopt::Nothing, taken),
            of: place.is_shared().then(|| Draft::plain(&place.of.site.replica)),
        }
    }

    /// The same; what these give back on this host counts as free.
    pub(super) fn giving(self, gives: Vec<(Claim, Owner)>) -> Self {
        Self { local: self.local.giving(gives), of: self.of }
    }

    /// What the driver sees.
    pub(super) fn view<'a>(&'a self, driver: &'a DriverKind) -> HostView<'a> {
        HostView {
            local: View::new(&self.local, Scope::Local, Some(driver)),
            of: self.of.as_ref().map(|of| View::new(of, Scope::Global, Some(driver))),
        }
    }

    /// Takes what a plan asks for: what is of this host here, and shared records where all hosts see them.
    ///
    /// # Errors
    ///
    /// As [`Draft::accept`]; [`ErrorKind::Internal`](crate::ErrorKind::Internal) if it claims what all hosts share.
    pub(super) fn accept<T>(&self, plan: &Plan<T>, on: Object, driver: &DriverKind) -> Result<()> {
        let Some(of) = &self.of else { return self.local.accept(plan, on, driver) };
        let shared = |claim: &&Claim| matches!(claim, Claim::Pool { .. } | Claim::Address { .. });
        if let Some(claim) = plan.claims.iter().find(shared) {
            return Err(Error::internal(format!(
                "driver {driver} claims {claim}, which all hosts share, for {on} on one host"
            )));
        }
        let (here, there) = plan.records.iter().cloned().partition(|record| record.scope == Scope::Local);
        let ensure = plan.ensure;
        let here = Plan { answer: Answer::Now(()), records: here, claims: plan.claims.clone(), ensure };
        let there = Plan { answer: Answer::Now(()), records: there, claims: Vec::new(), ensure };
        self.local.accept(&here, on, driver)?;
        of.accept(&there, on, driver)
    }
}
