//! Hosts that share a store: what one makes, the others see, use and delete.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use netkeep_controller::ErrorKind::{Ambiguous, Exists, InUse, Invalid, NotFound, Unavailable};
use netkeep_controller::{Controller, GlobalCheck, GlobalState};
use netkeep_model::{Id, Scope};
use netkeep_store::datastore::LocalStore;
use netkeep_store::layers::Operation;
use netkeep_store::remote::{ClientState, KnownStore};
use netkeep_store::{Identity, Prefix, Revision};
use netkeep_store_conformance::fault::{Fault, Step};
use serde_json::{Value, json};

use crate::support::{
    Host, Shared, Site, address_request, clean, endpoint, eventually, network, pool, pool_request, refused,
    refused_naming, space, stands, together,
};

/// A network of global scope with one pool.
fn blue(cidr: &str) -> Value {
    json!({"name": "blue", "driver": "manual", "scope": "global", "ipam": {"pools": [{"pool": cidr}]}})
}

/// Waits until a host sees a network.
async fn sees(controller: &Controller, name: &str) {
    eventually("the network is seen", || controller.network(name).ok()).await;
}

/// Waits until a host sees so many endpoints of a network.
async fn counts(controller: &Controller, network: &str, count: usize) {
    let seen = || controller.endpoints(network).is_ok_and(|found| found.len() == count).then_some(());
    eventually("the endpoints are seen", seen).await;
}

#[tokio::test]
async fn what_one_host_makes_the_others_see_use_and_delete() {
    let shared = Shared::new();
    let (a, b) = (shared.host(), shared.host());
    let (one, other) = (a.open().await, b.open().await);
    let made = one.create_network(network(blue("10.1.0.0/24"))).await.unwrap();
    assert_eq!(made.network.scope, Scope::Global);
    assert_eq!(made.network.ipam.space.as_ref().unwrap().as_str(), "GlobalDefault");
    sees(&other, "blue").await;
    assert_eq!(other.network("blue").unwrap(), made);
    assert_eq!(other.networks(), one.networks());
    let again = network(blue("10.9.0.0/24"));
    refused_naming(other.create_network(again).await, Exists, &["blue", &made.id.to_string()]);

    let web = json!({"name": "web", "options": {"com.netkeep.manual.number": "vni", "com.netkeep.manual.data": "x"}});
    let web = other.create_endpoint("blue", endpoint(web)).await.unwrap();
    counts(&one, "blue", 1).await;
    assert_eq!(one.endpoint("blue", "web").unwrap(), web);
    assert_ne!(web.endpoint.owner.host, one.status().host);
    let active = &["web", &web.id.short()];
    refused_naming(one.delete_network("blue").await, InUse, active);
    clean(&one).await;
    clean(&other).await;
    one.delete_endpoint("blue", "web").await.unwrap();
    one.delete_network("blue").await.unwrap();
    eventually("it is gone", || other.network("blue").is_err().then_some(())).await;
    refused(other.network("blue").map(|_| ()), NotFound);
    shared.nothing_left().await;
    a.site.nothing_left().await;
    b.site.nothing_left().await;
}

/// Long enough for a host that does not wait for what it has not heard to do the wrong thing.
const TEMPTATION: Duration = Duration::from_millis(100);

#[tokio::test]
async fn what_is_refused_is_what_no_other_host_has_made_or_deleted_meanwhile() {
    let shared = Shared::new();
    let (a, b) = (shared.host(), shared.host());
    let (one, other) = (a.open().await, b.open().await);
    one.create_network(network(blue("10.1.0.0/24"))).await.unwrap();
    let name = |name: &str| endpoint(json!({"name": name}));
    one.create_endpoint("blue", name("old")).await.unwrap();
    counts(&other, "blue", 1).await;

    // All that happens now the other host hears late.
    b.faults.hold_watches(None);
    one.create_endpoint("blue", name("new")).await.unwrap();
    one.delete_endpoint("blue", "old").await.unwrap();
    one.create_network(network(json!({"name": "red", "driver": "manual", "scope": "global"}))).await.unwrap();
    let late = async {
        tokio::time::sleep(TEMPTATION).await;
        assert!(other.endpoint("blue", "old").is_ok() && other.endpoint("blue", "new").is_err());
        b.faults.release_watches();
    };
    let (deleted, made, used, refusal, ()) = tokio::join!(
        other.delete_endpoint("blue", "new"),
        other.create_endpoint("blue", name("old")),
        other.create_endpoint("red", name("web")),
        other.delete_endpoint("blue", "never"),
        late,
    );
    deleted.unwrap();
    made.unwrap();
    used.unwrap();
    refused(refusal, NotFound);
    clean(&one).await;
}

