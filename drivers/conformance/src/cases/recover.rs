//! What recovery is.

use std::collections::BTreeSet;
use std::sync::Arc;

use netkeep_drivers::{DriverRecovery, Remains};

use crate::given::{expect_things, full_sites, sites};
use crate::script::{Op, has_second, up};
use crate::{DriverHarness, Fault, Place, Site, Verdict};

/// Takes everything in `things` from the host behind the driver's back.
fn lose(site: &Site, things: &BTreeSet<String>) {
    for thing in things {
        site.test_host().lose(thing);
    }
}

/// D-RECOVER-1: What is wanted and not there is made, and named in the report: after a reboot, and after the loss
/// of any one thing.
pub async fn what_is_lost_is_made_again(h: Arc<dyn DriverHarness>) -> Verdict {
    let mut lost = 0;
    for mut site in full_sites(&h).await {
        let before = site.present();
        let mut losses: Vec<BTreeSet<String>> = before.iter().map(|thing| [thing.clone()].into()).collect();
        losses.push(before.clone());
        for loss in losses.iter().filter(|loss| !loss.is_empty()) {
            lost += 1;
            lose(&site, loss);
            let what = format!("D-RECOVER-1: {loss:?} was lost");
            site.restart().await;
            let report = site.recover_well(&what).await;
            expect_things(&site.present(), &before, &what);
            assert!(!report.ensured.is_empty(), "{what}, made again, and not in the report");
            site.expect_settled(&what).await;
        }
    }
    if lost > 0 { Verdict::Kept } else { Verdict::NotOf("it makes nothing") }
}

/// D-RECOVER-2: What was noted and nothing wants is taken down, in whatever order it is told, and each such
/// object is named in the report.
pub async fn what_nothing_wants_is_taken_down(h: Arc<dyn DriverHarness>) -> Verdict {
    let mut noted = 0;
    for backwards in [false, true] {
        for mut site in full_sites(&h).await {
            let empty = site.again().await.present();
            site.forget_all();
            site.restart().await;
            let mut left = site.unwanted();
            noted += left.len();
            if backwards {
                left.reverse();
            }
            let expected: BTreeSet<_> = left.iter().map(|left| left.on).collect();
            let report = site.compare(site.wanted(), left).await;
            let report = report.unwrap_or_else(|error| panic!("D-RECOVER-2: {error}"));
            assert!(report.failed.is_empty(), "D-RECOVER-2: {:?}", report.failed);
            expect_things(&site.present(), &empty, "D-RECOVER-2: nothing is wanted, and something is left");
            let removed: BTreeSet<_> = report.removed.into_iter().collect();
            assert_eq!(
                removed, expected,
                "D-RECOVER-2: the report does not name what was noted and not wanted"
            );
        }
    }
    if noted > 0 { Verdict::Kept } else { Verdict::NotOf("it has nothing to do on a host") }
}

/// D-RECOVER-3: Nothing that is wanted and there goes, not for a moment, whatever else is amiss.
pub async fn nothing_that_is_wanted_is_torn_down(h: Arc<dyn DriverHarness>) -> Verdict {
    let mut things = 0;
    for mut site in full_sites(&h).await {
        things += site.present().len();
        let before = site.changed();
        site.restart().await;
        site.recover_well("D-RECOVER-3: all is well").await;
        site.expect_unchanged(before, "D-RECOVER-3: all was well, and recovery has changed something");
        for thing in site.present() {
            site.test_host().lose(&thing);
            let before = site.changed();
            site.restart().await;
            site.recover_well("D-RECOVER-3: something is lost").await;
            site.expect_nothing_gone(
                before,
                &format!("D-RECOVER-3: {thing} was lost, and recovery tears down more"),
            );
        }
        // One endpoint is no longer wanted: only what came with it may go.
        let wanted = site.present();
        site.perform_all(&[Op::Endpoint(0, 2), Op::Join(0, 2, true)]).await;
        let notes = site.local().notes.clone();
        site.perform_all(&[Op::Leave(0, 2), Op::RemoveEndpoint(0, 2)]).await;
        site.local().notes.extend(notes);
        let before = site.changed();
        site.restart().await;
        site.recover_well("D-RECOVER-3: an endpoint is gone").await;
        site.expect_nothing_gone(before, "D-RECOVER-3: an endpoint that is gone already is removed again");
        expect_things(
            &site.present(),
            &wanted,
            "D-RECOVER-3: an endpoint is gone, and something else with it",
        );
    }
    if things > 0 { Verdict::Kept } else { Verdict::NotOf("it makes nothing") }
}

