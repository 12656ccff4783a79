//! What ensuring is.

use std::sync::Arc;

use netkeep_drivers::Mode;

use crate::given::{expect_things, first_endpoint, global_sites, sites};
use crate::rules::Stage;
use crate::script::{Op, up};
use crate::sweep::Course;
use crate::{DriverHarness, Fault, Place, Verdict};

/// D-ENSURE-1: Ensuring what is there changes nothing, by the same instance and by a new one.
pub async fn ensuring_twice_is_ensuring_once(h: Arc<dyn DriverHarness>) -> Verdict {
    if h.restart().await.info().mode == Mode::Called {
        return Verdict::NotOf("it is called, and may refuse to be called twice");
    }
    for mut site in sites(&h).await {
        for op in up(&site) {
            site.perform_all(&[op]).await;
            for _ in 0..2 {
                let before = site.changed();
                site.ensure_all().await;
                site.expect_unchanged(before, "D-ENSURE-1: everything was ensured again");
                site.restart().await;
            }
        }
    }
    Verdict::Kept
}

/// D-ENSURE-2: What one instance has planned, another makes from the committed values alone.
pub async fn a_new_instance_makes_what_another_planned(h: Arc<dyn DriverHarness>) -> Verdict {
    for site in sites(&h).await {
        let course = Course::of(&site).await;
        let mut renewed = site.again().await;
        renewed.renew_after_plans();
        for (index, op) in course.ops.iter().enumerate() {
            let done = renewed.perform(*op).await;
            done.unwrap_or_else(|failure| panic!("D-ENSURE-2: {op} by another instance: {failure}"));
            renewed
                .state()
                .expect(&course.states[index + 1], &format!("D-ENSURE-2: after {op} by another instance"));
        }
    }
    Verdict::Kept
}

/// D-ENSURE-3: Where a plan says that this host has nothing to do, ensuring does nothing.
pub async fn nothing_to_do_is_nothing_done(h: Arc<dyn DriverHarness>) -> Verdict {
    let mut idle = 0;
    for mut site in sites(&h).await {
        for op in up(&site) {
            let (before, seen) = (site.changed(), site.seen().len());
            site.perform_all(&[op]).await;
            let plans = site.seen().split_off(seen);
            if plans.is_empty() || plans.iter().any(|plan| plan.ensure) {
                continue;
            }
            // A network of global scope may say only here what there is to do on this host.
            if op == Op::Network(0) && site.seen().iter().any(|plan| plan.stage == Stage::Here) {
                continue;
            }
            idle += 1;
            site.ensure_all().await;
            site.expect_unchanged(before, &format!("D-ENSURE-3: {op} had nothing to do on this host"));
        }
    }
    if idle > 0 { Verdict::Kept } else { Verdict::NotOf("there is always something to do") }
}

/// D-ENSURE-4: A sandbox key that comes later leads to the same as one that was there from the start.
pub async fn a_sandbox_key_may_come_later(h: Arc<dyn DriverHarness>) -> Verdict {
    for site in sites(&h).await {
        let mut ends = Vec::new();
        for ops in [
            &[Op::Join(0, 0, true)][..],
            &[Op::Join(0, 0, false), Op::Key(0, 0)],
            &[Op::Join(0, 0, false), Op::Publish(0, 0), Op::Key(0, 0)],
        ] {
            let mut site = site.again().await;
            site.perform_all(&[Op::Network(0), Op::Use(0), Op::Endpoint(0, 0)]).await;
            site.perform_all(ops).await;
            site.perform_rest(&[Op::Publish(0, 0)]).await;
            site.expect_settled("D-ENSURE-4: a sandbox has its key").await;
            ends.push(site.state());
        }
        assert!(
            ends.iter().all(|end| *end == ends[0]),
            "D-ENSURE-4: a key later, and it is not the same: {ends:?}"
        );
    }
    Verdict::Kept
}

/// D-ENSURE-5: A driver that plans answers to ensure what it has planned, now and after a restart.
pub async fn ensure_answers_what_was_planned(h: Arc<dyn DriverHarness>) -> Verdict {
    if h.restart().await.info().mode == Mode::Called {
        return Verdict::NotOf("it is called, and answers only then");
    }
    for mut site in sites(&h).await {
        let ops = up(&site);
        // The answers of the first ensure are judged where they are given.
        site.perform_all(&ops).await;
        site.restart().await;
        let wanted = site.wanted();
        for state in &wanted.networks {
            let answer = site.driver().ensure_network(&site.notes(), state).await;
            let answer = answer.unwrap_or_else(|error| panic!("D-ENSURE-5: {error}"));
            crate::rules::check_network_again(&state.network, answer);
        }
        for state in &wanted.endpoints {
            let answer = site.driver().ensure_endpoint(&site.notes(), state).await;
            let answer = answer.unwrap_or_else(|error| panic!("D-ENSURE-5: {error}"));
            crate::rules::check_endpoint_again(&state.endpoint, answer);
        }
        for state in &wanted.joins {
            let answer = site.driver().ensure_join(&site.notes(), state).await;
            let answer = answer.unwrap_or_else(|error| panic!("D-ENSURE-5: {error}"));
            let planned = site.local().joins.get(&state.object()).and_then(|join| join.answer.clone());
            let mut planned = planned.unwrap_or_else(|| panic!("{} has no answer", state.object()));
            // Bindings that are published otherwise may be told too.
            planned.bindings.clone_from(&answer.bindings);
            assert_eq!(answer, planned, "D-ENSURE-5: the answer to {} was another", state.object());
        }
    }
    Verdict::Kept
}

