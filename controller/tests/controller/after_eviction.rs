//! What is left of an eviction that nobody has finished, and of the host that it was about.

use std::collections::BTreeSet;
use std::time::Duration;

use netkeep_controller::{CheckReport, Controller, GlobalCheck, GlobalState, Invariant, RepairPlan};
use netkeep_drivers_conformance::TestHost;
use netkeep_drivers_conformance::models::FakeKernel;
use netkeep_model::HostId;
use netkeep_store::{Key, Txn};
use serde_json::{Value, json};

use crate::eviction::{everything_is_free, is_free, kill, missed, own_everything};
use crate::shared_attachments::{blue, knows, sandbox, with_overlay};
use crate::support::{Shared, address_request, clean, endpoint, eventually};

/// So long that no host looks after the others by itself while a test runs.
const LONG: Duration = Duration::from_secs(3600);

/// Evicts a host as one does who ends before anything is released.
async fn shut_out(shared: &Shared, host: HostId) -> String {
    let key = format!("hosts/{}", host.segment());
    let (at, store) = (Key::parse(&key).unwrap(), shared.connect());
    let mut stored: Value = serde_json::from_slice(&store.get(&at).await.unwrap().unwrap().value).unwrap();
    stored["record"]["evicted_through"] = stored["record"]["incarnation"].clone();
    store.commit(&Txn::new().put(at, stored.to_string())).await.unwrap();
    key
}

