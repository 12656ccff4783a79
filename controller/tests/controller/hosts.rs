//! Hosts that share a store: who is up, what is whose, and how new what is known is.

use std::sync::Arc;
use std::time::Duration;

use netkeep_controller::ErrorKind::{Ambiguous, Exhausted, NotFound, Unavailable};
use netkeep_controller::{Controller, HostInfo, HostState};
use netkeep_model::{HostId, Incarnation, Scope};
use netkeep_store::datastore::{GlobalStore, LocalStore};
use netkeep_store::{Key, Store};
use serde_json::json;

use crate::support::{
    Host, LateStore, Shared, Site, address_request, clean, endpoint, eventually, network, opened, pool,
    pool_request, refused, refused_naming, space,
};

/// Short enough to be waited for, and long enough that a busy machine does not miss a sign.
const LEASE: Duration = Duration::from_secs(2);

/// What a host knows of another.
fn seen(controller: &Controller, host: HostId) -> Option<HostInfo> {
    controller.hosts().unwrap().into_iter().find(|info| info.id == host)
}

async fn becomes(controller: &Controller, host: HostId, state: HostState) -> HostInfo {
    let what = format!("the host is {state:?}");
    eventually(&what, || seen(controller, host).filter(|info| info.state == state && info.since.is_some()))
        .await
}

#[tokio::test]
async fn hosts_are_listed_with_what_is_theirs() {
    let shared = Shared::new();
    let (one, other) = (shared.host().open().await, shared.host().open().await);
    let (first, second) = (one.status().host, other.status().host);
    let spec = json!({"name": "blue", "driver": "manual", "scope": "global", "ipam": {"pools": [{"pool": "10.1.0.0/24"}]}});
    one.create_network(network(spec)).await.unwrap();
    let web = one.create_endpoint("blue", endpoint(json!({"name": "web"}))).await.unwrap();
    let wanted = json!({"space": "GlobalDefault", "pool": "10.2.0.0/24"});
    let held = one.request_pool(pool_request(wanted.clone())).await.unwrap();
    let given = one.request_address(address_request(wanted)).await.unwrap();

    let shown = eventually("all of it is seen", || {
        seen(&other, first)
            .filter(|info| (info.owns.endpoints, info.owns.pools, info.owns.addresses) == (1, 1, 1))
    })
    .await;
    assert_eq!((shown.this, shown.state), (false, HostState::Alive));
    assert!(shown.since.is_some());
    assert_eq!(Some(shown.host.incarnation), one.status().global.unwrap().incarnation);
    assert_eq!(shown.host.version, env!("CARGO_PKG_VERSION"));
    let own = seen(&other, second).unwrap();
    assert_eq!((own.this, own.owns.is_empty()), (true, true));

    let details = other.host(&first.to_string()).unwrap();
    assert_eq!(details.info, shown);
    assert_eq!(details.endpoints, [web]);
    assert_eq!((details.pools.len(), details.addresses.as_slice()), (1, [given].as_slice()));
    assert_eq!(details.pools[0].pool, held.pool);
    assert_eq!(other.host(&first.short()).unwrap(), details);
    refused(other.host("nobody").map(drop), NotFound);
    // Both run on one machine.
    if !shown.host.name.is_empty() {
        refused_naming(other.host(&shown.host.name).map(drop), Ambiguous, &[&first.to_string()]);
    }
}

#[tokio::test]
async fn without_a_global_store_there_are_no_hosts() {
    let controller = Site::new().open().await;
    assert_eq!(controller.hosts().unwrap(), []);
    refused_naming(controller.host("any").map(drop), Unavailable, &["global"]);
    refused(controller.evict_host("any", false).await.map(drop), Unavailable);
    refused(controller.as_new_as_now(Scope::Global, LEASE).await, Unavailable);
    controller.as_new_as_now(Scope::Local, LEASE).await.unwrap();
}

#[tokio::test]
async fn pain_62_a_sign_of_life_that_is_lost_is_given_again_and_blocks_nothing() {
    let shared = Shared::new();
    let host = shared.host_with(LEASE);
    let controller = host.open().await;
    let id = controller.status().host;
    let before = seen(&controller, id).unwrap();
    shared.miss(id).await;
    controller
        .create_network(network(json!({"name": "blue", "driver": "manual", "scope": "global"})))
        .await
        .unwrap();
    let after = eventually("it is given again", || {
        seen(&controller, id).filter(|info| info.state == HostState::Alive && info.since != before.since)
    })
    .await;
    assert_eq!(after.host, before.host, "it is the same run");
    assert_eq!(controller.status().global.unwrap().incarnation, Some(after.host.incarnation));
}

