//! What a check finds, its plan mends, and nothing else changes; what has moved on is left alone.

use std::collections::{BTreeMap, BTreeSet};

use netkeep_controller::ErrorKind::{Conflict, Exhausted, Forbidden, InUse, Invalid, NotFound};
use netkeep_controller::Invariant::{self, I1, I2, I3, I4, I5, I6, I7, I8, I9};
use netkeep_controller::{Controller, RepairOperation, RepairPlan};
use netkeep_model::Scope;
use netkeep_store::{Key, Prefix, Txn};
use serde_json::{Value, json};

use crate::check::{GONE, GONE_KEY, World};
use crate::support::{Shared, Site, clean, endpoint, network, pool, refused_naming, space};

/// What stands in the store, by key; not what a repair writes beside its own: that the pools of a space changed.
async fn content(site: &Site) -> BTreeMap<String, Value> {
    let entries = site.store.list(&Prefix::root()).await.unwrap().entries.into_iter();
    let all = entries.map(|entry| {
        let text = String::from_utf8_lossy(&entry.value).into_owned();
        (entry.key.to_string(), serde_json::from_str(&text).unwrap_or(Value::String(text)))
    });
    all.filter(|(key, _)| key != "meta/host" && !key.starts_with("spaces/")).collect()
}

/// Which commit has written each key.
async fn revisions(site: &Site) -> BTreeMap<String, u64> {
    let entries = site.store.list(&Prefix::root()).await.unwrap().entries.into_iter();
    entries.map(|entry| (entry.key.to_string(), entry.revision.get())).collect()
}

