//! Where the process may end, and what may fail.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// The faults of one host: everything that happens there passes its steps, and one of them can be armed.
///
/// Clones share the steps. A host that is judged calls [`Faults::reach`] before and after each of its changes;
/// the suite does so for commits and notes.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    ended: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// The steps since the last arming, oldest first.
    passed: Vec<Step>,
    armed: Option<Armed>,
    struck: Option<Step>,
    ended: bool,
}

#[derive(Debug)]
struct Armed {
    fault: Fault,
    places: &'static [Place],
    /// How many steps at these places pass first.
    left: usize,
}

/// Where a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// A commit of the controller, before or after it.
    Commit,
    /// A note, before or after it is durable.
    Note,
    /// A change of the host, before or after it.
    Host,
}

/// What happens at a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// The process ends: the step never returns.
    End,
    /// The step fails, once: before a change it is not made, after it the answer is lost.
    Fail,
    /// The answer is lost, and the change is made before the host's next one. A host that cannot do that fails.
    Late,
    /// The host is away: this step and all later ones there fail.
    Vanish,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Where.
    pub place: Place,
    /// What, in words.
    pub what: String,
}

impl Place {
    /// All places.
    pub const ALL: &'static [Self] = &[Self::Commit, Self::Note, Self::Host];
}

impl Faults {
    /// No faults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets `fault` strike at the step number `at`, from 0, of those at `places` from now on. Counting begins
    /// again.
    pub fn arm(&self, fault: Fault, places: &'static [Place], at: usize) {
        let armed = Some(Armed { fault, places, left: at });
        *self.state() = State { armed, ..State::default() };
    }

    /// Ends all faults, and answers the step at which one has struck. Counting begins again.
    pub fn calm(&self) -> Option<Step> {
        std::mem::take(&mut *self.state()).struck
    }

    /// The steps that were passed since the last arming or calming.
    pub fn passed(&self) -> Vec<Step> {
        self.state().passed.clone()
    }

    /// Passes a step. A process that ends here does not come back: the future stays pending.
    ///
    /// Cancel safe: the step counts as passed.
    ///
    /// # Errors
    ///
    /// The fault that strikes here, which is never [`Fault::End`].
    pub async fn reach(&self, place: Place, what: impl Into<String>) -> Result<(), Fault> {
        let fault = self.pass(Step { place, what: what.into() });
        match fault {
            None => Ok(()),
            Some(Fault::End) => {
                self.0.ended.notify_waiters();
                std::future::pending().await
            }
            Some(fault) => Err(fault),
        }
    }

    /// Runs `work` until it is done or the process ends in it; `None` if it ends.
    ///
    /// Cancel safe, as `work` is.
    pub async fn until_end<F: Future>(&self, work: F) -> Option<F::Output> {
        let mut work = std::pin::pin!(work);
        let ended = self.0.ended.notified();
        let mut ended = std::pin::pin!(ended);
        ended.as_mut().enable();
        if self.state().ended {
            return None;
        }
        tokio::select! {
            biased;
            () = ended => None,
            done = &mut work => Some(done),
        }
    }

    fn pass(&self, step: Step) -> Option<Fault> {
        let mut state = self.state();
        // Nothing happens in a process that has ended, whichever of its tasks asks.
        if state.ended {
            return Some(Fault::End);
        }
        let mut fault = None;
        if let Some(armed) = &mut state.armed
            && armed.places.contains(&step.place)
        {
            if armed.left > 0 {
                armed.left -= 1;
            } else {
                fault = Some(armed.fault);
            }
        }
        if let Some(fault) = fault {
            state.struck.get_or_insert_with(|| step.clone());
            state.ended = fault == Fault::End;
            if fault != Fault::Vanish {
                state.armed = None;
            }
        }
        state.passed.push(step);
        fault
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.place, self.what)
    }
}

#[cfg(test)]
mod tests {
    use super::{Fault, Faults, Place};

    #[tokio::test]
    async fn a_fault_strikes_once_at_the_step_that_was_named() {
        let faults = Faults::new();
        faults.arm(Fault::Fail, &[Place::Host], 1);
        assert_eq!(faults.reach(Place::Host, "a").await, Ok(()));
        assert_eq!(faults.reach(Place::Note, "b").await, Ok(()));
        assert_eq!(faults.reach(Place::Host, "c").await, Err(Fault::Fail));
        assert_eq!(faults.reach(Place::Host, "d").await, Ok(()));
        assert_eq!(faults.passed().len(), 4);
        assert_eq!(faults.calm().unwrap().what, "c");
        assert_eq!(faults.calm(), None);
    }

    #[tokio::test]
    async fn a_host_that_vanishes_is_away_until_the_calm() {
        let faults = Faults::new();
        faults.arm(Fault::Vanish, &[Place::Host], 0);
        for _ in 0..3 {
            assert_eq!(faults.reach(Place::Host, "a").await, Err(Fault::Vanish));
        }
        faults.calm();
        assert_eq!(faults.reach(Place::Host, "a").await, Ok(()));
    }

    #[tokio::test]
    async fn nothing_happens_after_the_end_until_the_calm() {
        let faults = Faults::new();
        faults.arm(Fault::End, Place::ALL, 1);
        let work = async {
            for _ in 0..3 {
                faults.reach(Place::Commit, "a").await.unwrap();
            }
        };
        assert!(faults.until_end(work).await.is_none());
        assert!(faults.until_end(faults.reach(Place::Note, "b")).await.is_none());
        assert_eq!(faults.passed().len(), 2);
        assert!(faults.calm().is_some());
        assert!(faults.until_end(faults.reach(Place::Note, "b")).await.is_some());
    }
}