#[tokio::test]
async fn who_is_gone_is_noted_and_who_comes_back_is_not_gone_any_more() {
    let shared = Shared::new();
    let (a, b) = (shared.host_with(LEASE), shared.host_with(LEASE));
    let (one, other) = (a.open().await, b.open().await);
    let host = one.status().host;
    becomes(&other, host, HostState::Alive).await;
    one.close().await;
    let gone = becomes(&other, host, HostState::Gone).await;
    assert!(shared.keys().await.contains(&format!("gone/{}", host_segment(host))));
    assert_eq!(other.hosts().unwrap().len(), 2, "{gone:?}");

    // The next run of the same host.
    let again = shared.host_over(a.site).open().await;
    assert_eq!(again.status().host, host);
    let back = becomes(&other, host, HostState::Alive).await;
    assert!(back.host.incarnation > gone.host.incarnation);
    assert!(!shared.keys().await.iter().any(|key| key.starts_with("gone/")));
    // A run that comes before the sign of the one before has ended takes that away.
    drop(again);
    let third = shared.host_over(b.site);
    drop(other);
    let third = third.open().await;
    assert_eq!(seen(&third, third.status().host).unwrap().state, HostState::Alive);
    clean(&third).await;
}

fn host_segment(host: HostId) -> String {
    host.segment().to_string()
}

#[tokio::test]
async fn a_host_that_is_killed_is_noted_as_gone_when_its_lease_has_ended() {
    let shared = Shared::new();
    let (a, b) = (shared.host_with(LEASE), shared.host_with(LEASE));
    let (one, other) = (a.open().await, b.open().await);
    let host = one.status().host;
    // Its process ends: nothing reaches the store any more, and nobody takes anything back.
    a.faults.freeze();
    drop(one);
    becomes(&other, host, HostState::Gone).await;
}

/// A host whose watch of the shared store says only what it is told to.
async fn late(shared: &Shared, host: &Host) -> (Controller, crate::support::Late) {
    let (store, late) = LateStore::new(shared.connect());
    let store: Arc<dyn Store> = Arc::new(store);
    let mut config = host.config().await;
    let local = Arc::new(LocalStore::new(Arc::clone(&host.site.store), None));
    let global = Arc::new(GlobalStore::new(store));
    config = netkeep_controller::ControllerConfig::builtin_over(
        local,
        Some(global),
        &netkeep_drivers::registry::DriverConfigs::default(),
    )
    .await
    .map(|over| netkeep_controller::ControllerConfig { hosts: config.hosts, ..over })
    .unwrap();
    let controller = Controller::open(config).await.unwrap();
    opened(&controller).await;
    (controller, late)
}

#[tokio::test]
async fn exhausted_is_said_only_by_who_is_as_new_as_now() {
    let shared = Shared::new();
    let neighbour = shared.host().open().await;
    let wanted = json!({"space": "GlobalDefault", "pool": "10.2.0.0/30"});
    neighbour.request_pool(pool_request(wanted.clone())).await.unwrap();
    let mut given = Vec::new();
    while let Ok(address) = neighbour.request_address(address_request(wanted.clone())).await {
        given.push(address);
    }
    refused(neighbour.request_address(address_request(wanted.clone())).await, Exhausted);

    // This one has seen that they are given, and hears of nothing since.
    let host = shared.host();
    let (controller, late) = late(&shared, &host).await;
    assert_eq!(controller.addresses(None, None).len(), given.len());
    let freed = given[0].address;
    neighbour.release_address(space("GlobalDefault"), pool("10.2.0.0/30"), freed).await.unwrap();
    let asking = tokio::spawn({
        let (controller, wanted) = (controller.clone(), address_request(wanted.clone()));
        async move { controller.request_address(wanted).await }
    });
    // It asks how new it is, and does not answer before it knows.
    let mark = format!("marks/{}", host_segment(controller.status().host));
    let store = shared.connect();
    let key = Key::parse(&mark).unwrap();
    for _ in 0..5000 {
        if store.get(&key).await.unwrap().is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(store.get(&key).await.unwrap().is_some(), "no mark was written");
    assert!(!asking.is_finished());
    let snapshot = store.list(&netkeep_store::Prefix::root()).await.unwrap();
    late.deliver(netkeep_store::WatchItem::Reset(snapshot)).await;
    assert_eq!(asking.await.unwrap().unwrap().address, freed);

    // And who cannot learn it does not say so either.
    neighbour.as_new_as_now(Scope::Global, LEASE).await.unwrap();
    let error = refused(controller.request_address(address_request(wanted)).await, Unavailable);
    assert!(error.to_string().contains("is not known"), "{error}");
    refused(controller.as_new_as_now(Scope::Global, Duration::from_millis(50)).await, Unavailable);
}

#[tokio::test]
async fn what_was_committed_before_the_call_is_known_after_it() {
    let shared = Shared::new();
    let (one, other) = (shared.host().open().await, shared.host().open().await);
    for n in 0..20 {
        let spec = json!({"name": format!("n{n}"), "driver": "manual", "scope": "global"});
        let made = one.create_network(network(spec)).await.unwrap();
        let through = other.as_new_as_now(Scope::Global, Duration::from_secs(20)).await.unwrap();
        assert!(through >= made.revision);
        assert_eq!(other.network(&format!("n{n}")).unwrap(), made);
    }
    assert_ne!(other.status().global.unwrap().incarnation, Some(Incarnation::ZERO));
}
