//! Eviction: a host that is gone for good writes no more, and what it owned is free.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use netkeep_controller::ErrorKind::{Forbidden, InUse, NotFound, Unavailable};
use netkeep_controller::{Controller, ControllerConfig, GlobalState, HostState, HostsConfig};
use netkeep_drivers::NetworkDriver;
use netkeep_drivers::registry::{DriverContext, DriverStore};
use netkeep_model::{DriverKind, Host as HostRecord, HostId, Options};
use netkeep_store::datastore::{Datastore, Global, Record, Versioned};
use netkeep_store::layers::Operation;
use netkeep_store::{Key, Kind, StoreExt, Txn};
use netkeep_store_conformance::fault::{Fault, Step};
use serde_json::{Value, json};

use crate::support::{
    Fake, Host, Shared, address_request, clean, endpoint, eventually, network, opened, pool_request, refused,
    refused_naming, stands,
};

/// Short enough to be waited for, and long enough that a busy machine does not miss a sign.
const LEASE: Duration = Duration::from_secs(2);

/// Makes a network, and of each sort of thing that a host may own in it and beside it.
pub(crate) async fn own_everything(controller: &Controller) {
    let blue = json!({"name": "blue", "driver": "manual", "scope": "global", "ipv6": true, "ipam": {"pools": [
        {"pool": "10.1.0.0/24"}, {"pool": "fd00:1::/64"}
    ]}});
    controller.create_network(network(blue)).await.unwrap();
    for n in 0..3 {
        let options = json!({"com.netkeep.manual.number": "vni", "com.netkeep.manual.data": "x"});
        let spec = json!({"name": format!("e{n}"), "options": options});
        controller.create_endpoint("blue", endpoint(spec)).await.unwrap();
    }
    let whole = json!({"space": "GlobalDefault", "pool": "10.2.0.0/24"});
    controller.request_pool(pool_request(whole.clone())).await.unwrap();
    for _ in 0..60 {
        controller.request_address(address_request(whole.clone())).await.unwrap();
    }
    let part = json!({"space": "GlobalDefault", "pool": "10.3.0.0/16", "sub": "10.3.1.0/24"});
    controller.request_pool(pool_request(part.clone())).await.unwrap();
    controller.request_address(address_request(part)).await.unwrap();
}

/// Fails unless nothing in the store belongs to a host but its own record.
pub(crate) async fn everything_is_free(shared: &Shared, controller: &Controller, host: HostId) {
    let owns = controller.host(&host.to_string()).unwrap().info.owns;
    assert!(owns.is_empty(), "{owns:?}");
    let left = shared.keys().await;
    let roots = ["endpoints/", "endpoint-names/", "numbers/", "subpools/"];
    // What a driver has on an endpoint lies deeper than what it has on the network.
    let on_endpoint = |key: &str| key.starts_with("drivers/") && key.split('/').count() > 4;
    let is_odd = |key: &&String| on_endpoint(key) || roots.iter().any(|root| key.starts_with(root));
    let odd: Vec<_> = left.iter().filter(is_odd).collect();
    assert!(odd.is_empty(), "{odd:?}");
    clean(controller).await;
    // The network is everybody's.
    assert!(controller.endpoints("blue").unwrap().is_empty());
    let again = json!({"space": "GlobalDefault", "pool": "10.2.0.0/24"});
    controller.request_pool(pool_request(again)).await.unwrap();
    controller.create_endpoint("blue", endpoint(json!({"name": "e0"}))).await.unwrap();
}

pub(crate) fn is_free(controller: &Controller, host: HostId) -> Option<()> {
    controller.host(&host.to_string()).unwrap().info.owns.is_empty().then_some(())
}

/// Ends a host without a word: nothing of it reaches the store any more.
pub(crate) async fn kill(shared: &Shared, host: &Host, controller: Controller) -> HostId {
    let id = controller.status().host;
    host.faults.freeze();
    drop(controller);
    shared.miss(id).await;
    id
}

