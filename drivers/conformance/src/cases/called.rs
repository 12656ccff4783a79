//! Drivers that are called.

use std::sync::Arc;

use netkeep_drivers::Mode;

use super::fail::expect_undone;
use crate::given::{full_sites, sites};
use crate::sweep::Course;
use crate::{DriverHarness, Fault, Place, Verdict};

const PLANS: Verdict = Verdict::NotOf("it plans, and is not called");

/// D-CALL-1: What a call answers is kept, and is what a later recovery wants; only a driver that is called answers
/// so.
pub async fn an_answer_from_a_call_is_kept(h: Arc<dyn DriverHarness>) -> Verdict {
    let called = h.restart().await.info().mode == Mode::Called;
    for mut site in full_sites(&h).await {
        let from_call = site.seen().iter().filter(|plan| plan.from_call).count();
        assert_eq!(from_call > 0, called, "D-CALL-1: {from_call} plans answer from the call");
        let whole = site.store().networks.values().all(|network| network.phase.is_ready());
        assert!(whole, "D-CALL-1: a network was called for, and is not whole");
        let answered = site.local().joins.values().all(|join| join.answer.is_some());
        assert!(answered, "D-CALL-1: a join has no answer");
        site.expect_settled("D-CALL-1: all was called for").await;
    }
    if called { Verdict::Kept } else { PLANS }
}

/// D-CALL-2: A call that was done and whose answer is lost is taken back: nothing is left, and it can be done
/// again.
pub async fn a_call_whose_answer_is_lost_is_taken_back(h: Arc<dyn DriverHarness>) -> Verdict {
    judge(h, Fault::Fail, "D-CALL-2").await
}

/// D-CALL-3: A call that is done only after the driver has given up on it is taken back too.
pub async fn a_late_call_is_taken_back(h: Arc<dyn DriverHarness>) -> Verdict {
    judge(h, Fault::Late, "D-CALL-3").await
}

async fn judge(h: Arc<dyn DriverHarness>, fault: Fault, clause: &str) -> Verdict {
    if h.restart().await.info().mode != Mode::Called {
        return PLANS;
    }
    let mut strikes = 0;
    for site in sites(&h).await {
        let course = Course::of(&site).await;
        let (makes, host): (_, &[Place]) = (course.makes(&site), &[Place::Host]);
        strikes += course
            .strike(&site, (0, makes), fault, host, async |struck| {
                expect_undone(struck, &course, Some(clause)).await;
            })
            .await;
    }
    if strikes > 0 { Verdict::Kept } else { Verdict::NotOf("nothing that it calls can fail") }
}
