//! Whatever is wrong in a store, the check names the invariant and the record, and nothing else.

use netkeep_controller::Controller;
use netkeep_controller::Invariant::{self, I1, I2, I3, I4, I5, I6, I7, I8, I9};
use netkeep_model::{Endpoint, EndpointKey, Network, NetworkId, Object, RealizedKey};
use netkeep_store::datastore::Record;
use serde_json::{Value, json};

use crate::support::{Site, clean, endpoint, network, pool_request};

/// An id of what is not there, as text and in keys.
pub(crate) const GONE: &str = "0123456789abcdef0123018bcfe56800";
pub(crate) const GONE_KEY: &str = "018bcfe568000123456789abcdef0123";

/// A host with something of every kind.
pub(crate) struct World {
    pub(crate) site: Site,
    pub(crate) controller: Controller,
    /// The keys of a network and its endpoint.
    pub(crate) network: String,
    pub(crate) endpoint: String,
    pub(crate) network_id: String,
    pub(crate) endpoint_id: String,
    pub(crate) host: Value,
}

impl World {
    pub(crate) async fn new() -> Self {
        let site = Site::new();
        let controller = site.open().await;
        let options = json!({"com.netkeep.manual.note": true, "com.netkeep.manual.number": "vni",
            "com.netkeep.manual.link": "eth1", "com.netkeep.manual.link-shared": true});
        let web = json!({"name": "web", "ipv4": "10.1.0.7", "options": options,
            "bindings": [{"protocol": "tcp", "port": 80, "host_ports": "8000"}]});
        for (name, cidr) in [("red", "10.2.0.0/24"), ("blue", "10.1.0.0/24")] {
            let spec = json!({"name": name, "driver": "manual", "options": options, "ipam": {"pools":
                [{"pool": cidr}, {"pool": "10.3.0.0/16", "sub": cidr.replace("10.", "10.3.").replace(".0.0/", ".0/")}]}});
            controller.create_network(network(spec)).await.unwrap();
        }
        controller.create_endpoint("blue", endpoint(web)).await.unwrap();
        controller
            .create_endpoint("red", endpoint(json!({"name": "web", "options": options})))
            .await
            .unwrap();
        controller.request_pool(pool_request(json!({"pool": "10.4.0.0/24"}))).await.unwrap();
        clean(&controller).await;
        let blue = controller.network("blue").unwrap();
        let web = controller.endpoint("blue", "web").unwrap();
        let status = controller.status();
        Self {
            network: Network::key(&blue.id).unwrap().to_string(),
            endpoint: Endpoint::key(&EndpointKey { network: blue.id, endpoint: web.id }).unwrap().to_string(),
            network_id: blue.id.to_string(),
            endpoint_id: web.id.to_string(),
            host: json!({"host": status.host, "incarnation": status.incarnation}),
            site,
            controller,
        }
    }

    /// An owner that is there, and one that is not.
    pub(crate) fn owners(&self) -> (Value, Value) {
        let network = &self.network_id;
        (
            json!({"is": "network", "network": network}),
            json!({"is": "endpoint", "network": network, "endpoint": GONE}),
        )
    }

    #[track_caller]
    pub(crate) fn finds(&self, expected: &[(Invariant, &str)]) -> impl Future<Output = ()> {
        let caller = std::panic::Location::caller();
        async move {
            let report = self.controller.check().await.unwrap();
            let found: Vec<_> =
                report.violations.iter().map(|found| (found.invariant, found.key.as_str())).collect();
            let mut expected = expected.to_vec();
            expected.sort_unstable();
            assert_eq!(found, expected, "{caller}: {:#?}", report.violations);
            assert!(report.violations.iter().all(|found| !found.found.is_empty() && !found.mend.is_empty()));
        }
    }
}

#[tokio::test]
async fn every_allocation_has_a_living_owner() {
    let world = World::new().await;
    let (_, gone) = world.owners();
    let site = &world.site;
    let claim = json!({"ports": "70", "ip": "0.0.0.0", "owner": gone});
    let wrong = [
        ("addresses/LocalDefault/4-0a010000-24/4-0a010042", "address", json!({"owner": gone})),
        ("numbers/vni/0000000000000042", "number", json!({"owner": gone})),
        ("links/eth7", "link", json!({"shared": false, "owners": [gone]})),
        ("ports/tcp/00", "port-block", json!({"claims": [claim]})),
        ("pools/LocalDefault/4-0a050000-24", "pool", json!({"owner": gone})),
        ("subpools/LocalDefault/4-0a030000-16/4-0a030700-24", "sub-pool", json!({"owner": gone})),
        // A pool that stands for parts that are not there, and an address and a part without a pool.
        ("pools/LocalDefault/4-0a060000-24", "pool", json!({})),
        ("addresses/LocalDefault/4-0a070000-24/4-0a070001", "address", json!({"owner": world.owners().0})),
        ("subpools/LocalDefault/4-0a080000-16/4-0a080000-24", "sub-pool", json!({"owner": world.owners().0})),
    ];
    for (key, kind, record) in &wrong {
        site.put(key, kind, record.clone()).await;
        world.finds(&[(I1, key)]).await;
        site.delete(key).await;
    }
    world.finds(&[]).await;
    let link = "links/eth1";
    site.edit(link, "link", |link| link["owners"].as_array_mut().unwrap().push(gone)).await;
    world.finds(&[(I1, link)]).await;
}

