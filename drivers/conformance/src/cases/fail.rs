//! What fails on a host.

use std::sync::Arc;

use netkeep_drivers::EnsureError;
use netkeep_model::Claim;

use crate::given::{expect_things, sites};
use crate::script::{Op, up};
use crate::sweep::{Course, Struck};
use crate::{Change, DriverHarness, Failure, Fault, Place, Verdict};

const HOST: &[Place] = &[Place::Host];

/// D-FAIL-1, D-FAIL-2: When a change of the host fails, before or after it is made: a driver that refuses has
/// left nothing, what may have been made is removed, and the same can be done again.
pub async fn a_failure_leaves_nothing(h: Arc<dyn DriverHarness>) -> Verdict {
    let mut strikes = 0;
    for site in sites(&h).await {
        let course = Course::of(&site).await;
        let makes = course.makes(&site);
        strikes += course
            .strike(&site, (0, makes), Fault::Fail, HOST, async |struck| {
                expect_undone(struck, &course, None).await;
            })
            .await;
    }
    if strikes > 0 { Verdict::Kept } else { Verdict::NotOf("nothing on its host can fail") }
}

/// What has failed was undone, and is done again; else `clause` is broken, or that which speaks of the failure.
pub(crate) async fn expect_undone(mut struck: Struck, course: &Course, clause: Option<&str>) {
    let Struck { site, index, step, outcome } = &mut struck;
    let op = course.ops[*index];
    let after = &course.states[*index + 1];
    let (of_failure, says) = match outcome {
        Ok(()) => ("D-FAIL-1", "the driver has coped with it"),
        Err(Failure::Ensured(EnsureError::Refused(_))) => ("D-FAIL-1", "the driver refuses"),
        Err(Failure::Ensured(EnsureError::Taken(..))) => ("D-FAIL-1", "the driver says that it is taken"),
        Err(Failure::Ensured(EnsureError::Unknown(_))) => {
            ("D-FAIL-2", "it may have been made, and was removed")
        }
        Err(failure) => panic!("{}: {op}, {step} failed: {failure}", clause.unwrap_or("D-FAIL-2")),
    };
    let clause = clause.unwrap_or(of_failure);
    let what = format!("{clause}: {op}, {step} failed; {says}");
    if outcome.is_ok() {
        site.state().expect(after, &what);
        return;
    }
    // An attachment whose sandbox has got its key stays, whatever comes of the key.
    if !matches!(op, Op::Key(..)) {
        expect_things(
            &site.present(),
            &course.states[*index].present,
            &format!("{what}; and the host is not as it was before"),
        );
    }
    site.restart().await;
    site.recover_well(&what).await;
    site.perform_rest(&[op]).await;
    site.state().expect(after, &format!("{what}; done again, and it is not the same"));
}

/// D-FAIL-3: What a stranger holds on the host is named by its claim, left alone, and planned around where there
/// is a choice.
pub async fn what_a_stranger_holds_is_planned_around(h: Arc<dyn DriverHarness>) -> Verdict {
    let mut occupied = 0;
    for like in sites(&h).await {
        let mut site = like.again().await;
        let ops = up(&site);
        site.perform_all(&ops).await;
        let claims: Vec<Claim> = site.seen().into_iter().flat_map(|plan| plan.claims).collect();
        let free_choice = |claim: &Claim| {
            // Of the samples' bindings, those over UDP leave the port to the driver.
            matches!(claim, Claim::Ports { protocol: netkeep_model::Protocol::Udp, .. })
        };
        for claim in claims {
            let mut site = like.again().await;
            let empty = site.present();
            if !site.test_host().occupy(&claim) {
                continue;
            }
            occupied += 1;
            let (before, since) = (site.present(), site.changed());
            let theirs: Vec<_> = before.difference(&empty).cloned().collect();
            let mut refused = None;
            for op in &ops {
                let present = site.present();
                if let Err(failure) = site.perform(*op).await {
                    let what = format!("D-FAIL-3: {op}, a stranger holds {claim}: {failure}");
                    assert!(!free_choice(&claim), "{what}; there are other ports");
                    expect_things(&site.present(), &present, &format!("{what}; and something is left"));
                    refused = Some(failure);
                    break;
                }
            }
            if let Some(Failure::Ensured(EnsureError::Unknown(error))) = refused {
                panic!("D-FAIL-3: a stranger holds {claim}, and the driver does not know: {error}");
            }
            site.clear(&before, "D-FAIL-3").await;
            for change in site.changes_since(since) {
                if let Change::Vanished(thing) = change {
                    assert!(
                        !theirs.contains(&thing),
                        "D-FAIL-3: {thing} is a stranger's, and was taken away"
                    );
                }
            }
        }
    }
    if occupied > 0 { Verdict::Kept } else { Verdict::NotOf("strangers can hold nothing of what it claims") }
}

/// D-FAIL-4: A removal that fails can be repeated until it succeeds, by the same instance or after a restart.
pub async fn a_removal_that_fails_can_be_repeated(h: Arc<dyn DriverHarness>) -> Verdict {
    let mut strikes = 0;
    for restarts in [false, true] {
        for site in sites(&h).await {
            let course = Course::of(&site).await;
            let range = (course.makes(&site), course.ops.len());
            strikes += course
                .strike(&site, range, Fault::Fail, HOST, async |mut struck| {
                    let op = course.ops[struck.index];
                    let what = format!("D-FAIL-4: {op}, {} failed", struck.step);
                    match struck.outcome {
                        Ok(()) | Err(Failure::Removed(_)) => {}
                        Err(failure) => panic!("{what}: {failure}"),
                    }
                    if restarts {
                        struck.site.restart().await;
                        struck.site.recover_well(&what).await;
                    }
                    struck.site.perform_rest(&[op]).await;
                    struck
                        .site
                        .state()
                        .expect(&course.states[struck.index + 1], &format!("{what}; then repeated"));
                    struck.site.perform_rest(&course.ops[struck.index + 1..]).await;
                    struck.site.state().expect(&course.states[0], &format!("{what}; then all was removed"));
                })
                .await;
        }
    }
    if strikes > 0 { Verdict::Kept } else { Verdict::NotOf("nothing on its host can fail") }
}

/// D-FAIL-5: While the host, or what the driver calls, is away, nothing succeeds that needs it; when it is back,
/// everything goes on.
pub async fn a_host_that_is_away_is_waited_for(h: Arc<dyn DriverHarness>) -> Verdict {
    let mut strikes = 0;
    for site in sites(&h).await {
        let course = Course::of(&site).await;
        strikes += course
            .strike(&site, (0, course.ops.len()), Fault::Vanish, HOST, async |mut struck| {
                let op = course.ops[struck.index];
                let what = format!("D-FAIL-5: {op}, and the host is away from {} on", struck.step);
                assert!(struck.outcome.is_err(), "{what}; the driver says that all is well");
                struck.site.restart().await;
                struck.site.recover_well(&what).await;
                struck.site.perform_rest(&[op]).await;
                struck
                    .site
                    .state()
                    .expect(&course.states[struck.index + 1], &format!("{what}; then it was back"));
                struck.site.expect_settled(&what).await;
            })
            .await;
    }
    if strikes > 0 { Verdict::Kept } else { Verdict::NotOf("nothing on its host can be away") }
}
