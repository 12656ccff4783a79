//! A crash at every step.

use std::sync::Arc;

use crate::given::{expect_things, sites};
use crate::script::Op;
use crate::sweep::Course;
use crate::{DriverHarness, Fault, Place, Site, Verdict};

/// D-CRASH-1: After a crash before or after any commit, note or change of the host, recovery brings the host to
/// what is wanted; what was not done can be done, and everything can be removed.
pub async fn a_crash_anywhere_is_recovered(h: Arc<dyn DriverHarness>) -> Verdict {
    for site in sites(&h).await {
        let course = Course::of(&site).await;
        assert!(course.steps > 0, "D-CRASH-1: the run has no steps");
        for at in 0..course.steps {
            let (mut crashed, index) =
                course.crash(&site, at).await.expect("the same run has the same steps");
            let what = ended(&crashed, &course, index, "D-CRASH-1");
            crashed.restart().await;
            crashed.recover_well(&what).await;
            go_on(crashed, &course, index, &what).await;
        }
        println!(
            "{:?}, {} scope: a crash at each of {} steps",
            site.driver().info().kind,
            site.scope(),
            course.steps
        );
    }
    Verdict::Kept
}

/// D-CRASH-2: A crash in the middle of recovery is recovered by the next one.
pub async fn a_crash_in_recovery_is_recovered(h: Arc<dyn DriverHarness>) -> Verdict {
    let mut strikes = 0;
    for site in sites(&h).await {
        let course = Course::of(&site).await;
        // After the loss of everything, when recovery has most to do.
        let makes = course.makes(&site);
        for again in 0..course.steps {
            let mut site = site.again().await;
            site.perform_all(&course.ops[..makes]).await;
            for thing in site.present() {
                site.test_host().lose(&thing);
            }
            site.restart().await;
            site.faults().arm(Fault::End, Place::ALL, again);
            let _ = site.until_end(async |site: &mut Site| site.recover().await.is_ok()).await;
            let Some(step) = site.faults().calm() else { break };
            strikes += 1;
            let what = format!("D-CRASH-2: all was lost, and the process has ended in recovery ({step})");
            site.restart().await;
            site.recover_well(&what).await;
            site.state().expect(&course.states[makes], &what);
        }
        // And when nothing is wanted any more.
        for again in 0..course.steps {
            let mut site = site.again().await;
            site.perform_all(&course.ops[..makes]).await;
            site.forget_all();
            site.restart().await;
            site.faults().arm(Fault::End, Place::ALL, again);
            let _ = site.until_end(async |site: &mut Site| site.recover().await.is_ok()).await;
            let Some(step) = site.faults().calm() else { break };
            strikes += 1;
            let what =
                format!("D-CRASH-2: all records are gone, and the process has ended in recovery ({step})");
            site.restart().await;
            site.recover_well(&what).await;
            site.state().expect(&course.states[0], &what);
        }
        // And after a crash anywhere.
        for at in 0..course.steps {
            // A recovery has fewer steps than the whole run has.
            for again in 0..course.steps {
                let (mut crashed, index) =
                    course.crash(&site, at).await.expect("the same run has the same steps");
                let what = ended(&crashed, &course, index, "D-CRASH-2");
                crashed.restart().await;
                crashed.faults().arm(Fault::End, Place::ALL, again);
                let recovered = crashed.until_end(async |site: &mut Site| site.recover().await.is_ok()).await;
                let Some(step) = crashed.faults().calm() else {
                    assert_eq!(recovered, Some(true), "{what}");
                    break;
                };
                strikes += 1;
                let what = format!("{what}, and again in recovery ({step})");
                crashed.restart().await;
                crashed.recover_well(&what).await;
                check(&crashed, &course, index, &what);
                crashed.expect_settled(&what).await;
            }
        }
    }
    if strikes > 0 { Verdict::Kept } else { Verdict::NotOf("its recovery has no steps") }
}

/// Where the process has ended, in words.
fn ended(site: &Site, course: &Course, index: usize, clause: &str) -> String {
    let passed = site.faults().passed();
    let step = passed.last().map_or(String::new(), ToString::to_string);
    format!("{clause}: the process has ended in {} ({step})", course.ops[index])
}

/// What is there is what is wanted: what was before the operation, or what is after it.
fn check(site: &Site, course: &Course, index: usize, what: &str) {
    let state = site.state();
    let [before, after] = [&course.states[index], &course.states[index + 1]];
    // Where one operation is several commits, what is wanted may be in between; then only its end tells.
    if state.wanted == after.wanted {
        expect_things(
            &state.present,
            &after.present,
            &format!("{what}; it is done, and the host shows something else"),
        );
    } else if state.wanted == before.wanted {
        expect_things(
            &state.present,
            &before.present,
            &format!("{what}; it is not done, and the host shows something else"),
        );
    }
}

/// After the first recovery: settled, then on to the end.
async fn go_on(mut site: Site, course: &Course, index: usize, what: &str) {
    check(&site, course, index, what);
    site.expect_settled(what).await;
    let op = course.ops[index];
    site.perform_rest(&[op]).await;
    if let Op::Network(n) = op {
        // Making a network of global scope may be using it on this host too.
        let used = course.states[index + 1].wanted.len() > course.states[index].wanted.len();
        if used {
            site.perform_all(&[Op::Use(n)]).await;
        }
    }
    site.state().expect(&course.states[index + 1], &format!("{what}; then the operation was done"));
    site.perform_rest(&course.ops[index + 1..]).await;
    site.state().expect(&course.states[0], &format!("{what}; then all was done and removed"));
}
