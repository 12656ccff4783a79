//! A driver with a flaw.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use netkeep_drivers::{EnsureError, NetworkDriver, Notes, PlanView};
use netkeep_model::{Claim, LinkName, Object};

use super::Flaw;
use super::plans::link;
use super::views::{Bend, BentView};
use crate::models::FakeKernel;

/// A model driver to which one thing is done.
#[derive(Debug)]
pub struct BrokenDriver {
    pub(super) flaw: Flaw,
    pub(super) inner: Arc<dyn NetworkDriver>,
    kernel: Option<FakeKernel>,
    /// Which instance on all hosts it is, from 0.
    pub(super) instance: usize,
    turns: AtomicUsize,
    /// What this instance remembers, which it should not.
    seen: Mutex<BTreeSet<String>>,
}

impl BrokenDriver {
    /// The driver with this flaw, on this kernel if it is on one; the instance of this number on all hosts.
    pub fn new(
        flaw: Flaw,
        inner: Arc<dyn NetworkDriver>,
        kernel: Option<FakeKernel>,
        instance: usize,
    ) -> Self {
        Self { flaw, inner, kernel, instance, turns: AtomicUsize::new(0), seen: Mutex::default() }
    }

    /// The kernel of those flaws that put their hands on it.
    pub(super) fn kernel(&self) -> &FakeKernel {
        self.kernel.as_ref().expect("a flaw that makes something has a model on a kernel")
    }

    pub(super) fn turn(&self) -> usize {
        self.turns.fetch_add(1, Ordering::Relaxed)
    }

    /// Remembers something; false if it was remembered already.
    pub(super) fn remember(&self, what: impl ToString) -> bool {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).insert(what.to_string())
    }

    pub(super) fn remembers(&self, what: impl ToString) -> bool {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).contains(&what.to_string())
    }

    /// Remembers what it makes, if its flaw is that.
    pub(super) fn remember_made(&self, on: Object) {
        if self.flaw == Flaw::RemovesOnlyItsOwn {
            self.remember(format!("made {on}"));
        }
    }

    pub(super) async fn make(&self, name: LinkName) {
        // A flaw does not care.
        let _ = self.kernel().add_link(&name, "a flaw", None).await;
    }

    pub(super) fn bent<'a>(&'a self, view: &'a dyn PlanView) -> Option<BentView<'a>> {
        let bend = match self.flaw {
            Flaw::LooksAway | Flaw::CountsNothing => Bend::AllFree,
            Flaw::RemembersViews => Bend::Remembered(&self.seen),
            Flaw::LetsGoWhatItKeeps => Bend::NoRecords,
            _ => return None,
        };
        Some(BentView { inner: view, bend })
    }

    /// Whether an object that is noted is taken for made.
    pub(super) fn trusts(&self, notes: &Notes) -> bool {
        self.flaw == Flaw::TrustsItsNotes && !notes.is_empty()
    }

    /// What a flaw makes of an error; `None` if it makes it a success.
    fn bend_error(&self, error: EnsureError) -> Option<EnsureError> {
        Some(match (self.flaw, error) {
            (Flaw::RefusesWithRemains | Flaw::TakesSilenceForNo, EnsureError::Unknown(error)) => {
                EnsureError::Refused(error)
            }
            (Flaw::BlamesSomethingElse, EnsureError::Taken(_, error)) => {
                EnsureError::Taken(Claim::Link { name: link("someone0"), shared: false }, error)
            }
            (Flaw::SaysAllIsWell, EnsureError::Unknown(_)) => return None,
            (_, error) => error,
        })
    }

    /// The answer of the inner driver, or what the flaw makes of its error.
    pub(super) fn bend_result<T>(
        &self,
        on: Object,
        result: Result<T, EnsureError>,
        well: impl FnOnce() -> T,
    ) -> Result<T, EnsureError> {
        if let (Flaw::LeavesWhatIsUnknown, Err(EnsureError::Unknown(_))) = (self.flaw, &result) {
            self.remember(format!("unknown {on}"));
        }
        result.or_else(|error| self.bend_error(error).map_or_else(|| Ok(well()), Err))
    }
}