/// Waits until the sign of life of `host` is missed by `controller`.
pub(crate) async fn missed(controller: &Controller, host: HostId) {
    let gone = || (controller.host(&host.to_string()).ok()?.info.state == HostState::Gone).then_some(());
    eventually("the host is missed", gone).await;
}

#[tokio::test]
async fn pain_22_everything_that_a_dead_host_owned_is_free_and_networks_stay() {
    let shared = Shared::new();
    let (a, neighbour) = (shared.host(), shared.host().open().await);
    let controller = a.open().await;
    own_everything(&controller).await;
    let id = controller.status().host.to_string();
    eventually("it is seen", || neighbour.host(&id).ok()).await;
    refused_naming(neighbour.evict_host(&id, false).await, InUse, &[&id, "force"]);
    let own = neighbour.status().host.to_string();
    refused(neighbour.evict_host(&own, true).await, Forbidden);
    refused(neighbour.evict_host("nobody", true).await, NotFound);

    let host = kill(&shared, &a, controller).await;
    missed(&neighbour, host).await;
    let done = neighbour.evict_host(&id, false).await.unwrap();
    assert_eq!(done.host, host);
    assert!(done.left.is_empty(), "{:?}", done.left);
    assert_eq!(done.released.len(), 3 + 61 + 2, "{:?}", done.released);
    let shown = neighbour.host(&id).unwrap().info;
    assert_eq!((shown.state, shown.host.evicted_through), (HostState::Evicted, done.evicted_through));
    everything_is_free(&shared, &neighbour, host).await;
    let again = neighbour.evict_host(&id, false).await.unwrap();
    assert_eq!((again.evicted_through, again.released.len()), (done.evicted_through, 0));
}