async fn plan(controller: &Controller) -> RepairPlan {
    // As it comes out of a file.
    let text = serde_json::to_string(&controller.check().await.unwrap().plan()).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Applies the plan of a check, which must be done wholly, after it was shown to change nothing by itself. What the
/// plan does not name is not even written.
async fn mend(site: &Site, controller: &Controller) {
    let plan = plan(controller).await;
    assert!(!plan.is_empty(), "there is a plan");
    let before = revisions(site).await;
    let shown = controller.repair(plan.clone(), false).await.unwrap();
    assert!(shown.is_whole() && !shown.applied, "{shown:#?}");
    assert_eq!(revisions(site).await, before, "a plan that is shown changes nothing");
    let done = controller.repair(plan.clone(), true).await.unwrap();
    assert!(done.is_whole() && done.applied, "{done:#?}");
    let repairs = || plan.stores.iter().flat_map(|store| &store.repairs);
    let named: BTreeSet<_> =
        repairs().flat_map(|repair| &repair.operations).map(|one| one.key().to_string()).collect();
    if repairs().flat_map(|repair| &repair.operations).all(RepairOperation::is_change) {
        let after = revisions(site).await;
        let others = |all: &BTreeMap<String, u64>| -> BTreeMap<String, u64> {
            all.clone().into_iter().filter(|(key, _)| !named.contains(key)).collect()
        };
        assert_eq!(others(&after), others(&before), "{plan:#?}");
    }
    clean(controller).await;
}

impl World {
    /// The check finds this, the plan mends it, and the store is as it was before.
    async fn mended(&self, before: &BTreeMap<String, Value>, found: &[(Invariant, &str)]) {
        self.finds(found).await;
        mend(&self.site, &self.controller).await;
        assert_eq!(content(&self.site).await, *before, "{found:?}");
    }

    async fn edit(&self, key: &str, kind: &str, change: impl FnOnce(&mut Value)) {
        self.site.edit(key, kind, change).await;
    }
}

#[tokio::test]
async fn i1_what_has_no_owner_is_released() {
    let world = World::new().await;
    let before = content(&world.site).await;
    let (_, gone) = world.owners();
    let claim = json!({"ports": "70", "ip": "0.0.0.0", "owner": gone});
    let wrong = [
        ("addresses/LocalDefault/4-0a010000-24/4-0a010042", "address", json!({"owner": gone})),
        ("numbers/vni/0000000000000042", "number", json!({"owner": gone})),
        ("links/eth7", "link", json!({"shared": false, "owners": [gone]})),
        ("ports/tcp/00", "port-block", json!({"claims": [claim]})),
        ("pools/LocalDefault/4-0a050000-24", "pool", json!({"owner": gone})),
        ("subpools/LocalDefault/4-0a030000-16/4-0a030700-24", "sub-pool", json!({"owner": gone})),
        ("pools/LocalDefault/4-0a060000-24", "pool", json!({})),
        ("addresses/LocalDefault/4-0a070000-24/4-0a070001", "address", json!({"owner": gone})),
    ];
    for (key, kind, record) in &wrong {
        world.site.put(key, kind, record.clone()).await;
        let twice = [(I1, *key), (I1, *key)];
        // An address without owner and pool is wrong in two ways.
        let found = if key.contains("0a070000") { &twice[..] } else { &twice[..1] };
        world.mended(&before, found).await;
    }
    world.edit("links/eth1", "link", |link| link["owners"].as_array_mut().unwrap().push(gone.clone())).await;
    world.mended(&before, &[(I1, "links/eth1")]).await;
    let other = json!({"is": "network", "network": GONE});
    for owner in [gone, other] {
        let claim = json!({"ports": "7937", "ip": "0.0.0.0", "owner": owner});
        world
            .edit("ports/tcp/1f", "port-block", |block| {
                block["claims"].as_array_mut().unwrap().push(claim);
            })
            .await;
        world.mended(&before, &[(I1, "ports/tcp/1f")]).await;
    }
}

#[tokio::test]
async fn i1_what_is_not_recorded_is_recorded_again() {
    let world = World::new().await;
    let before = content(&world.site).await;
    let (network, endpoint) = (world.network.as_str(), world.endpoint.as_str());
    let pool = "pools/LocalDefault/4-0a010000-24";
    let gateway = "addresses/LocalDefault/4-0a010000-24/4-0a010001";
    let address = "addresses/LocalDefault/4-0a010000-24/4-0a010007";
    for (key, found) in [
        (pool, vec![(I1, network), (I1, gateway), (I1, address)]),
        ("subpools/LocalDefault/4-0a030000-16/4-0a030100-24", vec![(I1, network)]),
        (gateway, vec![(I1, network)]),
        (address, vec![(I1, endpoint)]),
        ("ports/tcp/1f", vec![(I1, endpoint)]),
    ] {
        world.site.delete(key).await;
        world.mended(&before, &found).await;
    }
    let (_, gone) = world.owners();
    for (key, kind, found) in [
        (pool, "pool", vec![(I1, network), (I1, pool)]),
        (gateway, "address", vec![(I1, network), (I1, gateway)]),
        (address, "address", vec![(I1, endpoint), (I1, address)]),
    ] {
        let gone = gone.clone();
        world.edit(key, kind, |record| record["owner"] = gone).await;
        world.finds(&found).await;
        // It is released, or given to who says that it has it: in one round or two.
        for _ in 0..2 {
            if !world.controller.check().await.unwrap().is_clean() {
                let plan = plan(&world.controller).await;
                assert!(world.controller.repair(plan, true).await.unwrap().is_whole());
            }
        }
        clean(&world.controller).await;
        assert_eq!(content(&world.site).await, before);
    }
    world.site.delete("spaces/LocalDefault").await;
    let pools = world.site.below("pools/").await;
    let pools: Vec<_> = pools.iter().map(|key| (I1, key.as_str())).collect();
    world.mended(&before, &pools).await;
}

#[tokio::test]
async fn i1_what_somebody_living_holds_is_never_taken() {
    let world = World::new().await;
    let gateway = "addresses/LocalDefault/4-0a010000-24/4-0a010001";
    let red = world.controller.network("red").unwrap().id.to_string();
    world.edit(gateway, "address", |record| record["owner"]["network"] = red.into()).await;
    let before = content(&world.site).await;
    world.finds(&[(I1, &world.network)]).await;
    assert!(plan(&world.controller).await.is_empty(), "a person decides");
    assert_eq!(content(&world.site).await, before);
}

#[tokio::test]
async fn i2_of_two_the_one_without_owner_goes() {
    let world = World::new().await;
    let before = content(&world.site).await;
    let (owner, gone) = world.owners();
    let outer = "pools/LocalDefault/4-0a010000-16";
    let inner = "pools/LocalDefault/4-0a010000-24";
    world.site.put(outer, "pool", json!({"owner": gone})).await;
    world.mended(&before, &[(I1, outer), (I2, inner)]).await;

    let address = "addresses/LocalDefault/4-0a010000-24/4-0a010007";
    let again = "addresses/LocalDefault/4-0a010000-16/4-0a010007";
    world.site.put(outer, "pool", json!({"owner": gone})).await;
    world.site.put(again, "address", json!({"owner": gone})).await;
    world.mended(&before, &[(I1, outer), (I1, again), (I2, inner), (I2, address)]).await;

    // Both live: nobody but a person can say.
    world.site.put(outer, "pool", json!({"owner": owner})).await;
    world.site.put(again, "address", json!({"owner": owner})).await;
    world.finds(&[(I2, inner), (I2, address)]).await;
    assert!(plan(&world.controller).await.is_empty());
}

#[tokio::test]
async fn i3_names_lead_where_they_belong() {
    let world = World::new().await;
    let before = content(&world.site).await;
    let key = world.network.strip_prefix("networks/").unwrap();
    let of_endpoint = format!("endpoint-names/{key}/web");
    for (name, kind, field, object) in [
        ("network-names/blue", "network-name", "network", world.network.as_str()),
        (of_endpoint.as_str(), "endpoint-name", "endpoint", world.endpoint.as_str()),
    ] {
        let was = world.site.record(name).await;
        world.site.delete(name).await;
        world.mended(&before, &[(I3, object)]).await;
        world.site.put(name, kind, json!({field: GONE})).await;
        world.mended(&before, &[(I3, object), (I3, name)]).await;
        let other = name.replace("blue", "other").replace("web", "other");
        world.site.put(&other, kind, was).await;
        world.mended(&before, &[(I3, &other)]).await;
    }
    // A second network of this name gets another one.
    let red = world.controller.network("red").unwrap();
    let key = world.site.below("networks/").await.into_iter().find(|key| *key != world.network).unwrap();
    world.edit(&key, "network", |record| record["name"] = "blue".into()).await;
    world.finds(&[(I3, key.as_str()), (I3, "network-names/red")]).await;
    mend(&world.site, &world.controller).await;
    let renamed = world.controller.network(&red.id.to_string()).unwrap();
    assert_eq!(renamed.network.name.as_str(), format!("blue-{}", red.id.short()));
    assert_eq!(world.controller.network("blue").unwrap().id.to_string(), world.network_id);
}

#[tokio::test]
async fn i4_an_endpoint_without_network_goes_with_all_that_it_holds() {
    let world = World::new().await;
    let before = content(&world.site).await;
    let owner = json!({"is": "endpoint", "network": GONE, "endpoint": GONE});
    let mut record = world.site.record(&world.endpoint).await;
    record["bindings"] = json!([]);
    record["interfaces"] = json!([]);
    let orphan = format!("endpoints/{GONE_KEY}/{GONE_KEY}");
    // One that fits into a transaction, and one that does not.
    for addresses in [1, 200] {
        world.site.put(&orphan, "endpoint", record.clone()).await;
        let name = format!("endpoint-names/{GONE_KEY}/web");
        world.site.put(&name, "endpoint-name", json!({"endpoint": GONE})).await;
        let hanging = format!("drivers/manual/{GONE_KEY}/{GONE_KEY}/config");
        world.site.put(&hanging, "driver-record", json!({"value": 1})).await;
        world.site.put("numbers/vni/0000000000000042", "number", json!({"owner": owner})).await;
        for n in 0..addresses {
            let key = format!("addresses/LocalDefault/4-0a010000-24/4-0a0100{:02x}", 20 + n);
            world.site.put(&key, "address", json!({"owner": owner})).await;
        }
        world.mended(&before, &[(I4, &orphan)]).await;
    }
}

#[tokio::test]
async fn i5_what_hangs_on_nothing_goes() {
    let world = World::new().await;
    let before = content(&world.site).await;
    let key = world.network.strip_prefix("networks/").unwrap();
    for on in [GONE_KEY.to_owned(), format!("{key}/{GONE_KEY}"), format!("{key}/{GONE_KEY}/{GONE_KEY}")] {
        let orphan = format!("drivers/manual/{on}/config");
        world.site.put(&orphan, "driver-record", json!({"value": 1})).await;
        world.mended(&before, &[(I5, &orphan)]).await;
    }
}

#[tokio::test]
async fn i6_what_is_used_is_whole_again_and_the_rest_is_finished() {
    let world = World::new().await;
    let before = content(&world.site).await;
    let phase = json!({"is": "deleting", "by": {"host": GONE, "incarnation": 7}, "operation": GONE});
    for (key, kind) in [
        (world.network.as_str(), "network"),
        ("subpools/LocalDefault/4-0a030000-16/4-0a030100-24", "sub-pool"),
        ("pools/LocalDefault/4-0a010000-24", "pool"),
    ] {
        let phase = phase.clone();
        world.edit(key, kind, |record| record["phase"] = phase).await;
        world.mended(&before, &[(I6, key)]).await;
    }
    let held = "pools/LocalDefault/4-0a040000-24";
    world.edit(held, "pool", |record| record["phase"] = phase.clone()).await;
    world.finds(&[(I6, held)]).await;
    mend(&world.site, &world.controller).await;
    let mut without = before;
    without.remove(held);
    assert_eq!(content(&world.site).await, without);
    world.edit(&world.endpoint, "endpoint", |record| record["phase"] = phase).await;
    world.finds(&[(I6, &world.endpoint)]).await;
    mend(&world.site, &world.controller).await;
    refused_naming(world.controller.endpoint("blue", "web"), NotFound, &["web"]);
    world.controller.delete_network("blue").await.unwrap();
}

#[tokio::test]
async fn i7_endpoints_and_sandboxes_agree() {
    let world = World::new().await;
    let before = content(&world.site).await;
    let sandbox = format!("sandboxes/{GONE_KEY}");
    let inside = json!([{"network": world.network_id, "endpoint": world.endpoint_id}]);
    let fields = json!({"container": "c", "created": 1, "boot": "b", "endpoints": inside});
    world.site.put(&sandbox, "sandbox", fields).await;
    let way_out = format!("ways-out/{GONE_KEY}");
    world.site.put(&way_out, "way-out", json!({"now": inside[0]})).await;
    world.finds(&[(I7, &sandbox), (I7, &way_out)]).await;
    mend(&world.site, &world.controller).await;
    assert_eq!(world.site.record(&sandbox).await["endpoints"], Value::Null);
    let attachment = json!({"sandbox": GONE, "host": world.host, "operation": GONE, "since": 1});
    world.edit(&world.endpoint, "endpoint", |record| record["attachment"] = attachment).await;
    world.finds(&[(I7, &world.endpoint)]).await;
    mend(&world.site, &world.controller).await;
    world.site.delete(&sandbox).await;
    assert_eq!(content(&world.site).await, before);
}

#[tokio::test]
async fn i8_what_cannot_be_read_is_taken_out_by_a_person_alone() {
    let world = World::new().await;
    let before = content(&world.site).await;
    for (key, value) in [("nobody/knows/this", "{}"), (world.endpoint.as_str(), "\"gibberish\"")] {
        let key = Key::parse(key).unwrap();
        let was = world.site.store.get(&key).await.unwrap();
        world.site.store.commit(&Txn::new().put(key.clone(), value)).await.unwrap();
        world.finds(&[(I8, key.as_str())]).await;
        assert!(plan(&world.controller).await.is_empty(), "no plan touches it");
        let listed = world.controller.quarantine().await.unwrap();
        let [found] = listed.as_slice() else { panic!("{listed:?}") };
        assert_eq!((&found.key, found.scope, found.bytes), (&key, Scope::Local, value.len()));
        let hex: String = value.bytes().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(found.value, hex);
        let wrong = world.controller.take_out(Scope::Local, key.clone(), found.revision + 1).await;
        refused_naming(wrong, NotFound, &[key.as_str()]);
        world.controller.take_out(Scope::Local, key.clone(), found.revision).await.unwrap();
        if let Some(was) = was {
            world.site.store.commit(&Txn::new().put(key, was.value)).await.unwrap();
        }
        clean(&world.controller).await;
        assert_eq!(content(&world.site).await, before);
    }
    let fine = Key::parse(&world.network).unwrap();
    let revision = world.site.store.get(&fine).await.unwrap().unwrap().revision.get();
    refused_naming(world.controller.take_out(Scope::Local, fine, revision).await, NotFound, &["networks/"]);
}

#[tokio::test]
async fn i9_what_this_host_has_without_a_reason_is_taken_down() {
    let world = World::new().await;
    let before = content(&world.site).await;
    let noted = world.site.below("realized/network/").await;
    let note = world.site.record(&noted[0]).await;
    let orphan = format!("realized/network/{GONE_KEY}");
    world.site.put(&orphan, "realized", note).await;
    world.mended(&before, &[(I9, &orphan)]).await;
    let intent = format!("intents/{GONE_KEY}");
    let begun = json!({"action": "make", "object": format!("{}/{GONE}/{GONE}", world.network_id),
        "by": {"host": GONE, "incarnation": 7}, "since": 1});
    world.site.put(&intent, "intent", begun).await;
    world.mended(&before, &[(I9, &intent)]).await;
}

#[tokio::test]
async fn what_the_hosts_share_is_mended_by_any_of_them() {
    let shared = Shared::new();
    let (host, neighbour) = (shared.host(), shared.host().open().await);
    let controller = host.open().await;
    let spec = json!({"name": "blue", "driver": "manual", "scope": "global"});
    neighbour.create_network(network(spec)).await.unwrap();
    let store = Site::over(shared.connect());
    let before = content(&store).await;
    let (pool_key, orphan) = {
        let pools = store.below("pools/").await;
        let orphan = pools[0].replace("pools/", "addresses/") + "/4-0a0000f0";
        (pools[0].clone(), orphan)
    };
    let gone = json!({"is": "endpoint", "network": GONE, "endpoint": GONE});
    store.put("numbers/vni/0000000000000042", "number", json!({"owner": gone})).await;
    store.put(&orphan, "address", json!({"owner": gone})).await;
    let entry = format!("tables/{GONE_KEY}/peers/a");
    let join = json!({"is": "join", "network": GONE, "endpoint": GONE, "sandbox": GONE});
    let by = json!({"host": GONE, "incarnation": 1});
    store.put(&entry, "table-entry", json!({"owner": join, "by": by, "value": "AA=="})).await;
    let report = controller.check().await.unwrap();
    let Some(netkeep_controller::GlobalCheck::Checked(global)) = &report.global else { panic!("{report:?}") };
    assert!(report.violations.is_empty() && !global.is_clean(), "{report:#?}");
    assert!(global.violations.iter().any(|found| found.invariant == I5), "{global:#?}");
    assert!(store.left().await.contains(&pool_key));
    let done = controller.repair(plan(&controller).await, true).await.unwrap();
    assert!(done.is_whole() && done.repairs.len() == 3, "{done:#?}");
    clean(&controller).await;
    clean(&neighbour).await;
    let mut after = content(&store).await;
    // A host that waits for the watch to pass something leaves a mark.
    after.retain(|key, _| !key.starts_with("marks/"));
    assert_eq!(after, before);
}

#[tokio::test]
async fn a_plan_is_refused_when_the_store_has_moved_on() {
    let world = World::new().await;
    let (_, gone) = world.owners();
    let (first, second) = ("numbers/vni/0000000000000042", "numbers/vni/0000000000000043");
    for key in [first, second] {
        world.site.put(key, "number", json!({"owner": gone})).await;
    }
    let made = plan(&world.controller).await;
    world.edit(second, "number", |_| ()).await;
    let before = content(&world.site).await;
    let shown = world.controller.repair(made.clone(), false).await.unwrap();
    assert!(!shown.is_whole());
    refused_naming(world.controller.repair(made, true).await, Conflict, &["nothing was done", second]);
    assert_eq!(content(&world.site).await, before);

    // The owner is there after all.
    let made = plan(&world.controller).await;
    let key = world.network.strip_prefix("networks/").unwrap();
    let owner = format!("endpoints/{key}/{GONE_KEY}");
    let record = world.site.record(&world.endpoint).await;
    world.site.put(&owner, "endpoint", record).await;
    let before = content(&world.site).await;
    refused_naming(world.controller.repair(made, true).await, Conflict, &["nothing was done", &owner]);
    assert_eq!(content(&world.site).await, before);
}

#[tokio::test]
async fn a_plan_that_no_check_has_made_is_refused() {
    let (world, other) = (World::new().await, World::new().await);
    let (_, gone) = world.owners();
    world.site.put("numbers/vni/0000000000000042", "number", json!({"owner": gone})).await;
    let made = plan(&world.controller).await;
    refused_naming(other.controller.repair(made.clone(), true).await, Forbidden, &["the plan is for local"]);
    let mut newer = made.clone();
    newer.version = 2;
    refused_naming(world.controller.repair(newer, true).await, Invalid, &["version 2", "version 1"]);
    let as_json = serde_json::to_value(&made).unwrap();
    for (operation, named) in [
        (json!({"do": "delete", "key": "meta/host", "revision": 1}), "who is who"),
        (json!({"do": "delete", "key": "meta/client", "revision": 1}), "who is who"),
        (json!({"do": "put", "key": "networks/x", "value": {}}), "no record has such a key"),
        (json!({"do": "put", "key": world.network, "revision": 1, "value": {"kind": "pool"}}), "no record"),
        (json!({"do": "finish", "key": world.network, "revision": 0}), "moved on"),
    ] {
        let mut edited = as_json.clone();
        edited["stores"][0]["repairs"][0]["operations"] = json!([operation]);
        let edited: RepairPlan = serde_json::from_value(edited).unwrap();
        let refused = world.controller.repair(edited, true).await.expect_err(named);
        assert!(refused.to_string().contains(named), "{refused}");
    }
    let mut unknown = as_json;
    unknown["stores"][0]["repairs"][0]["force"] = true.into();
    assert!(serde_json::from_value::<RepairPlan>(unknown).is_err());
    // A network that is ready is not finished, whatever a plan says.
    let revision = world.controller.network("blue").unwrap().revision;
    let finish = json!([{"do": "finish", "key": world.network, "revision": revision}]);
    let mut edited = serde_json::to_value(&made).unwrap();
    edited["stores"][0]["repairs"][0]["operations"] = finish;
    let done = world.controller.repair(serde_json::from_value(edited).unwrap(), true).await.unwrap();
    assert!(done.repairs[0].refused.as_ref().is_some_and(|why| why.contains(&world.network)), "{done:?}");
    assert!(world.controller.network("blue").is_ok());
}

#[tokio::test]
async fn pain_1_a_network_with_an_endpoint_that_a_crash_has_left_can_be_deleted() {
    let world = World::new().await;
    let refused = world.controller.delete_network("blue").await;
    refused_naming(refused, InUse, &["\"web\"", "container", "host"]);
    let phase = json!({"is": "creating", "by": {"host": GONE, "incarnation": 7}, "operation": GONE});
    world.edit(&world.endpoint, "endpoint", |record| record["phase"] = phase).await;
    mend(&world.site, &world.controller).await;
    world.controller.delete_network("blue").await.unwrap();
    clean(&world.controller).await;
}

#[tokio::test]
async fn pain_8_a_gateway_that_was_taken_for_a_network_that_is_not_there_is_free_again() {
    let site = Site::new();
    let controller = site.open().await;
    let gone = json!({"is": "network", "network": GONE});
    site.put("spaces/LocalDefault", "space", json!({"driver": "default", "touched": GONE})).await;
    site.put("pools/LocalDefault/4-0a010000-24", "pool", json!({"owner": gone})).await;
    let gateway = "addresses/LocalDefault/4-0a010000-24/4-0a010001";
    site.put(gateway, "address", json!({"owner": gone, "role": {"is": "gateway"}})).await;
    let spec = || {
        let pools = json!([{"pool": "10.1.0.0/24", "gateway": "10.1.0.1"}]);
        network(json!({"name": "blue", "driver": "manual", "ipam": {"pools": pools}}))
    };
    refused_naming(controller.create_network(spec()).await, InUse, &["10.1.0.0/24"]);
    mend(&site, &controller).await;
    controller.create_network(spec()).await.unwrap();
}

#[tokio::test]
async fn pain_27_leaked_addresses_are_found_and_given_again() {
    let site = Site::new();
    let controller = site.open().await;
    let spec = json!({"name": "blue", "driver": "manual", "ipam": {"pools": [{"pool": "10.1.0.0/29"}]}});
    let blue = controller.create_network(network(spec)).await.unwrap();
    let leaked = json!({"is": "endpoint", "network": blue.id, "endpoint": GONE});
    for n in 2..=6 {
        let key = format!("addresses/LocalDefault/4-0a010000-29/4-0a01000{n}");
        site.put(&key, "address", json!({"owner": leaked})).await;
    }
    let full = controller.create_endpoint("blue", endpoint(json!({"name": "web"}))).await;
    refused_naming(full, Exhausted, &[]);
    mend(&site, &controller).await;
    for n in 2..=6 {
        let name = format!("e{n}");
        controller.create_endpoint("blue", endpoint(json!({"name": name}))).await.unwrap();
    }
    assert_eq!(controller.addresses(Some(&space("LocalDefault")), Some(&pool("10.1.0.0/29"))).len(), 6);
}