async fn checked(controller: &Controller) -> (CheckReport, RepairPlan) {
    let report = controller.check().await.unwrap();
    // As it comes out of a file.
    let plan = serde_json::to_string(&report.plan()).unwrap();
    match report.global {
        Some(GlobalCheck::Checked(global)) => (*global, serde_json::from_str(&plan).unwrap()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_evicted_runs_still_own_is_wrong_and_a_repair_releases_it() {
    let shared = Shared::new();
    let (a, b) = (shared.host_with(LONG), shared.host_with(LONG));
    let (controller, neighbour) = (a.open().await, b.open().await);
    own_everything(&controller).await;
    let host = kill(&shared, &a, controller).await;
    clean(&neighbour).await;
    let key = shut_out(&shared, host).await;

    let (report, plan) = checked(&neighbour).await;
    let [found] = report.violations.as_slice() else { panic!("{:#?}", report.violations) };
    assert_eq!((found.invariant, &found.key), (Invariant::I1, &key));
    assert!(found.found.contains("66 of their records"), "{found:?}");
    assert!(found.mend.contains("evict it again"), "{found:?}");
    let before = shared.keys().await;
    assert!(neighbour.repair(plan.clone(), false).await.unwrap().is_whole());
    assert_eq!(shared.keys().await, before, "nothing is changed yet");
    let done = neighbour.repair(plan, true).await.unwrap();
    assert!(done.is_whole(), "{done:#?}");
    everything_is_free(&shared, &neighbour, host).await;
}

#[tokio::test]
async fn a_plan_to_evict_again_says_nothing_of_a_host_that_has_begun_again() {
    let shared = Shared::new();
    let (a, b) = (shared.host_with(LONG), shared.host_with(LONG));
    let (controller, neighbour) = (a.open().await, b.open().await);
    own_everything(&controller).await;
    let host = kill(&shared, &a, controller).await;
    shut_out(&shared, host).await;
    let (_, plan) = checked(&neighbour).await;
    let back = shared.host_over(a.site).open().await;
    let web = back.create_endpoint("blue", endpoint(json!({"name": "web"}))).await.unwrap();
    let error = neighbour.repair(plan, true).await.unwrap_err();
    assert!(error.to_string().contains("nothing was done"), "{error}");
    assert_eq!(back.endpoints("blue").unwrap(), [web]);
    clean(&back).await;
}

/// What each host has of an attachment, and what both have published.
async fn entries(shared: &Shared) -> BTreeSet<String> {
    shared.keys().await.into_iter().filter(|key| key.starts_with("tables/")).collect()
}

#[tokio::test]
async fn a_host_that_was_evicted_takes_down_its_attachments_when_it_is_back() {
    for ended in [true, false] {
        let shared = Shared::new();
        let (one, two) = (shared.host(), shared.host());
        let kernels = [FakeKernel::new(0), FakeKernel::new(1)];
        let a = with_overlay(&one, &kernels[0]).await;
        let b = with_overlay(&two, &kernels[1]).await;
        blue(&a, "model-overlay").await;
        a.create_endpoint("blue", endpoint(json!({"name": "own"}))).await.unwrap();
        knows(&b, "own").await;
        for name in ["lent", "theirs"] {
            b.create_endpoint("blue", endpoint(json!({"name": name}))).await.unwrap();
        }
        knows(&a, "theirs").await;
        sandbox(&a, "c").await;
        sandbox(&b, "d").await;
        // One that it made itself, and one that the other host made.
        b.join("blue", "theirs", "d").await.unwrap();
        for name in ["own", "lent"] {
            a.join("blue", name, "c").await.unwrap();
        }
        assert!(!kernels[0].present().is_empty());
        eventually("b hears of all", || {
            let attached =
                b.endpoints("blue").ok()?.into_iter().filter(|of| of.endpoint.attachment.is_some());
            (attached.count() == 3).then_some(())
        })
        .await;
        assert_eq!(entries(&shared).await.len(), 3);

        let id = a.status().host.to_string();
        one.faults.freeze();
        let done = b.evict_host(&id, true).await.unwrap();
        assert!(done.left.is_empty(), "{:?}", done.left);
        assert_eq!(entries(&shared).await.len(), 1, "what others hear of goes at once");
        assert!(!kernels[0].present().is_empty(), "nobody else takes it down");
        let back = if ended {
            drop(a);
            with_overlay(&shared.host_over(one.site), &kernels[0]).await
        } else {
            one.faults.thaw();
            eventually("it has begun again", || {
                let global = a.status().global.unwrap();
                let begun = global.incarnation.is_some_and(|now| now > done.evicted_through);
                (begun && global.state == GlobalState::InSync).then_some(())
            })
            .await;
            a
        };
        let none = || kernels[0].present().is_empty().then_some(());
        eventually("what it had made is taken down", none).await;
        let empty = || back.sandbox("c").ok()?.sandbox.endpoints.is_empty().then_some(());
        eventually("its sandbox has nothing of it", empty).await;
        clean(&back).await;
        clean(&b).await;
        assert_eq!(back.endpoints("blue").unwrap().len(), 2, "its own one is gone");
        let attached = |name| back.endpoint("blue", name).unwrap().endpoint.attachment.is_some();
        assert!(!attached("lent") && attached("theirs"));
        // What it was can be had again, and the other host was not disturbed.
        back.join("blue", "lent", "c").await.unwrap();
        assert!(!kernels[0].present().is_empty() && !kernels[1].present().is_empty());
        clean(&back).await;
    }
}

#[tokio::test]
async fn a_pool_of_which_others_hold_addresses_goes_with_the_last_of_them() {
    let shared = Shared::new();
    let (a, b) = (shared.host(), shared.host_with(Duration::from_millis(300)));
    let (controller, neighbour) = (a.open().await, b.open().await);
    own_everything(&controller).await;
    let pool = json!({"space": "GlobalDefault", "pool": "10.2.0.0/24"});
    eventually("the pool is seen", || (neighbour.pools().len() >= 3).then_some(())).await;
    let held = neighbour.request_address(address_request(pool)).await.unwrap();
    let host = kill(&shared, &a, controller).await;
    missed(&neighbour, host).await;
    let done = neighbour.evict_host(&host.to_string(), false).await.unwrap();
    assert_eq!(done.left.len(), 1, "{:?}", done.left);
    assert!(done.left[0].contains("10.2.0.0/24") && done.left[0].contains(&held.address.to_string()));
    clean(&neighbour).await;
    neighbour.release_address(held.space, held.pool, held.address).await.unwrap();
    eventually("it goes by itself", || is_free(&neighbour, host)).await;
    everything_is_free(&shared, &neighbour, host).await;
}