/// D-ENSURE-6: A network of global scope is made on each host that uses it, and unmade there with its last use.
pub async fn another_host_makes_what_one_has_planned(h: Arc<dyn DriverHarness>) -> Verdict {
    let sites = global_sites(&h).await;
    if sites.is_empty() {
        return Verdict::NotOf("it has no networks of global scope");
    }
    for mut one in sites {
        one.perform_all(&[Op::Network(0)]).await;
        let mut other = one.beside(1).await;
        let before = (one.present(), other.present());
        for op in [Op::Use(0), Op::Endpoint(0, 3), Op::Join(0, 3, true)] {
            let done = other.perform(op).await;
            done.unwrap_or_else(|failure| panic!("D-ENSURE-6: {op} on another host: {failure}"));
        }
        let mut alone = one.again().await;
        alone.perform_all(&[Op::Network(0)]).await;
        let created = alone.present();
        alone.perform_all(&[Op::Use(0), Op::Endpoint(0, 3), Op::Join(0, 3, true)]).await;
        assert_eq!(
            other.present().difference(&before.1).collect::<Vec<_>>(),
            alone.present().difference(&created).collect::<Vec<_>>(),
            "D-ENSURE-6: a host that did not create the network makes something else of it"
        );
        expect_things(&one.present(), &before.0, "D-ENSURE-6: what one host makes shows on another");
        other.expect_settled("D-ENSURE-6: a host that did not create the network").await;
        other.perform_all(&[Op::Leave(0, 3), Op::RemoveEndpoint(0, 3)]).await;
        one.perform_all(&[Op::RemoveNetwork(0)]).await;
        other.restart().await;
        other.recover_well("D-ENSURE-6: the network is gone").await;
        expect_things(
            &other.present(),
            &before.1,
            "D-ENSURE-6: the network is gone, and something of it is left",
        );
        assert!(
            other.local().claims().is_empty(),
            "D-ENSURE-6: the host still holds {:?}",
            other.local().claims()
        );
    }
    Verdict::Kept
}

/// D-NOTE-1: Whatever was made can be found from notes: after a crash anywhere, with all records gone, recovery
/// leaves nothing.
pub async fn what_is_made_was_noted_before(h: Arc<dyn DriverHarness>) -> Verdict {
    for site in sites(&h).await {
        let course = Course::of(&site).await;
        for at in 0..course.steps {
            let Some((mut crashed, index)) = course.crash(&site, at).await else { break };
            let step = crashed.faults().calm().map_or(String::new(), |step| step.to_string());
            crashed.forget_all();
            crashed.restart().await;
            let what = format!(
                "D-NOTE-1: the process has ended in {} ({step}), all records are gone",
                course.ops[index]
            );
            crashed.recover_well(&what).await;
            expect_things(
                &crashed.present(),
                &course.states[0].present,
                &format!("{what}; something is left on the host"),
            );
            let notes = crashed.local().notes.clone();
            assert!(notes.is_empty(), "{what}; these were not reported as removed: {notes:?}");
        }
    }
    Verdict::Kept
}

/// D-NOTE-2: If a note cannot be kept, what it was for is not made, and the driver says that it failed.
pub async fn a_note_that_cannot_be_kept_stops_what_it_is_for(h: Arc<dyn DriverHarness>) -> Verdict {
    let mut strikes = 0;
    for site in sites(&h).await {
        let course = Course::of(&site).await;
        let makes = course.makes(&site);
        let notes: &[Place] = &[Place::Note];
        strikes += course
            .strike(&site, (0, makes), Fault::Fail, notes, async |mut struck| {
                let op = course.ops[struck.index];
                let what = format!("D-NOTE-2: {op}, {}", struck.step);
                assert!(
                    struck.outcome.is_err(),
                    "{what}: the note failed, and the driver says that all is well"
                );
                let before = &course.states[struck.index].present;
                expect_things(
                    &struck.site.present(),
                    before,
                    &format!("{what}: it failed, and something was made"),
                );
                struck.site.perform_all(&[op]).await;
                let after = &course.states[struck.index + 1].present;
                expect_things(
                    &struck.site.present(),
                    after,
                    &format!("{what}: done again, and it is not the same"),
                );
            })
            .await;
    }
    if strikes > 0 { Verdict::Kept } else { Verdict::NotOf("it notes nothing") }
}

/// D-ENSURE-7: An attachment can be made, ended and made again, also to another sandbox, and leads to the same.
pub async fn an_endpoint_can_join_again(h: Arc<dyn DriverHarness>) -> Verdict {
    for mut site in sites(&h).await {
        site.perform_all(&[Op::Network(0), Op::Use(0), Op::Endpoint(0, 0)]).await;
        let (network, id) = first_endpoint();
        let mut ends = Vec::new();
        for sandbox in [0, 5, 0] {
            let request = site.join_request(&site.endpoint_state(network, id), sandbox, true);
            let join = site.join(&request).await.unwrap_or_else(|failure| panic!("D-ENSURE-7: {failure}"));
            site.publish(join).await.unwrap_or_else(|failure| panic!("D-ENSURE-7: {failure}"));
            ends.push(site.present());
            site.leave(join).await.unwrap_or_else(|failure| panic!("D-ENSURE-7: {failure}"));
        }
        assert_eq!(ends[0], ends[2], "D-ENSURE-7: joined again, and it is not the same");
        site.perform_all(&[Op::RemoveEndpoint(0, 0), Op::RemoveNetwork(0)]).await;
    }
    Verdict::Kept
}
