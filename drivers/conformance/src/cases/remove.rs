//! What removing is.

use std::sync::Arc;

use netkeep_drivers::{ErrorKind, Notes, Remains};
use netkeep_model::Object;

use crate::given::{expect_things, full_sites, sites};
use crate::script::{join_of, up};
use crate::site::{endpoint_id, network_id};
use crate::sweep::Course;
use crate::{DriverHarness, Failure, Verdict};

/// D-REMOVE-1: When everything is removed, nothing is left: not on the host, not in the stores.
pub async fn removing_leaves_nothing(h: Arc<dyn DriverHarness>) -> Verdict {
    for mut site in sites(&h).await {
        let before = site.present();
        let ops = up(&site);
        for round in 0..2 {
            site.perform_all(&ops).await;
            site.clear(&before, "D-REMOVE-1").await;
            for ledger in [site.local().clone(), site.global().clone()] {
                assert!(ledger.claims().is_empty(), "D-REMOVE-1: round {round}: held: {:?}", ledger.claims());
                assert!(
                    ledger.records.is_empty(),
                    "D-REMOVE-1: round {round}: records: {:?}",
                    ledger.records
                );
                assert!(ledger.notes.is_empty(), "D-REMOVE-1: round {round}: notes: {:?}", ledger.notes);
            }
        }
    }
    Verdict::Kept
}

/// D-REMOVE-2: Removing what was removed, and what never was, is a success and changes nothing.
pub async fn removing_what_is_not_there_is_a_success(h: Arc<dyn DriverHarness>) -> Verdict {
    for mut site in full_sites(&h).await {
        let never: Vec<Remains> = [
            Object::Join(
                network_id(7),
                endpoint_id(network_id(7), 0),
                join_of(0, 0).sandbox().expect("a join"),
            ),
            Object::Endpoint(network_id(7), endpoint_id(network_id(7), 0)),
            Object::Network(network_id(7)),
        ]
        .map(|on| Remains { on, notes: Notes::new(), records: Vec::new() })
        .into();
        let gone: Vec<Remains> = site.objects().into_iter().rev().map(|on| site.remains(on)).collect();
        let before = site.changed();
        for left in &never {
            let removed = site.driver().remove(&site.notes(), left).await;
            removed.unwrap_or_else(|error| panic!("D-REMOVE-2: {}, which never was: {error}", left.on));
        }
        site.expect_unchanged(before, "D-REMOVE-2: what never was, was removed");
        let empty = site.again().await.present();
        site.clear(&empty, "D-REMOVE-1").await;
        let before = site.changed();
        for _ in 0..2 {
            for left in &gone {
                let removed = site.driver().remove(&site.notes(), left).await;
                removed.unwrap_or_else(|error| panic!("D-REMOVE-2: {}, which is gone: {error}", left.on));
            }
            site.restart().await;
        }
        site.expect_unchanged(before, "D-REMOVE-2: what is gone was removed again");
    }
    Verdict::Kept
}

/// D-REMOVE-3: The notes of this host are enough to remove something: its records may be gone.
pub async fn notes_alone_are_enough_to_remove(h: Arc<dyn DriverHarness>) -> Verdict {
    for mut site in full_sites(&h).await {
        let empty = site.again().await.present();
        let mut left: Vec<Remains> = site.objects().into_iter().map(|on| site.remains(on)).collect();
        left.sort_by_key(|left| std::cmp::Reverse(left.on.kind()));
        site.forget_all();
        site.restart().await;
        for left in left {
            let left = Remains { records: Vec::new(), ..left };
            let removed = site.driver().remove(&site.notes(), &left).await;
            removed.unwrap_or_else(|error| panic!("D-REMOVE-3: {} by its notes: {error}", left.on));
        }
        expect_things(&site.present(), &empty, "D-REMOVE-3: removed by notes alone, and something is left");
    }
    Verdict::Kept
}

/// D-REMOVE-4: What one instance has made, another removes, without having recovered before.
pub async fn a_new_instance_removes_what_another_made(h: Arc<dyn DriverHarness>) -> Verdict {
    for site in sites(&h).await {
        let course = Course::of(&site).await;
        let makes = course.makes(&site);
        let mut site = site.again().await;
        site.perform_all(&course.ops[..makes]).await;
        for (index, op) in course.ops.iter().enumerate().skip(makes) {
            site.restart().await;
            let done = site.perform(*op).await;
            done.unwrap_or_else(|failure| panic!("D-REMOVE-4: {op} by another instance: {failure}"));
            site.state()
                .expect(&course.states[index + 1], &format!("D-REMOVE-4: after {op} by another instance"));
        }
    }
    Verdict::Kept
}

/// D-REMOVE-5: Asking whether something may be removed changes nothing, and has the same answer again.
pub async fn a_veto_changes_nothing(h: Arc<dyn DriverHarness>) -> Verdict {
    for mut site in full_sites(&h).await {
        for what in site.objects() {
            let (changed, notes) = (site.changed(), site.local().notes.clone());
            let mut answers = Vec::new();
            for _ in 0..2 {
                let answer = site.driver().may_remove(&site.view(), &what).await;
                if let Err(error) = &answer {
                    assert_eq!(error.kind(), ErrorKind::Forbidden, "D-REMOVE-5: a veto of {what}: {error}");
                }
                answers.push(answer.is_ok());
                site.restart().await;
            }
            assert_eq!(answers[0], answers[1], "D-REMOVE-5: {what} may be removed, and may not");
            site.expect_unchanged(changed, "D-REMOVE-5: it was asked what may be removed");
            assert_eq!(site.local().notes, notes, "D-REMOVE-5: a veto has left notes");
        }
        site.expect_settled("D-REMOVE-5: it was asked what may be removed").await;
    }
    Verdict::Kept
}

/// D-REMOVE-6: A network that the driver keeps is not let go: everything stays as it is.
pub async fn what_a_driver_keeps_is_not_let_go(h: Arc<dyn DriverHarness>) -> Verdict {
    let Some(kept) = h.sample().kept else { return Verdict::NotOf("it keeps no network") };
    for mut site in sites(&h).await {
        let mut request = site.network_request(0);
        request.network.options = kept();
        let id = site.create_network(&request).await;
        let id = id.unwrap_or_else(|failure| panic!("D-REMOVE-6: a network that is to be kept: {failure}"));
        site.use_network(id).await.unwrap_or_else(|failure| panic!("D-REMOVE-6: {failure}"));
        let before = site.changed();
        for _ in 0..2 {
            let removed = site.remove_network(id).await;
            let vetoed =
                matches!(&removed, Err(Failure::Vetoed(error)) if error.kind() == ErrorKind::Forbidden);
            assert!(vetoed, "D-REMOVE-6: removing a network that is to be kept gave {removed:?}");
            site.restart().await;
        }
        site.expect_unchanged(before, "D-REMOVE-6: a network is to be kept");
        site.expect_settled("D-REMOVE-6: a network is to be kept").await;
    }
    Verdict::Kept
}