#[tokio::test]
async fn what_an_object_has_is_recorded_as_its_own() {
    let world = World::new().await;
    let (network, endpoint) = (world.network.as_str(), world.endpoint.as_str());
    let pool = "pools/LocalDefault/4-0a010000-24";
    let part = "subpools/LocalDefault/4-0a030000-16/4-0a030100-24";
    let gateway = "addresses/LocalDefault/4-0a010000-24/4-0a010001";
    let address = "addresses/LocalDefault/4-0a010000-24/4-0a010007";
    for (key, kind, found) in [
        (pool, "pool", vec![(I1, network), (I1, gateway), (I1, address)]),
        (part, "sub-pool", vec![(I1, network)]),
        (gateway, "address", vec![(I1, network)]),
        (address, "address", vec![(I1, endpoint)]),
        ("ports/tcp/1f", "port-block", vec![(I1, endpoint)]),
    ] {
        let was = world.site.record(key).await;
        world.site.delete(key).await;
        world.finds(&found).await;
        world.site.put(key, kind, was).await;
    }
    let red = world.controller.network("red").unwrap().id.to_string();
    world.site.edit(gateway, "address", |record| record["owner"]["network"] = red.into()).await;
    world.finds(&[(I1, network)]).await;
    world
        .site
        .edit(gateway, "address", |record| record["owner"]["network"] = world.network_id.clone().into())
        .await;
    let space = world.site.record("spaces/LocalDefault").await;
    world.site.delete("spaces/LocalDefault").await;
    let pools = world.site.below("pools/").await;
    let pools: Vec<_> = pools.iter().map(|key| (I1, key.as_str())).collect();
    world.finds(&pools).await;
    world.site.put("spaces/LocalDefault", "space", space).await;
    world.finds(&[]).await;
}

#[tokio::test]
async fn no_address_is_given_twice() {
    let world = World::new().await;
    let (owner, _) = world.owners();
    let outer = "pools/LocalDefault/4-0a010000-16";
    world.site.put(outer, "pool", json!({"owner": owner})).await;
    let inner = "pools/LocalDefault/4-0a010000-24";
    world.finds(&[(I2, inner)]).await;
    let again = "addresses/LocalDefault/4-0a010000-16/4-0a010007";
    world.site.put(again, "address", json!({"owner": owner})).await;
    world.finds(&[(I2, inner), (I2, "addresses/LocalDefault/4-0a010000-24/4-0a010007")]).await;
}

#[tokio::test]
async fn names_and_ids_belong_together() {
    let world = World::new().await;
    let key = world.network.strip_prefix("networks/").unwrap();
    let of_endpoint = format!("endpoint-names/{key}/web");
    for (name, kind, field, object) in [
        ("network-names/blue", "network-name", "network", world.network.as_str()),
        (of_endpoint.as_str(), "endpoint-name", "endpoint", world.endpoint.as_str()),
    ] {
        let was = world.site.record(name).await;
        world.site.delete(name).await;
        world.finds(&[(I3, object)]).await;
        world.site.put(name, kind, json!({field: GONE})).await;
        world.finds(&[(I3, object), (I3, name)]).await;
        world.site.put(name, kind, was.clone()).await;
        let other = name.replace("blue", "other").replace("web", "other");
        world.site.put(&other, kind, was).await;
        world.finds(&[(I3, &other)]).await;
        world.site.delete(&other).await;
    }
    world.finds(&[]).await;
}

#[tokio::test]
async fn what_hangs_on_something_has_it() {
    let world = World::new().await;
    let mut record = world.site.record(&world.endpoint).await;
    record["interfaces"] = json!([]);
    record["bindings"] = json!([]);
    let orphan = format!("endpoints/{GONE_KEY}/{GONE_KEY}");
    world.site.put(&orphan, "endpoint", record).await;
    let name = format!("endpoint-names/{GONE_KEY}/web");
    world.site.put(&name, "endpoint-name", json!({"endpoint": GONE})).await;
    world.finds(&[(I4, &orphan)]).await;
    world.site.delete(&orphan).await;
    world.site.delete(&name).await;

    let key = world.network.strip_prefix("networks/").unwrap();
    for on in [GONE_KEY.to_owned(), format!("{key}/{GONE_KEY}"), format!("{key}/{GONE_KEY}/{GONE_KEY}")] {
        let orphan = format!("drivers/manual/{on}/config");
        world.site.put(&orphan, "driver-record", json!({"value": 1})).await;
        world.finds(&[(I5, &orphan)]).await;
        world.site.delete(&orphan).await;
    }

    let noted = RealizedKey(Object::Network(world.network_id.parse::<NetworkId>().unwrap()));
    let noted = netkeep_model::Realized::key(&noted).unwrap().to_string();
    let note = world.site.record(&noted).await;
    let orphan = format!("realized/network/{GONE_KEY}");
    world.site.put(&orphan, "realized", note).await;
    world.finds(&[(I9, &orphan)]).await;
    world.site.delete(&orphan).await;
    let intent = format!("intents/{GONE_KEY}");
    let by = json!({"host": GONE, "incarnation": 7});
    let begun = json!({"action": "make", "object": world.network_id, "by": by, "since": 1});
    world.site.put(&intent, "intent", begun).await;
    world.finds(&[(I9, &intent)]).await;
}