/// D-RECOVER-4: What strangers have made stays, through everything the driver does.
pub async fn what_strangers_have_made_stays(h: Arc<dyn DriverHarness>) -> Verdict {
    let mut foreign = 0;
    for mut site in sites(&h).await {
        let theirs = site.test_host().foreign();
        foreign += theirs.len();
        let (before, since) = (site.present(), site.changed());
        let ops = up(&site);
        site.restart().await;
        site.recover_well("D-RECOVER-4: strangers have made something").await;
        site.perform_all(&ops).await;
        lose(&site, &site.present().difference(&theirs).cloned().collect());
        site.restart().await;
        site.recover_well("D-RECOVER-4: all but the strangers' was lost").await;
        site.clear(&before, "D-RECOVER-4").await;
        site.perform_all(&ops).await;
        site.forget_all();
        site.restart().await;
        site.recover_well("D-RECOVER-4: nothing is wanted").await;
        expect_things(&site.present(), &before, "D-RECOVER-4: strangers' things and ours");
        for change in site.changes_since(since) {
            if let crate::Change::Vanished(thing) = change {
                assert!(!theirs.contains(&thing), "D-RECOVER-4: {thing} is a stranger's, and was taken away");
            }
        }
    }
    if foreign > 0 { Verdict::Kept } else { Verdict::NotOf("nothing on a host looks like its things") }
}

/// D-RECOVER-5: Recovering again changes nothing more, and reports nothing more.
pub async fn recovering_twice_changes_nothing_more(h: Arc<dyn DriverHarness>) -> Verdict {
    for mut site in sites(&h).await {
        site.expect_settled("D-RECOVER-5: a host on which there is nothing").await;
        for op in up(&site) {
            site.perform_all(&[op]).await;
            // The first recovery may note what it was not told before.
            site.restart().await;
            site.recover_well("D-RECOVER-5: the first recovery").await;
            for _ in 0..2 {
                site.expect_settled(&format!("D-RECOVER-5: after {op}")).await;
            }
        }
        site.forget_all();
        site.restart().await;
        site.recover_well("D-RECOVER-5: nothing is wanted").await;
        site.expect_settled("D-RECOVER-5: nothing is wanted, again").await;
    }
    Verdict::Kept
}

/// D-RECOVER-6: What is wanted stays, also if it is told among what was noted.
pub async fn what_is_noted_and_wanted_stays(h: Arc<dyn DriverHarness>) -> Verdict {
    for mut site in full_sites(&h).await {
        let before = site.changed();
        let noted: Vec<Remains> = {
            let all: Vec<_> = site.local().notes.keys().copied().collect();
            all.into_iter().map(|on| site.remains(on)).collect()
        };
        site.restart().await;
        let report = site.compare(site.wanted(), noted).await;
        let report = report.unwrap_or_else(|error| panic!("D-RECOVER-6: {error}"));
        let DriverRecovery { removed, failed, .. } = report;
        assert!(
            removed.is_empty() && failed.is_empty(),
            "D-RECOVER-6: removed {removed:?}, failed {failed:?}"
        );
        site.expect_unchanged(before, "D-RECOVER-6: all that was noted is wanted");
    }
    Verdict::Kept
}

/// D-RECOVER-7: What fails for one object is in the report, hinders no other network, and succeeds the next time.
pub async fn one_failure_hinders_no_other(h: Arc<dyn DriverHarness>) -> Verdict {
    let mut strikes = 0;
    for like in sites(&h).await {
        let host: &[Place] = &[Place::Host];
        // No recovery has more steps than this.
        for at in 0..10_000 {
            let mut site = like.again().await;
            let ops = up(&site);
            let (mut first, mut all) = (BTreeSet::new(), site.present());
            for op in &ops {
                site.perform_all(&[*op]).await;
                if !matches!(
                    op,
                    Op::Network(1) | Op::Use(1) | Op::Endpoint(1, _) | Op::Join(1, ..) | Op::Publish(1, _)
                ) {
                    first = site.present();
                }
            }
            std::mem::swap(&mut all, &mut first);
            let full = site.present();
            let second: BTreeSet<_> = full.difference(&all).cloned().collect();
            lose(&site, &full);
            site.restart().await;
            site.faults().arm(Fault::Fail, host, at);
            let report = site.recover().await;
            let struck = site.faults().calm();
            let Some(step) = struck else { break };
            strikes += 1;
            if let Ok(report) = &report {
                let whole = site.present() == full;
                assert!(
                    whole || !report.failed.is_empty(),
                    "D-RECOVER-7: {step} failed, and is not in the report"
                );
                let of_first = report.failed.iter().all(|(on, _)| on.network() == crate::site::network_id(0));
                if has_second(&site) && of_first {
                    let missing: Vec<_> = second.difference(&site.present()).cloned().collect();
                    assert!(
                        missing.is_empty(),
                        "D-RECOVER-7: {step} failed for network 0; network 1 lacks {missing:?}"
                    );
                }
            }
            site.restart().await;
            site.recover_well(&format!("D-RECOVER-7: after {step} had failed")).await;
            expect_things(
                &site.present(),
                &full,
                &format!("D-RECOVER-7: {step} had failed, and the next recovery leaves a gap"),
            );
        }
    }
    if strikes > 0 { Verdict::Kept } else { Verdict::NotOf("nothing on its host can fail") }
}
