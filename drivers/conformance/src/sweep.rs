//! A fault at every step.

use std::collections::BTreeSet;

use crate::given::expect_things;
use crate::script::{Op, down, up};
use crate::{Failure, Fault, Place, Site, Step};

/// A run in which nothing fails: what is wanted and there before and after each operation.
pub(crate) struct Course {
    pub(crate) ops: Vec<Op>,
    /// One more than operations.
    pub(crate) states: Vec<State>,
    /// How many steps the run has passed.
    pub(crate) steps: usize,
}

/// What is wanted of a host, and what is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) wanted: BTreeSet<String>,
    pub(crate) present: BTreeSet<String>,
}

/// An operation in which a fault has struck.
pub(crate) struct Struck {
    pub(crate) site: Site,
    pub(crate) index: usize,
    pub(crate) step: Step,
    pub(crate) outcome: Result<(), Failure>,
}

impl Site {
    pub(crate) fn state(&self) -> State {
        State { wanted: self.wants(), present: self.present() }
    }
}

impl State {
    /// Expects that it is just this one, and names only what differs.
    #[track_caller]
    pub(crate) fn expect(&self, expected: &Self, what: &str) {
        let missing: Vec<_> = expected.wanted.difference(&self.wanted).collect();
        let surplus: Vec<_> = self.wanted.difference(&expected.wanted).collect();
        assert!(
            missing.is_empty() && surplus.is_empty(),
            "{what}: missing in the records: {missing:?}; not due there: {surplus:?}"
        );
        expect_things(&self.present, &expected.present, what);
    }
}

impl Course {
    /// Runs the samples up and down again, on a fresh host like that of `site`.
    pub(crate) async fn of(site: &Site) -> Self {
        let mut site = site.again().await;
        let ops: Vec<Op> = up(&site).into_iter().chain(down(&site)).collect();
        site.faults().calm();
        let mut states = vec![site.state()];
        for op in &ops {
            site.perform_all(&[*op]).await;
            states.push(site.state());
        }
        let steps = site.faults().passed().len();
        states[ops.len()].expect(&states[0], "D-REMOVE-1: all was made and removed");
        Self { ops, states, steps }
    }

    /// How many of the operations make something.
    pub(crate) fn makes(&self, site: &Site) -> usize {
        up(site).len()
    }

    /// Runs until the process ends at step `at`. Answers the site, not restarted, and the operation in which it
    /// ended; `None` if the run has fewer steps.
    pub(crate) async fn crash(&self, site: &Site, at: usize) -> Option<(Site, usize)> {
        let mut site = site.again().await;
        site.faults().arm(Fault::End, Place::ALL, at);
        let mut index = 0;
        let done = site
            .until_end(async |site: &mut Site| {
                for op in &self.ops {
                    site.perform_all(&[*op]).await;
                    index += 1;
                }
            })
            .await;
        done.is_none().then_some((site, index))
    }

    /// Lets `fault` strike at each step, of those at `places`, of each operation from `from` to `to` in turn, each
    /// time on a fresh host. Answers how often it has struck.
    pub(crate) async fn strike(
        &self,
        like: &Site,
        (from, to): (usize, usize),
        fault: Fault,
        places: &'static [Place],
        mut judge: impl AsyncFnMut(Struck),
    ) -> usize {
        let mut strikes = 0;
        for index in from..to {
            // An operation has fewer steps than the whole run.
            for at in 0..self.steps {
                let mut site = like.again().await;
                site.perform_all(&self.ops[..index]).await;
                site.faults().arm(fault, places, at);
                let outcome = site.perform(self.ops[index]).await;
                let Some(step) = site.faults().calm() else { break };
                strikes += 1;
                judge(Struck { site, index, step, outcome }).await;
                if fault == Fault::Vanish {
                    break;
                }
            }
        }
        strikes
    }
}