#[tokio::test]
async fn nothing_stays_in_between() {
    let world = World::new().await;
    let dead = json!({"host": GONE, "incarnation": 7});
    for (key, kind) in [
        (world.network.as_str(), "network"),
        (world.endpoint.as_str(), "endpoint"),
        ("pools/LocalDefault/4-0a040000-24", "pool"),
        ("subpools/LocalDefault/4-0a030000-16/4-0a030100-24", "sub-pool"),
    ] {
        for is in ["creating", "deleting"] {
            let phase = |by: &Value| json!({"is": is, "by": by, "operation": GONE});
            world.site.edit(key, kind, |record| record["phase"] = phase(&dead)).await;
            world.finds(&[(I6, key)]).await;
            // The run that checks may be in the middle of it.
            world.site.edit(key, kind, |record| record["phase"] = phase(&world.host)).await;
            world.finds(&[]).await;
        }
        world.site.edit(key, kind, |record| record["phase"] = json!({"is": "ready"})).await;
    }
}

#[tokio::test]
async fn attachments_agree_with_sandboxes() {
    let world = World::new().await;
    let sandbox = format!("sandboxes/{GONE_KEY}");
    let inside = json!([{"network": world.network_id, "endpoint": world.endpoint_id}]);
    let fields = json!({"container": "c", "created": 1, "boot": "b", "endpoints": inside});
    world.site.put(&sandbox, "sandbox", fields).await;
    world.finds(&[(I7, &sandbox)]).await;
    let attachment = json!({"sandbox": GONE, "host": world.host, "operation": GONE, "since": 1});
    world.site.edit(&world.endpoint, "endpoint", |record| record["attachment"] = attachment).await;
    world.finds(&[]).await;
    world.site.delete(&sandbox).await;
    world.finds(&[(I7, &world.endpoint)]).await;
    let elsewhere = json!({"host": GONE, "incarnation": 7});
    world.site.edit(&world.endpoint, "endpoint", |record| record["attachment"]["host"] = elsewhere).await;
    world.finds(&[]).await;
}

#[tokio::test]
async fn what_a_way_out_publishes_is_its_own_and_its_endpoint_is_in_the_sandbox() {
    let world = World::new().await;
    let (sandbox, way_out) = (format!("sandboxes/{GONE_KEY}"), format!("ways-out/{GONE_KEY}"));
    let inside = json!([{"network": world.network_id, "endpoint": world.endpoint_id}]);
    let fields = json!({"container": "c", "created": 1, "boot": "b", "endpoints": inside});
    let attachment = json!({"sandbox": GONE, "host": world.host, "operation": GONE, "since": 1});
    world.site.put(&sandbox, "sandbox", fields).await;
    world.site.edit(&world.endpoint, "endpoint", |record| record["attachment"] = attachment).await;
    let claim = json!({"is": "ports", "protocol": "udp", "ip": "0.0.0.0", "from": 53, "to": 53});
    let way = json!({"network": world.network_id, "endpoint": world.endpoint_id, "claims": [claim]});
    world.site.put(&way_out, "way-out", json!({"now": way})).await;
    world.finds(&[(I1, &way_out)]).await;
    let owner =
        json!({"is": "join", "network": world.network_id, "endpoint": world.endpoint_id, "sandbox": GONE});
    let claimed = json!({"claims": [{"ports": "53", "ip": "0.0.0.0", "owner": owner}]});
    world.site.put("ports/udp/00", "port-block", claimed).await;
    world.finds(&[]).await;
    let stray = json!({"network": world.network_id, "endpoint": GONE});
    world.site.edit(&way_out, "way-out", |record| record["before"] = stray.clone()).await;
    world.finds(&[(I7, &way_out)]).await;
    world.site.put(&way_out, "way-out", json!({"now": stray})).await;
    world.finds(&[(I7, &way_out)]).await;
}

#[tokio::test]
async fn every_record_can_be_read() {
    let world = World::new().await;
    for (key, kind) in [("nobody/knows/this", "network"), ("networks/not-an-id", "network")] {
        world.site.put(key, kind, json!({})).await;
        world.finds(&[(I8, key)]).await;
        world.site.delete(key).await;
    }
    let newer = format!("networks/{GONE_KEY}");
    world.site.put(&newer, "network", json!({"from": "the future"})).await;
    world.finds(&[(I8, &newer)]).await;
    world.site.delete(&newer).await;
    // What drivers keep for themselves is theirs to read.
    for own in ["driver-data/manual/x", "ipam-data/default/x"] {
        world.site.put(own, "whatever", json!({})).await;
        world.finds(&[]).await;
    }
}