#[tokio::test]
async fn what_another_host_has_made_is_deleted_with_all_that_hangs_on_it() {
    let shared = Shared::new();
    let (a, b) = (shared.host(), shared.host());
    let (one, other) = (a.open().await, b.open().await);
    one.create_network(network(blue("10.1.0.0/24"))).await.unwrap();
    sees(&other, "blue").await;

    // The other host hears of the endpoint before it hears of its address and its name, which the same commit wrote.
    b.faults.hold_watches(Some(Prefix::parse("endpoints").unwrap()));
    let web = json!({"name": "web", "options": {"com.netkeep.manual.number": "vni", "com.netkeep.manual.data": "x"}});
    let web = one.create_endpoint("blue", endpoint(web)).await.unwrap();
    counts(&other, "blue", 1).await;
    assert!(other.addresses(None, None).len() < one.addresses(None, None).len());
    let late = async {
        tokio::time::sleep(TEMPTATION).await;
        b.faults.release_watches();
    };
    let id = web.id.to_string();
    let (deleted, ()) = tokio::join!(other.delete_endpoint("blue", &id), late);
    deleted.unwrap();
    clean(&one).await;
    other.delete_network("blue").await.unwrap();
    shared.nothing_left().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn pain_29_no_two_hosts_get_one_address() {
    let shared = Shared::new();
    let controllers = [shared.host().open().await, shared.host().open().await];
    for round in 0..4 {
        // In the last round there are exactly as many addresses as are asked for, beside the gateway.
        let (cidr, count) = if round == 3 { ("10.1.0.0/26", 61) } else { ("10.1.0.0/24", 64) };
        controllers[0].create_network(network(blue(cidr))).await.unwrap();
        sees(&controllers[1], "blue").await;
        let made = together(count, |i| {
            let controller = controllers[i % 2].clone();
            async move { controller.create_endpoint("blue", endpoint(json!({"name": format!("e{i}")}))).await }
        })
        .await;
        let made: Vec<_> = made.into_iter().map(Result::unwrap).collect();
        let given: BTreeSet<_> = made.iter().map(|made| made.endpoint.interfaces[0].ipv4.unwrap()).collect();
        assert_eq!(given.len(), count, "round {round}");
        for controller in &controllers {
            counts(controller, "blue", count).await;
            clean(controller).await;
        }
        let gone = together(count, |i| {
            // Each by the other host.
            let controller = controllers[(i + 1) % 2].clone();
            async move { controller.delete_endpoint("blue", &format!("e{i}")).await }
        })
        .await;
        gone.into_iter().for_each(|gone| gone.unwrap());
        counts(&controllers[1], "blue", 0).await;
        controllers[1].delete_network("blue").await.unwrap();
        eventually("it is gone", || controllers[0].network("blue").is_err().then_some(())).await;
        shared.nothing_left().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn pain_56_one_of_two_hosts_gets_a_name_and_a_pool() {
    let shared = Shared::new();
    let controllers = [shared.host().open().await, shared.host().open().await];
    for round in 0..20 {
        let made = together(2, |i| {
            let (controller, spec) = (controllers[i].clone(), network(blue("10.1.0.0/24")));
            async move { controller.create_network(spec).await }
        })
        .await;
        let winner = made.iter().position(Result::is_ok).expect("one of them makes it");
        for error in made.iter().filter_map(|made| made.as_ref().err()) {
            assert!([Exists, InUse].contains(&error.kind()), "round {round}: {error}");
        }
        assert_eq!(made.iter().filter(|made| made.is_ok()).count(), 1, "round {round}");
        let loser = &controllers[1 - winner];
        sees(loser, "blue").await;
        loser.delete_network("blue").await.unwrap();
        eventually("it is gone", || controllers[winner].network("blue").is_err().then_some(())).await;
        shared.nothing_left().await;
    }
}

#[tokio::test]
async fn a_name_in_both_stores_is_ambiguous_and_an_id_is_not() {
    let shared = Shared::new();
    let controller = shared.host().open().await;
    let local = json!({"name": "blue", "driver": "manual"});
    let here = controller.create_network(network(local)).await.unwrap();
    let there = controller.create_network(network(blue("10.1.0.0/24"))).await.unwrap();
    assert_eq!(
        controller.networks().iter().map(|network| network.id).collect::<Vec<_>>(),
        [here.id, there.id]
    );
    let ids = [here.id.to_string(), there.id.to_string()];
    let both = &["blue", ids[0].as_str(), ids[1].as_str()];
    refused_naming(controller.network("blue"), Ambiguous, both);
    refused_naming(controller.delete_network("blue").await, Ambiguous, both);
    let spec = || endpoint(json!({"name": "web"}));
    refused_naming(controller.create_endpoint("blue", spec()).await, Ambiguous, both);
    for made in [&here, &there] {
        let id = made.id.to_string();
        assert_eq!(controller.network(&id).unwrap().network.scope, made.network.scope);
        controller.create_endpoint(&id, spec()).await.unwrap();
        assert_eq!(controller.endpoints(&made.id.short()).unwrap().len(), 1);
        controller.delete_endpoint(&id, "web").await.unwrap();
    }
    controller.delete_network(&ids[1]).await.unwrap();
    assert_eq!(controller.network("blue").unwrap().id, here.id);
}

#[tokio::test]
async fn a_request_is_repeated_by_another_host_and_in_the_store_that_it_was_made_for() {
    let shared = Shared::new();
    let (one, other) = (shared.host().open().await, shared.host().open().await);
    let request = Id::generate().to_string();
    let mut spec = blue("10.1.0.0/24");
    spec["request"] = json!(request);
    let made = one.create_network(network(spec.clone())).await.unwrap();
    assert_eq!(made.id.to_string(), request);
    sees(&other, "blue").await;
    assert_eq!(other.create_network(network(spec.clone())).await.unwrap(), made);
    spec["scope"] = json!("local");
    refused_naming(other.create_network(network(spec)).await, Exists, &["another scope"]);
    let web = json!({"name": "web", "request": Id::generate().to_string()});
    let made = one.create_endpoint("blue", endpoint(web.clone())).await.unwrap();
    counts(&other, "blue", 1).await;
    assert_eq!(other.create_endpoint("blue", endpoint(web)).await.unwrap(), made);
}

#[tokio::test]
async fn pools_and_addresses_are_where_their_space_is() {
    let shared = Shared::new();
    let (a, b) = (shared.host(), shared.host());
    let (one, other) = (a.open().await, b.open().await);
    let local = one.request_pool(pool_request(json!({"pool": "10.2.0.0/24"}))).await.unwrap();
    assert_eq!(local.space, space("LocalDefault"));
    let wanted = json!({"space": "GlobalDefault", "pool": "10.2.0.0/24"});
    let global = one.request_pool(pool_request(wanted.clone())).await.unwrap();
    eventually("the pool is seen", || other.pools().contains(&global).then_some(())).await;
    assert!(!other.pools().contains(&local), "it is of the other host");
    refused(other.request_pool(pool_request(wanted)).await, InUse);

    let given = json!({"space": "GlobalDefault", "pool": "10.2.0.0/24", "address": "10.2.0.9"});
    one.request_address(address_request(given.clone())).await.unwrap();
    let filter = space("GlobalDefault");
    eventually("the address is seen", || (other.addresses(Some(&filter), None).len() == 1).then_some(()))
        .await;
    refused(other.request_address(address_request(given)).await, InUse);
    refused(other.release_pool(filter.clone(), pool("10.2.0.0/24"), None).await, InUse);
    other.release_address(filter.clone(), pool("10.2.0.0/24"), [10, 2, 0, 9].into()).await.unwrap();
    other.release_pool(filter, pool("10.2.0.0/24"), None).await.unwrap();
    shared.nothing_left().await;
    one.release_pool(space("LocalDefault"), pool("10.2.0.0/24"), None).await.unwrap();
    clean(&one).await;
    a.site.nothing_left().await;
}

#[tokio::test]
async fn what_is_of_the_other_scope_is_refused() {
    let shared = Shared::new();
    let host = shared.host();
    let controller = host.open().await;
    let mut spec = blue("10.1.0.0/24");
    spec["ipam"]["space"] = json!("LocalDefault");
    refused_naming(
        controller.create_network(network(spec.clone())).await,
        Invalid,
        &["ipam.space", "GlobalDefault"],
    );
    spec["scope"] = json!("local");
    spec["ipam"]["space"] = json!("GlobalDefault");
    refused_naming(controller.create_network(network(spec)).await, Invalid, &["ipam.space", "LocalDefault"]);
    let lent = json!({"name": "lent", "driver": "manual", "config_only": true});
    controller.create_network(network(lent)).await.unwrap();
    let borrows = json!({"name": "red", "driver": "manual", "scope": "global", "config_from": "lent"});
    refused_naming(controller.create_network(network(borrows)).await, Invalid, &["config_from"]);
    let null = json!({"name": "red", "driver": "null", "scope": "global"});
    refused_naming(controller.create_network(network(null)).await, Invalid, &["scope", "null"]);

    // What is to be made on a host is made there at the first join.
    let mut noted = blue("10.1.0.0/24");
    noted["options"] = json!({"com.netkeep.manual.note": "true"});
    controller.create_network(network(noted)).await.unwrap();
    controller.create_endpoint("blue", endpoint(json!({"name": "web"}))).await.unwrap();
    assert_eq!(host.site.below("realized/").await, [""; 0]);
    controller.delete_endpoint("blue", "web").await.unwrap();
    controller.delete_network("blue").await.unwrap();
    controller.delete_network("lent").await.unwrap();
    shared.nothing_left().await;
    host.site.nothing_left().await;
}

#[tokio::test]
async fn without_a_global_store_its_networks_have_nowhere_to_live() {
    let site = Site::new();
    let controller = site.open().await;
    refused_naming(controller.create_network(network(blue("10.1.0.0/24"))).await, Unavailable, &["scope"]);
    assert_eq!(controller.status().global, None);
    assert_eq!(controller.check().await.unwrap().global, None);
    site.nothing_left().await;
}

/// Ends a host in the middle of its `n`-th commit of an operation, before it is made or after, and begins it again.
async fn crash(
    shared: &Shared,
    host: Host,
    controller: Controller,
    n: usize,
    fault: Fault,
    what: &str,
) -> (Host, Controller) {
    let commits = host.faults.made(Operation::Commit);
    host.faults.set(Step::of(Operation::Commit, commits + n), fault);
    let outcome = match what {
        "create" => controller.create_network(network(blue("10.1.0.0/24"))).await.map(drop),
        _ => controller.delete_network("blue").await,
    };
    outcome.expect_err("the store is gone");
    assert!(host.faults.is_gone());
    drop(controller);
    let host = shared.host_over(host.site);
    let controller = host.open().await;
    (host, controller)
}

#[tokio::test]
async fn a_deletion_that_a_crash_has_interrupted_is_finished_by_the_next_run() {
    for (n, fault) in [(0, Fault::StopAfter), (1, Fault::StopBefore), (1, Fault::StopAfter)] {
        let shared = Shared::new();
        let (host, neighbour) = (shared.host(), shared.host().open().await);
        let controller = host.open().await;
        controller.create_network(network(blue("10.1.0.0/24"))).await.unwrap();
        sees(&neighbour, "blue").await;
        let (_host, controller) = crash(&shared, host, controller, n, fault, "delete").await;
        refused(controller.network("blue"), NotFound);
        eventually("it is gone", || neighbour.network("blue").is_err().then_some(())).await;
        let recovery = controller.status().global.unwrap().recovery.unwrap();
        let finished = usize::from((n, fault) != (1, Fault::StopAfter));
        assert_eq!(recovery.finished.len(), finished, "{recovery:?}");
        clean(&controller).await;
        clean(&neighbour).await;
        shared.nothing_left().await;
    }
}

#[tokio::test]
async fn a_deletion_of_another_host_is_not_judged_and_may_be_taken_over() {
    let shared = Shared::new();
    let (a, b) = (shared.host(), shared.host());
    let controller = a.open().await;
    controller.create_network(network(blue("10.1.0.0/24"))).await.unwrap();
    a.faults.set(Step::of(Operation::Commit, a.faults.made(Operation::Commit) + 1), Fault::StopBefore);
    controller.delete_network("blue").await.expect_err("the store is gone");
    drop(controller);
    let neighbour = b.open().await;
    assert!(
        neighbour.network("blue").unwrap().network.phase.is_deleting(),
        "nobody knows whether it goes on"
    );
    clean(&neighbour).await;
    refused(neighbour.create_endpoint("blue", endpoint(json!({"name": "web"}))).await, InUse);
    neighbour.delete_network("blue").await.unwrap();
    shared.nothing_left().await;
    let again = shared.host_over(a.site).open().await;
    clean(&again).await;
}

#[tokio::test]
async fn a_run_of_the_same_host_shuts_the_first_one_out_and_that_one_stays_out() {
    let shared = Shared::new();
    let host = shared.host();
    let first = host.open().await;
    first.create_network(network(blue("10.1.0.0/24"))).await.unwrap();
    let copy = shared.host_over(Site::over(Arc::clone(&host.site.store)));
    let second = copy.open().await;
    stands(&first, GlobalState::Refused).await;
    let status = first.status().global.unwrap();
    assert!(status.reason.unwrap().contains("another daemon"));
    refused_naming(first.delete_network("blue").await, Unavailable, &["another daemon"]);
    second.delete_network("blue").await.unwrap();
    let there = second.status().global.unwrap();
    assert_eq!(there.state, GlobalState::InSync);
    shared.nothing_left().await;
}

#[tokio::test]
async fn status_and_check_speak_of_both_stores() {
    let shared = Shared::new();
    let controller = shared.host().open().await;
    controller.create_network(network(blue("10.1.0.0/24"))).await.unwrap();
    controller.create_network(network(json!({"name": "red", "driver": "manual"}))).await.unwrap();
    let status = controller.status();
    let global = status.global.clone().unwrap();
    assert_eq!((status.records["network"], global.records["network"]), (1, 1));
    assert_eq!((global.state, global.store.as_str(), global.reason), (GlobalState::InSync, "memory", None));
    assert_eq!(global.incarnation, Some(status.incarnation));
    let back: netkeep_controller::ControllerStatus =
        serde_json::from_value(serde_json::to_value(&status).unwrap()).unwrap();
    assert_eq!(back, status);

    clean(&controller).await;
    // The record of a name, taken away behind everybody's back.
    let store = shared.connect();
    let key = netkeep_store::Key::parse("network-names/blue").unwrap();
    store.commit(&netkeep_store::Txn::new().delete(key.clone())).await.unwrap();
    let report = controller.check().await.unwrap();
    assert!(report.violations.is_empty() && !report.is_clean());
    let Some(GlobalCheck::Checked(global)) = report.global else { panic!("it is looked at") };
    assert_eq!(global.violations.len(), 1, "{global:?}");
    controller.close().await;
    assert_eq!(controller.status().global.unwrap().state, GlobalState::Refused);
}

#[tokio::test]
async fn a_host_keeps_its_name_as_a_client_and_what_it_knows_of_the_store() {
    let site = Site::new();
    let local = Arc::new(LocalStore::new(Arc::clone(&site.store), None));
    let client = netkeep_controller::KeptClient::open(Arc::<LocalStore>::clone(&local)).await.unwrap();
    assert!(client.is_kept());
    assert_eq!(client.known().await.unwrap(), None);
    let known = KnownStore { identity: Identity::fresh(), newest: Revision::new(7) };
    client.remember(&known).await.unwrap();
    let again = netkeep_controller::KeptClient::open(local).await.unwrap();
    assert_eq!(again.client(), client.client());
    assert_eq!(again.known().await.unwrap(), Some(known.clone()));
    // The controllers of this host are not shut out by it, and take it for no stranger.
    let controller = site.open().await;
    again.remember(&KnownStore { newest: Revision::new(8), ..known }).await.unwrap();
    controller.create_network(network(json!({"name": "red", "driver": "manual"}))).await.unwrap();
    clean(&controller).await;
    assert!(controller.status().quarantine.is_empty());
}

#[tokio::test]
async fn a_deletion_that_another_host_ends_is_done() {
    let shared = Shared::new();
    let (a, b) = (shared.host(), shared.host());
    let (one, other) = (Arc::new(a.open().await), b.open().await);
    one.create_network(network(blue("10.1.0.0/24"))).await.unwrap();
    sees(&other, "blue").await;

    // Its phase is written, and the commit that removes the network waits.
    let commits = a.faults.made(Operation::Commit);
    a.faults.set(Step::of(Operation::Commit, commits + 1), Fault::Freeze);
    let deletion = tokio::spawn({
        let one = Arc::clone(&one);
        async move { one.delete_network("blue").await }
    });
    eventually("the commit waits", || a.faults.is_frozen().then_some(())).await;
    a.faults.hold_watches(None);
    other.delete_network("blue").await.unwrap();
    a.faults.thaw();
    tokio::time::sleep(Duration::from_millis(50)).await;
    a.faults.release_watches();
    deletion.await.unwrap().unwrap();
    refused(one.delete_network("blue").await, NotFound);
    shared.nothing_left().await;
}