#[tokio::test]
async fn an_eviction_ends_when_everything_is_free_that_the_host_ever_made() {
    let shared = Shared::new();
    let (a, b) = (shared.host(), shared.host());
    let (controller, neighbour) = (a.open().await, b.open().await);
    let blue = json!({"name": "blue", "driver": "manual", "scope": "global", "ipam": {"pools": [
        {"pool": "10.1.0.0/24"}
    ]}});
    controller.create_network(network(blue)).await.unwrap();
    let id = controller.status().host;
    eventually("it is seen", || neighbour.host(&id.to_string()).ok()).await;
    // The evictor hears of the last endpoint only after it has shut the host out.
    b.faults.hold_watches(None);
    controller.create_endpoint("blue", endpoint(json!({"name": "late"}))).await.unwrap();
    a.faults.freeze();
    let evicting = tokio::spawn({
        let neighbour = neighbour.clone();
        async move { neighbour.evict_host(&id.to_string(), true).await }
    });
    let store = shared.connect();
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    loop {
        let found = store.get(&HostRecord::key(&id).unwrap()).await.unwrap().unwrap();
        if Versioned::<HostRecord>::read(&found).unwrap().record.is_evicted() {
            break;
        }
        assert!(tokio::time::Instant::now() < deadline, "it is not evicted");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    b.faults.release_watches();
    let done = evicting.await.unwrap().unwrap();
    assert_eq!((done.released.len(), done.left.len()), (1, 0), "{done:?}");
}

#[tokio::test]
async fn a_host_without_the_owners_driver_evicts_completely() {
    let shared = Shared::new();
    let (a, b) = (shared.host(), shared.host());
    let controller = a.open().await;
    own_everything(&controller).await;
    let host = kill(&shared, &a, controller).await;
    let bare = Controller::open(b.bare_config()).await.unwrap();
    opened(&bare).await;
    assert_eq!(bare.status().global.unwrap().records["network"], 1);
    let done = bare.evict_host(&host.to_string(), false).await.unwrap();
    assert!(done.left.is_empty(), "{:?}", done.left);
    let neighbour = shared.host().open().await;
    everything_is_free(&shared, &neighbour, host).await;
}

#[tokio::test]
async fn a_host_that_was_evicted_begins_again_by_itself_and_owns_nothing() {
    let shared = Shared::new();
    let (a, b) = (shared.host(), shared.host());
    let (controller, neighbour) = (a.open().await, b.open().await);
    own_everything(&controller).await;
    let before = controller.status();
    let id = before.host.to_string();
    eventually("it is seen", || neighbour.host(&id).ok().filter(|host| host.endpoints.len() == 3)).await;
    let done = neighbour.evict_host(&id, true).await.unwrap();
    let before = before.global.unwrap().incarnation.unwrap();
    assert!(done.evicted_through >= before);
    let after = eventually("it has begun again", || {
        let global = controller.status().global.unwrap();
        global.incarnation.filter(|now| global.state == GlobalState::InSync && *now > before)
    })
    .await;
    let shown = eventually("the other one sees it", || {
        neighbour.host(&id).ok().filter(|host| host.info.state == HostState::Alive)
    })
    .await;
    assert_eq!((shown.info.host.incarnation, shown.info.host.evicted_through), (after, done.evicted_through));
    assert!(controller.endpoints("blue").unwrap().is_empty());
    let web = controller.create_endpoint("blue", endpoint(json!({"name": "e0"}))).await.unwrap();
    assert_eq!(web.endpoint.owner.incarnation, after);
    clean(&controller).await;
    clean(&neighbour).await;
    // What it owns now is not what was evicted.
    let again = neighbour.evict_host(&id, false).await;
    refused(again, InUse);
    assert_eq!(controller.endpoints("blue").unwrap(), [web]);
}

/// A controller with a driver whose own handle of the shared store comes with it.
async fn with_handle(host: &Host) -> (Controller, DriverStore<Global>) {
    let config: ControllerConfig = host.config().await;
    let got: Arc<Mutex<Option<DriverStore<Global>>>> = Arc::default();
    let init = {
        let got = Arc::clone(&got);
        async move |context: DriverContext| {
            let driver: Arc<dyn NetworkDriver> = Fake::planned();
            let build = async |context: DriverContext| {
                *got.lock().unwrap() = context.global.clone();
                Ok(driver.clone())
            };
            context.registrar.network(driver.info().kind.clone(), build).await
        }
    };
    let kind = DriverKind::new("fake").unwrap();
    config.registry.add_driver(kind, init, Options::new()).await.unwrap();
    let controller = Controller::open(config).await.unwrap();
    opened(&controller).await;
    let handle = got.lock().unwrap().clone().expect("there is a global store");
    (controller, handle)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_a_frozen_host_writes_is_taken_after_its_eviction() {
    let shared = Shared::new();
    let (a, b) = (shared.host_with(LEASE), shared.host());
    let ((controller, handle), neighbour) = (with_handle(&a).await, b.open().await);
    own_everything(&controller).await;
    handle.store().create(Key::parse("before").unwrap(), "1").await.unwrap();
    let id = controller.status().host.to_string();
    eventually("it is seen", || neighbour.host(&id).ok().filter(|host| host.endpoints.len() == 3)).await;

    let begun = || a.begun.load(Ordering::SeqCst);
    let (before, arrived) = (begun(), a.faults.made(Operation::Commit));
    a.faults.freeze();
    let web = json!({"name": "web", "request": netkeep_model::Id::generate().to_string()});
    let mut writes = Vec::new();
    for spec in [web.clone(), json!({"name": "other"})] {
        let controller = controller.clone();
        writes.push(tokio::spawn(async move {
            controller.create_endpoint("blue", endpoint(spec)).await.map(|made| made.revision).ok()
        }));
    }
    writes.push(tokio::spawn({
        let controller = controller.clone();
        async move { controller.delete_endpoint("blue", "e2").await.ok().map(|()| 0) }
    }));
    let own = tokio::spawn({
        let handle = handle.clone();
        async move { handle.store().create(Key::parse("after").unwrap(), "1").await }
    });
    eventually("all are under way", || (begun() >= before + 4).then_some(())).await;
    let done = neighbour.evict_host(&id, true).await.unwrap();
    let revision = shared.connect().list(&netkeep_store::Prefix::root()).await.unwrap().revision;
    a.faults.thaw();
    for write in writes {
        assert_eq!(write.await.unwrap(), None, "a write of the run that is over");
    }
    let error = own.await.unwrap().unwrap_err();
    assert!(matches!(error.kind(), Kind::Denied | Kind::Unavailable), "{error}");
    let again = eventually("it has begun again", || {
        let global = controller.status().global.unwrap();
        global.incarnation.filter(|now| global.state == GlobalState::InSync && *now > done.evicted_through)
    })
    .await;

    // All of them have arrived, and since the eviction that host has written nothing but its beginning.
    assert!(a.faults.made(Operation::Commit) >= arrived + 4);
    let now = shared.connect().list(&netkeep_store::Prefix::root()).await.unwrap();
    let since: Vec<String> = (now.entries.iter())
        .filter(|entry| entry.revision > revision)
        .map(|entry| entry.key.to_string())
        .filter(|key| !["hosts/", "alive/", "marks/"].iter().any(|root| key.starts_with(root)))
        .collect();
    assert!(since.is_empty(), "{since:?}");
    assert!(handle.store().get(&Key::parse("after").unwrap()).await.unwrap().is_none());
    // The new run may write, by its drivers' handles too.
    handle.store().create(Key::parse("after").unwrap(), "2").await.unwrap();
    let made = controller.create_endpoint("blue", endpoint(web)).await.unwrap();
    assert_eq!(made.endpoint.owner.incarnation, again);
    clean(&controller).await;
    clean(&neighbour).await;
}

#[tokio::test]
async fn an_evictor_that_ends_at_any_step_is_followed_by_another() {
    let mut n = 0;
    let mut steps = 0;
    loop {
        let mut over = false;
        for fault in [Fault::StopBefore, Fault::StopAfter] {
            let shared = Shared::new();
            let (a, b) = (shared.host(), shared.host());
            let controller = a.open().await;
            own_everything(&controller).await;
            let host = kill(&shared, &a, controller).await;
            let evictor = b.open().await;
            let third = shared.host_with(Duration::from_millis(300)).open().await;
            let at = b.faults.made(Operation::Commit) + n;
            b.faults.set(Step::of(Operation::Commit, at), fault);
            let done = evictor.evict_host(&host.to_string(), false).await;
            over |= !b.faults.is_gone();
            if done.is_err() && n == 0 && fault == Fault::StopBefore {
                // Nothing was begun.
                third.evict_host(&host.to_string(), false).await.unwrap();
            }
            drop(evictor);
            eventually("another one goes on", || is_free(&third, host)).await;
            everything_is_free(&shared, &third, host).await;
            steps += 1;
        }
        if over {
            break;
        }
        n += 1;
        assert!(n < 40, "it has too many commits");
    }
    println!("{steps} ends of an evictor");
    assert!(n >= 7, "too few commits were found: {n}");
}

#[tokio::test]
async fn several_evictors_at_once_release_everything_once() {
    let shared = Shared::new();
    let a = shared.host();
    let controller = a.open().await;
    own_everything(&controller).await;
    let host = kill(&shared, &a, controller).await;
    let mut evictors = Vec::new();
    for _ in 0..4 {
        evictors.push(shared.host().open().await);
    }
    let evictions = crate::support::together(4, |n| {
        let (evictor, host) = (evictors[n].clone(), host.to_string());
        async move { evictor.evict_host(&host, false).await }
    })
    .await;
    // Each may have given way to the others in the end, and the same again finds the rest.
    for eviction in evictions.into_iter().flatten() {
        assert!(eviction.left.is_empty(), "{:?}", eviction.left);
    }
    evictors[0].evict_host(&host.to_string(), false).await.unwrap();
    everything_is_free(&shared, &evictors[0], host).await;
}

#[tokio::test]
async fn a_host_that_comes_back_releases_what_is_left_before_it_serves() {
    let shared = Shared::new();
    let (a, b) = (shared.host(), shared.host());
    let controller = a.open().await;
    own_everything(&controller).await;
    let host = kill(&shared, &a, controller).await;
    let evictor = b.open().await;
    let at = b.faults.made(Operation::Commit);
    b.faults.set(Step::of(Operation::Commit, at), Fault::StopAfter);
    evictor.evict_host(&host.to_string(), false).await.unwrap_err();
    drop(evictor);
    let back = shared.host_over(a.site).open().await;
    assert_eq!(back.status().host, host);
    everything_is_free(&shared, &back, host).await;
}

#[tokio::test]
async fn what_a_dead_host_has_left_in_between_is_finished_by_others() {
    for evicted in [true, false] {
        let shared = Shared::new();
        let (a, b) = (shared.host(), shared.host_with(Duration::from_millis(300)));
        let controller = a.open().await;
        let blue = json!({"name": "blue", "driver": "manual", "scope": "global", "ipam": {"pools": [{"pool": "10.1.0.0/24"}]}});
        controller.create_network(network(blue)).await.unwrap();
        let held = json!({"space": "GlobalDefault", "pool": "10.2.0.0/24"});
        let held = controller.request_pool(pool_request(held)).await.unwrap();
        let commits = a.faults.made(Operation::Commit);
        a.faults.set(Step::of(Operation::Commit, commits + 1), Fault::StopBefore);
        controller.delete_network("blue").await.expect_err("the store is gone");
        let host = controller.status().host;
        drop(controller);
        shared.miss(host).await;
        let neighbour = b.open().await;
        assert!(neighbour.network("blue").unwrap().network.phase.is_deleting(), "it may go on");
        assert!(neighbour.pools().contains(&held));
        if evicted {
            let done = neighbour.evict_host(&host.to_string(), false).await.unwrap();
            assert!(done.released.iter().any(|what| what.contains("network blue")), "{:?}", done.released);
        } else {
            // Another run of that host, which cannot go on itself, is enough to know.
            let record = format!("hosts/{}", host.segment());
            let store = shared.connect();
            let key = Key::parse(&record).unwrap();
            let entry = store.get(&key).await.unwrap().unwrap();
            let mut stored: Value = serde_json::from_slice(&entry.value).unwrap();
            stored["record"]["incarnation"] = json!(99);
            store.commit(&Txn::new().put(key, stored.to_string())).await.unwrap();
        }
        eventually("it is finished", || neighbour.network("blue").is_err().then_some(())).await;
        assert_eq!(neighbour.pools().contains(&held), !evicted, "the client may still use it");
        clean(&neighbour).await;
    }
}

#[tokio::test]
async fn who_is_gone_for_longer_than_the_grace_is_evicted_while_most_are_up() {
    let shared = Shared::new();
    let with = |grace: Option<Duration>| {
        let mut host = shared.host();
        host.hosts = HostsConfig { lease: LEASE, evict_after: grace, ..HostsConfig::default() };
        host
    };
    let grace = Some(Duration::from_millis(500));
    let (a, b, c) = (with(grace), with(grace), with(None));
    let (controller, one) = (a.open().await, b.open().await);
    own_everything(&controller).await;
    let host = kill(&shared, &a, controller).await;
    // One of two is not most, however long it takes: it is seen to be gone, and the grace begins to run.
    let gone = || {
        let found = one.host(&host.to_string()).ok()?.info;
        (found.state == HostState::Gone && found.since.is_some()).then_some(())
    };
    eventually("it is noted as gone", gone).await;
    let other = c.open().await;
    let evicted = || {
        let found = other.host(&host.to_string()).ok()?;
        (found.info.state == HostState::Evicted && found.info.owns.is_empty()).then_some(())
    };
    eventually("it is evicted", evicted).await;
    everything_is_free(&shared, &other, host).await;
    stands(&one, GlobalState::InSync).await;
    assert_eq!(
        one.status().global.unwrap().incarnation,
        one.host(&one.status().host.to_string()).ok().map(|found| found.info.host.incarnation)
    );
}

#[tokio::test]
async fn an_endpoint_in_a_sandbox_of_another_host_becomes_that_hosts_or_is_detached() {
    let shared = Shared::new();
    let (a, neighbour) = (shared.host(), shared.host().open().await);
    let controller = a.open().await;
    own_everything(&controller).await;
    let mine = neighbour.status().host;
    eventually("all is seen", || (neighbour.endpoints("blue").ok()?.len() == 3).then_some(())).await;
    let own = neighbour.create_endpoint("blue", endpoint(json!({"name": "own"}))).await.unwrap();
    let theirs = neighbour.endpoint("blue", "e1").unwrap();
    let (here, there) = (own.endpoint.owner, theirs.endpoint.owner);
    // A host ends what it has attached to a sandbox that it does not have.
    let spec = serde_json::from_value(json!({"container": "c"})).unwrap();
    let sandbox = neighbour.create_sandbox(spec).await.unwrap().id;
    let attach = async |of: &netkeep_controller::EndpointInfo, host: netkeep_model::HostRef| {
        let store = shared.connect();
        let key = format!("endpoints/{}/{}", of.network.segment(), of.id.segment());
        let key = Key::parse(&key).unwrap();
        let entry = store.get(&key).await.unwrap().unwrap();
        let mut stored: Value = serde_json::from_slice(&entry.value).unwrap();
        let operation = netkeep_model::OperationId::generate();
        stored["record"]["attachment"] = json!({
            "sandbox": sandbox, "host": host, "operation": operation, "since": of.endpoint.created
        });
        let owner = json!({"is": "join", "network": of.network, "endpoint": of.id, "sandbox": sandbox});
        let entry = json!({"kind": "table-entry", "version": 1, "record": {
            "owner": owner, "by": host, "value": ""
        }});
        let place = format!("tables/{}/peers/{}", of.network.segment(), of.id.segment());
        let txn = Txn::new().put(key, stored.to_string()).put(Key::parse(&place).unwrap(), entry.to_string());
        store.commit(&txn).await.unwrap();
    };
    attach(&own, there).await;
    attach(&theirs, here).await;
    let host = kill(&shared, &a, controller).await;
    neighbour.as_new_as_now(netkeep_model::Scope::Global, Duration::from_secs(20)).await.unwrap();
    assert_eq!(neighbour.status().global.unwrap().quarantine.len(), 0, "{:?}", neighbour.status().global);
    let done = neighbour.evict_host(&host.to_string(), false).await.unwrap();
    assert!(done.left.is_empty(), "{:?}", done.left);
    let kept = neighbour.endpoint("blue", "e1").unwrap();
    assert_eq!((kept.endpoint.owner, kept.endpoint.interfaces), (here, theirs.endpoint.interfaces));
    let own = neighbour.endpoint("blue", "own").unwrap();
    assert_eq!((own.endpoint.owner.host, own.endpoint.attachment), (mine, None));
    assert_eq!(neighbour.endpoints("blue").unwrap().len(), 2);
    let entries = shared.keys().await;
    let entries: Vec<_> = entries.iter().filter(|key| key.starts_with("tables/")).collect();
    assert!(entries.len() == 1 && entries[0].contains(&theirs.id.segment().to_string()), "{entries:?}");
    assert!(neighbour.host(&host.to_string()).unwrap().info.owns.is_empty());
}

#[tokio::test]
async fn while_the_store_is_away_nobody_is_evicted() {
    let shared = Shared::new();
    let (a, b) = (shared.host(), shared.host());
    let (controller, neighbour) = (a.open().await, b.open().await);
    let id = controller.status().host.to_string();
    b.faults.freeze();
    let first = neighbour.evict_host(&id, true).await;
    first.expect_err("the store is away");
    stands(&neighbour, GlobalState::Away).await;
    refused(neighbour.evict_host(&id, true).await, Unavailable);
}
